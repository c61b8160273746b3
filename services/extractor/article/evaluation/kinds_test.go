package evaluation

import (
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestErrorsAboutTheKindOfPages(t *testing.T) {
	t.Parallel()
	got := &article.Article{Text: "Ferries land at the fish market."}
	res := &Result{}
	for _, p := range []Page{
		{Truth: Truth{PageType: "article", With: []string{"fish market", "spring"}}, Got: got},
		{Truth: Truth{With: []string{"spring", "fish market"}}, Got: got},
		{Truth: Truth{PageType: "article", With: []string{"fish market"}}},
		{Truth: Truth{PageType: "listing"}},
		{Truth: Truth{PageType: "listing"}},
		{Truth: Truth{PageType: "collection"}, Got: got},
		{Truth: Truth{PageType: "forum"}, Got: got},
	} {
		res.count(&p)
	}
	if want := (Share{1, 3}); res.ArticlesRefused != want || res.First != want || res.ListsAccepted != want {
		t.Errorf("articles refused %v, first snippets %v, lists accepted %v, want %v each",
			res.ArticlesRefused, res.First, res.ListsAccepted, want)
	}
	if want := (Snippets{Found: 2, Missing: 3}); res.Snippets != want {
		t.Errorf("snippets: %+v, want %+v", res.Snippets, want)
	}
}
