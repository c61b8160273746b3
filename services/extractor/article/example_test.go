package article_test

import (
	"context"
	"fmt"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func ExampleExtract() {
	page := article.Page{
		URL:         "https://example.com/2025/04/20/bridge",
		ContentType: "text/html; charset=utf-8",
		Body: []byte(`<html><head><title>Old bridge to be repaired | The Example</title></head><body>
			<h1>Old bridge to be repaired</h1><p class="byline">By Ada Miller</p>
			<p>SPRINGFIELD – The council met on Tuesday and agreed, after a long debate, to repair the bridge.</p>
			<p>Work begins before winter, the mayor said, and should take no longer than two years.</p></body></html>`),
	}
	a, err := article.Extract(context.Background(), page, article.Options{})
	if err != nil {
		fmt.Println(article.ReasonOf(err), err)
		return
	}
	fmt.Println(a.Title)
	fmt.Println(a.Authors[0].Name, a.Published.Value, a.Published.Precision, a.Provenance["published"].Source)
	fmt.Println(a.Dateline, len(a.Body))
	// Output:
	// Old bridge to be repaired
	// Ada Miller 2025-04-20 day url
	// SPRINGFIELD 2
}
