package body

import (
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

func TestRefusal(t *testing.T) {
	t.Parallel()
	video := &facts.Facts{Meta: map[string]string{"og:type": "video.other"}}
	for name, test := range map[string]struct {
		evidence evidence
		page     page.Page
		facts    *facts.Facts
		reason   record.Reason // empty for an article
		kind     record.PageKind
	}{
		"article":       {evidence: evidence{chars: 700, shown: 900}},
		"short article": {evidence: evidence{chars: minArticle, shown: 900}},
		"list": {
			evidence: evidence{chars: 900, shown: 900, list: true}, reason: record.ReasonNoArticle,
			kind: record.KindList,
		},
		"short and nameless": {
			evidence: evidence{chars: minNameless - 1, shown: 900, nameless: true}, reason: record.ReasonNoArticle,
			kind: record.KindOther,
		},
		"long and nameless":    {evidence: evidence{chars: minNameless, shown: 900, nameless: true}},
		"frameset":             {page: page.Page{Frames: 2}, reason: record.ReasonNeedsRendering},
		"shell":                {page: page.Page{ScriptBytes: minScriptBytes + 1}, reason: record.ReasonNeedsRendering},
		"shell with an island": {page: page.Page{Islands: []string{"{}"}}, reason: record.ReasonNeedsRendering},
		"no text":              {reason: record.ReasonEmpty},
		"declared":             {evidence: evidence{chars: 50, shown: 300, declared: true}},
		"declared without text": {
			evidence: evidence{shown: 300, declared: true}, reason: record.ReasonNoArticle, kind: record.KindOther,
		},
		"video": {evidence: evidence{shown: 300}, facts: video, reason: record.ReasonNoArticle, kind: record.KindVideo},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := Input{Facts: test.facts}
			if in.Facts == nil {
				in.Facts = &facts.Facts{}
			}
			text := &Text{selection: &selection{Weighing: &Weighing{Page: &test.page}, Input: in}}
			got := text.refusal(test.evidence)
			if test.reason == "" {
				if got != nil {
					t.Fatalf("the page is refused: %+v", got)
				}
				return
			}
			if got == nil || got.Reason != test.reason || got.Kind != test.kind || got.Message == "" {
				t.Errorf("the refusal is %+v, want %s %s", got, test.reason, test.kind)
			}
		})
	}
}
