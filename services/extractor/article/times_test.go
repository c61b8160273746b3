package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestDateInAColumn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ column, want string }{
		"one":     {`<aside><p class="date">May 25, 2023</p></aside>`, "2023-05-25"},
		"twice":   {`<aside><p class="date">May 25, 2023</p></aside><footer><span class="date">25 May 2023</span></footer>`, "2023-05-25"},
		"several": {`<aside><p class="date">May 25, 2023</p><p class="date">May 26, 2023</p></aside>`, ""},
		"changed": {`<aside><p class="date">Updated May 25, 2023</p></aside>`, ""},
		"right":   {`<aside><p class="date">© May 25, 2023</p></aside>`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := story("<div>" + strings.Repeat(paragraph, 8) + "</div>" + c.column)
			a, err := article.Extract(t.Context(), article.Page{Body: []byte(page)}, article.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if a.Published != nil {
				got = a.Published.Value
			}
			if got != c.want {
				t.Errorf("published is %q, want %q", got, c.want)
			}
		})
	}
}
