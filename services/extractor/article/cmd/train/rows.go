package main

import (
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	layout "github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// maxNodes is the bound on the nodes of a page, as in the default options of the
// extractor.
const maxNodes = 400_000

// readRows returns the text runs of a page as the classifier sees them. A page that
// cannot be read has none.
func readRows(address string, raw []byte) []body.Row {
	text, err := article.Decode(article.Page{URL: address, Body: raw}, article.Options{})
	if err != nil {
		return nil
	}
	p, err := layout.Parse(layout.Source{HTML: text, URL: address, MaxNodes: maxNodes})
	if err != nil {
		return nil
	}
	meta := facts.Read(p)
	title := fields.ReadTitle(p, meta, fields.ReadSite(p, meta))
	p, headline := p.LocateHeadline(title.Value, title.Elem)
	weighed := body.Weigh(p, meta.ArticleBody, headline.Elem)
	return body.Rows(weighed, body.Input{Facts: meta, Title: title.Value, Headline: headline})
}
