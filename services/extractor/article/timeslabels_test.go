package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestLabelledDates(t *testing.T) {
	t.Parallel()
	body := strings.Repeat(paragraph, 8)
	for name, c := range map[string]struct{ line, want, changed string }{
		"both, modified first":  {"Updated: 6 March 2024 | Published: 4 January 2024", "2024-01-04", "2024-03-06"},
		"both, published first": {"Published 4 January 2024, updated 6 March 2024", "2024-01-04", "2024-03-06"},
		"after a name":          {"Ada Roe · Updated 6 March 2024", "2024-03-06", "2024-03-06"},
		"edited by a person":    {"Edited by Ada Roe on 4 January 2024", "2024-01-04", ""},
		"label within a word":   {"Accredited 4 January 2024", "2024-01-04", ""},
		"German": {
			"Veröffentlicht am 4. Januar 2024, zuletzt aktualisiert am 6. März 2024", "2024-01-04", "2024-03-06",
		},
		"Korean": {
			"입력 2024.01.04 10:30 수정 2024.03.06 11:20", "2024-01-04T10:30:00", "2024-03-06T11:20:00",
		},
		"Chinese": {"发布时间：2024年1月4日 更新时间：2024年3月6日", "2024-01-04", "2024-03-06"},
		"Russian": {"Обновлено: 06.03.2024, опубликовано: 04.01.2024", "2024-01-04", "2024-03-06"},
		"Persian": {"تاریخ انتشار: ۱۴ دی ۱۴۰۲", "2024-01-04", ""},
		"Arabic, with two names of the month": {
			"تم نشره الخميس 4 كانون الثّاني / يناير 2024 09:22 مساءً", "2024-01-04T21:22:00", "",
		},
		"Thai":       {"เผยแพร่ 4 ม.ค. 2567", "2024-01-04", ""},
		"Vietnamese": {"Cập nhật: 06/03/2024", "2024-03-06", "2024-03-06"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := strings.Replace(pageWith("<p>"+c.line+"</p>"+body), "lang=en", "lang=de", 1)
			a := extract(t, article.Page{Body: []byte(page)})
			got, changed := "", ""
			if a.Published != nil {
				got = a.Published.Value
			}
			if a.Modified != nil {
				changed = a.Modified.Value
			}
			if got != c.want || changed != c.changed {
				t.Errorf("published is %q, want %q; modified is %q, want %q", got, c.want, changed, c.changed)
			}
		})
	}
}

func TestLabelledDateFarFromHeadline(t *testing.T) {
	t.Parallel()
	body := strings.Repeat(paragraph, 14)
	declared := `<meta property="article:published_time" content="2024-07-05T14:20:08Z">`
	for name, c := range map[string]struct{ page, want string }{
		"below the text": {
			declared + pageWith(body+"<div>Published <time datetime=2024-03-01>March 1</time></div>"), "2024-03-01",
		},
		"several days": {
			declared + pageWith(body+"<div>Published March 1, 2024</div><div>Published March 8, 2024</div>"),
			"2024-07-05T14:20:08Z",
		},
		"label before the date": {
			pageWith(body + "<h4>Published</h4><div>1 March 2024</div><h4>Reviewed</h4><div>5 May 2025</div>"),
			"2024-03-01",
		},
		"in the title": {
			strings.Replace(pageWith(body+"<span class=date>24.02.2024</span>"), "</title>",
				" | Harbour Post | 01.03.2024</title>", 1),
			"2024-03-01",
		},
	} {
		if got := published(t, c.page); got != c.want {
			t.Errorf("%s: published is %q, want %q", name, got, c.want)
		}
	}
}
