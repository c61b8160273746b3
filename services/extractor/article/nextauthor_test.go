package article_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

const harbourTitle = "Harbour board buys a second crane"

// harbourStory is an article of 19 June 2025 in an element.
func harbourStory(tag, class, heading, headline, byline, word string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<%s class=%q><%s>%s</%s>%s", tag, class, heading, headline, heading, byline)
	for i := range 4 {
		fmt.Fprintf(&b, "<p>%s number %d came up for a vote on Thursday evening, and the members of the board agreed "+
			"to pay for it from the reserve of last year.</p>", word, i)
	}
	return b.String() + "</" + tag + ">"
}

func signed(name string) string {
	return "<p class=byline>By " + name + "</p><time datetime=2025-06-19T08:00:00Z>19 June 2025</time>"
}

func linked(name string) string {
	return "<div>By <a rel=author href=/team/1>" + name + "</a></div><div>19 June 2025</div>"
}

func property(name string) string {
	return "<div>By <span itemprop=author>" + name + "</span>, 19 June 2025</div>"
}

func TestAuthorOfNextArticleIsNotAdded(t *testing.T) {
	t.Parallel()
	const next = "School choir wins in the capital"
	for name, c := range map[string]struct {
		byline              func(string) string
		tag, class, heading string // of the next article
		first               string // tag of the article
	}{
		"a byline":            {signed, "article", "story", "h1", "article"},
		"a link":              {linked, "article", "story", "h1", "article"},
		"a property":          {property, "article", "story", "h1", "article"},
		"divisions":           {signed, "div", "story", "h1", "div"},
		"a class more":        {signed, "article", "story loaded", "h1", "article"},
		"a smaller heading":   {signed, "article", "story", "h2", "article"},
		"links and divisions": {linked, "section", "story is-next", "h1", "section"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<html lang=en><head><title>" + harbourTitle + "</title></head><body><main>" +
				harbourStory(c.first, "story", "h1", harbourTitle, c.byline("Ada Roe"), "Crane") +
				harbourStory(c.tag, c.class, c.heading, next, c.byline("Bo Lind"), "Choir") + "</main></body></html>"
			a := extract(t, article.Page{URL: "https://harbour.example/2025/crane", Body: []byte(page)})
			if len(a.Authors) != 1 || a.Authors[0].Name != "Ada Roe" {
				t.Errorf("authors = %v, want Ada Roe", a.Authors)
			}
			if !strings.Contains(a.Text, "Crane number 3") || strings.Contains(a.Text, "Choir") {
				t.Errorf("text = %s", a.Text)
			}
			if a.Published == nil || !strings.HasPrefix(a.Published.Value, "2025-06-19") {
				t.Errorf("published = %v", a.Published)
			}
		})
	}
}

func TestOnlyNextArticleIsSigned(t *testing.T) {
	t.Parallel()
	page := "<html lang=en><head><title>" + harbourTitle + "</title></head><body><main>" +
		harbourStory("article", "story", "h1", harbourTitle, "", "Crane") +
		harbourStory("article", "story", "h1", "School choir wins in the capital", signed("Bo Lind"), "Choir") +
		"</main></body></html>"
	a := extract(t, article.Page{URL: "https://harbour.example/2025/crane", Body: []byte(page)})
	if len(a.Authors) != 0 || a.Published != nil {
		t.Errorf("authors = %v, published = %v, want neither", a.Authors, a.Published)
	}
}

func TestAuthorUnderTheArticleIsFound(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{
		"a line":         "<p class=byline>By Ada Roe</p>",
		"its own parts":  "<h2>What it costs</h2><p>19 June 2025</p><p>The crane costs two million.</p>" + signed("Ada Roe"),
		"another layout": "<div class=author-box><h3>About the author</h3><p class=author>Ada Roe</p></div>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story := harbourStory("article", "story", "h1", harbourTitle, "", "Crane")
			page := "<html lang=en><head><title>" + harbourTitle + "</title></head><body><main>" +
				strings.TrimSuffix(story, "</article>") + end + "</article></main></body></html>"
			a := extract(t, article.Page{URL: "https://harbour.example/2025/crane", Body: []byte(page)})
			if len(a.Authors) != 1 || a.Authors[0].Name != "Ada Roe" {
				t.Errorf("authors = %v, want Ada Roe", a.Authors)
			}
		})
	}
}
