package body

import (
	"strings"
	"testing"
)

// TestRulesEndTheText has lines after which nothing of an article follows, and such lines in boxes within the text.
func TestRulesEndTheText(t *testing.T) {
	t.Parallel()
	const (
		line = "<p>The council met on Tuesday and agreed, after a long debate, to repair the old stone bridge.</p>"
		last = "<p>LAST The council will vote again in the spring, when the masons have reached the middle arch.</p>"
	)
	for name, c := range map[string]struct {
		before int
		ending string
		kept   bool
	}{
		"line of the text":     {16, "<p>Continue reading</p>", false},
		"heading of the text":  {16, "<h3>Comments</h3>", false},
		"number of comments":   {16, "<p>12 Comments</p>", false},
		"line of a box":        {16, "<div><p>Continue reading</p></div>", true},
		"heading of a box":     {16, "<div><h3>Comments</h3></div>", true},
		"before most of it":    {2, "<p>Continue reading</p>", true},
		"beginning of a claim": {16, "<p>Continue reading this story in the paper.</p>", true},
	} {
		w, in := weighPage(t, []byte("<html lang=en><head><title>Council agrees to repair the old bridge</title></head>"+
			"<body><h1>Council agrees to repair the old bridge</h1><article>"+strings.Repeat(line, c.before)+c.ending+
			strings.Repeat(last, 4)+"</article></body></html>"))
		text := Read(w, in, Models{})
		kept := 0
		for i := range text.Runs {
			if text.Verdict(i) == Kept && strings.HasPrefix(text.TextOf(&text.Runs[i]), "LAST") {
				kept++
			}
		}
		if want := map[bool]int{true: 4, false: 0}[c.kept]; kept != want {
			t.Errorf("%s: %d of the paragraphs after it are kept, want %d", name, kept, want)
		}
	}
}
