package article_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// TestShortArticleAmongTeasersIsAccepted holds the other half of what
// TestListPagesAreRefused does: a page with as many teasers as a list, but with an article.
func TestShortArticleAmongTeasersIsAccepted(t *testing.T) {
	t.Parallel()
	var teasers strings.Builder
	for i := range 6 {
		fmt.Fprintf(&teasers, `<div><a href="/story/%d">Ferry number %d returns to the bay</a><div>After a long `+
			`winter in dock the boat sails again, and the town came to the quay to see it.</div></div>`, i, i)
	}
	long := "<p>" + strings.Repeat("The harbour board voted to close the old pier after divers found cracks in nine "+
		"of its piles, and ferries will land at the fish market. ", 5) + "</p>"
	short := "<p>The harbour board voted to close the old pier for the winter, after divers found cracks in nine of " +
		"its piles on Monday morning.</p>"
	for name, body := range map[string]string{
		"one long paragraph": "<h1>Old pier closes for the winter</h1>" + long,
		"short and dated": "<h1>Old pier closes for the winter</h1><div>3 November 2025</div>" + short +
			"<p>It stays closed until March.</p>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<html lang=en><head><title>Old pier closes for the winter</title></head><body><div><div>" + body +
				"</div>" + teasers.String() + "</div></body></html>"
			a := extract(t, article.Page{URL: "https://127.0.0.1/2025/11/03/pier", Body: []byte(page)})
			if !strings.Contains(a.Text, "cracks in nine") {
				t.Errorf("the article is not in the text: %s", a.Text)
			}
		})
	}
}
