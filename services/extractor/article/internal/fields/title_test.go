package fields

import (
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// readTitle reads the title of a page with a head and a body.
func readTitle(t *testing.T, head, body string) (Title, *page.Page) {
	t.Helper()
	p, err := page.Parse(page.Source{
		HTML: []byte("<html><head>" + head + "</head><body>" + body + "</body></html>"),
		URL:  "https://news.example/a", MaxNodes: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	f := facts.Read(p)
	return ReadTitle(p, f, ReadSite(p, f)), p
}

func TestReadTitle(t *testing.T) {
	t.Parallel()
	const (
		headline = "Council agrees to repair the old bridge"
		shared   = `<meta property="og:title" content="` + headline + `">`
	)
	for name, test := range map[string]struct {
		head, body string
		want       string
		source     record.Source
		tag        string // of the element that shows the title, empty for none
	}{
		"declared and shown": {shared, "<h1>" + headline + "</h1>", headline, record.FromStructure, "h1"},
		"shown in capitals": {
			shared, "<h1>COUNCIL AGREES TO REPAIR THE OLD BRIDGE</h1>", headline, record.FromStructure, "h1",
		},
		"heading with a kicker": {shared, "<h1>Transport: " + headline + "</h1>", headline, record.FromStructure, "h1"},
		"heading goes on":       {shared, "<h1>" + headline + " – Valley</h1>", headline, record.FromStructure, "h1"},
		"declared goes on": {
			`<meta property="og:title" content="` + headline + ` before winter">`, "<h1>" + headline + "</h1>",
			headline, record.FromStructure, "h1",
		},
		"second heading agrees": {
			shared, "<h1>The Valley Post</h1><h2>" + headline + "</h2>", headline, record.FromStructure, "h2",
		},
		"line named as a title": {
			shared, "<div class=headline>" + headline + " before winter</div>", headline + " before winter",
			record.FromStructure, "div",
		},
		"h1 in another wording": {
			`<meta property="og:title" content="Bridge repair vote result">`, "<h1>Our crossing will be mended " +
				"at last, says mayor</h1>",
			"Our crossing will be mended at last, says mayor", record.FromStructure, "h1",
		},
		"only declared": {shared, "<p>Text</p>", headline, record.FromOpenGraph, ""},
		"none":          {"", "<p>Text</p>", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, p := readTitle(t, test.head, test.body)
			tag := ""
			if got.Elem > 0 {
				tag = p.Elems[got.Elem].Node.Data
			}
			if got.Value != test.want || got.Source != test.source || tag != test.tag {
				t.Errorf("the title is %q from %q in %q, want %q from %q in %q",
					got.Value, got.Source, tag, test.want, test.source, test.tag)
			}
		})
	}
}

func TestCandidateKeepsFirstOfTheBest(t *testing.T) {
	t.Parallel()
	var best candidate
	for _, c := range []candidate{
		{scoreLine, "line", 1}, {scorePart, "part", 2}, {scorePart, "other", 3}, {scoreNone, "", 4},
	} {
		best.offer(c)
	}
	if best.text != "part" {
		t.Errorf("the best candidate is %q, want %q", best.text, "part")
	}
}
