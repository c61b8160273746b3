package article

import (
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
)

const (
	minArticleLetters = 140 // less prose than this is no article
	shellText         = 200 // letters below which a page with scripts is a shell
)

// kind tells what the page is from what it declares and how it looks.
func (r *reader) kind() PageKind {
	if r.story != nil {
		switch {
		case r.story.Is("LiveBlogPosting"):
			return KindLiveBlog
		case r.story.Is("VideoObject") && r.story["articleBody"] == nil:
			return KindVideo
		}
	}
	switch ogType := r.meta["og:type"]; {
	case strings.HasPrefix(ogType, "video"):
		return KindVideo
	case ogType == "gallery":
		return KindGallery
	}
	return KindArticle
}

// declaresArticle says that the page calls itself an article.
func (r *reader) declaresArticle() bool {
	return r.meta["og:type"] == "article" || r.meta["article:published_time"] != "" ||
		r.story != nil && !r.story.Is("WebPage", "ItemPage", "VideoObject")
}

// listLike says that the page is a home or section page: what there is of
// prose is teasers, each alone under a heading that links elsewhere, or the page
// calls itself a list and has no stretch of text.
func (r *reader) listLike(from, to int) bool {
	if r.declaresArticle() {
		return false
	}
	headings, linkedHeadings, teasers, flowing, before := 0, 0, 0, 0, false
	for i := from; i < to; i++ {
		run := &r.runs[i]
		if run.kind != runText {
			continue
		}
		if isHeading(r.elems[run.elem].node.DataAtom) {
			headings++
			if run.linked*10 > run.letters*8 {
				linkedHeadings++
			}
			before = false
			continue
		}
		switch here := run.verdict == kept && prose(run); {
		case here && before:
			flowing++
		case here:
			teasers++
			before = true
		}
	}
	if flowing >= 3 {
		return false
	}
	for _, o := range r.graph.Objects {
		if o.Is("CollectionPage", "SearchResultsPage") && jsonld.String(o["articleBody"]) == "" {
			return true
		}
	}
	return linkedHeadings >= 4 && linkedHeadings*2 >= headings && linkedHeadings*2 > teasers
}

var blockMarks = []string{"just a moment", "attention required", "access denied", "are you a robot", "are you human", "verify you are human", "verifying you are human", "checking your browser", "enable javascript and cookies to continue", "pardon our interruption", "captcha", "request blocked", "403 forbidden", "unusual traffic", "ddos protection", "before you continue", "bitte bestätigen sie, dass sie ein mensch", "zustimmung erforderlich", "nous utilisons des cookies", "consent required"}

// blocked says that the little text of a page is a bot check, a refusal or a
// consent wall.
func (r *reader) blocked(letters int) bool {
	if letters > 1500 {
		return false
	}
	lower := strings.ToLower(r.title + "\n" + string(r.text[:min(len(r.text), 4000)]))
	for _, mark := range blockMarks {
		if strings.Contains(lower, mark) {
			return true
		}
	}
	return false
}
