package main

import (
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	layout "github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// maxNodes is the bound on the nodes of a page, as in the default options of the
// extractor.
const maxNodes = 400_000

// source is a page up to the stage that chooses the text.
type source struct {
	weighed *body.Weighing
	input   body.Input
	context body.Context
}

// readSource reads a page in UTF-8. A page that cannot be read is nil.
func readSource(address string, text []byte) *source {
	if text == nil {
		return nil
	}
	p, err := layout.Parse(layout.Source{HTML: text, URL: address, MaxNodes: maxNodes})
	if err != nil {
		return nil
	}
	meta := facts.Read(p)
	site := fields.ReadSite(p, meta)
	title := fields.ReadTitle(p, meta, site)
	p, headline := p.LocateHeadline(title.Value, title.Elem)
	weighed := body.Weigh(p, meta.ArticleBody, headline.Elem)
	view := fields.NewView(p, meta, site, title.Value, headline, weighed.Hints())
	details := fields.ReadDetails(view, "")
	return &source{
		weighed: weighed,
		input:   body.Input{Facts: meta, Title: title.Value, Headline: headline},
		context: body.Context{Site: site, Dated: details.Published.Found()},
	}
}

// declared returns the article's text in the structured data of a page.
func (s *source) declared() string {
	if text := s.input.Facts.ArticleBody; len(evaluation.Tokens(text)) >= minDeclared {
		return text
	}
	return ""
}

// text returns the text that the extraction gives with models, the features by which its
// F1 is predicted, and the reason if it refuses the page.
func (s *source) text(models body.Models) (text string, row []float32, refusal string) {
	if s == nil {
		return "", nil, "unreadable"
	}
	read := body.Read(s.weighed, s.input, models)
	blocks, refused := read.Judge(s.context)
	if refused != nil {
		return "", nil, string(refused.Reason) + " " + string(refused.Kind)
	}
	return body.Plain(blocks.Value), read.ConfidenceRow(), ""
}

// decode returns a page in UTF-8, or nil if it cannot be read.
func decode(address string, raw []byte) []byte {
	text, err := article.Decode(article.Page{URL: address, Body: raw}, article.Options{})
	if err != nil {
		return nil
	}
	return text
}
