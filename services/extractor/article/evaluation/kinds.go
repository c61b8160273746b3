package evaluation

// The types of pages that are counted by kind. A page without a type is an article.
const (
	typeArticle    = "article"
	typeCollection = "collection"
	typeListing    = "listing"
)

// countKind counts whether the extraction errs about the kind of a page.
func (res *Result) countKind(p *Page) {
	switch p.Truth.PageType {
	case "", typeArticle:
		res.ArticlesRefused.add(p.Got == nil)
	case typeCollection, typeListing:
		res.ListsAccepted.add(p.Got != nil)
	}
}

// countSnippets counts the snippets of a page, and whether the first one was found.
func (res *Result) countSnippets(p *Page) {
	text := ""
	if p.Got != nil {
		text = p.Got.Text
	}
	if len(p.Truth.With)+len(p.Truth.Without) > 0 {
		res.Snippets.Add(CountSnippets(text, &p.Truth))
	}
	if len(p.Truth.With) > 0 {
		res.First.add(opens(text, &p.Truth))
	}
}
