package article

import (
	_ "embed"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

const (
	minArticleLetters = 140 // less prose than this is no article
	namelessLetters   = 600 // less prose than this without a headline is no article
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

// nameless says that the page gives its text no headline of its own, nor calls
// itself an article: a front page under its site's name, or a section.
func (r *reader) nameless() bool {
	return !r.declaresArticle() && !r.out.Damaged && (r.out.Title == "" || r.namesSite(r.out.Title) && r.out.Published == nil)
}

// listLike says that the page is a home or section page: what there is of
// prose is teasers, each alone under a line that links elsewhere, or the page
// calls itself a list and has no stretch of text.
func (r *reader) listLike(from, to int) bool {
	if r.declaresArticle() {
		return false
	}
	seen := r.outline(from, to)
	if seen.flowing >= 3 {
		return false
	}
	for _, o := range r.graph.Objects {
		if o.Is("CollectionPage", "SearchResultsPage") && jsonld.String(o["articleBody"]) == "" {
			return true
		}
	}
	return seen.linkedHeadings >= 4 && seen.linkedHeadings*2 >= seen.headings && seen.linkedHeadings*2 > seen.lone ||
		seen.teasers >= 3 && seen.teasers*3 >= 2*(seen.lone+seen.flowing) ||
		r.nameless() && (seen.teasers >= 1 || r.outline(0, len(r.runs)).teasers >= 3)
}

// outline counts what tells lists from articles.
type outline struct {
	headings, linkedHeadings int
	lone                     int // prose without prose before it
	flowing                  int // prose that goes on from prose
	teasers                  int // lines of text behind a line that is a link
}

func (r *reader) outline(from, to int) outline {
	var s outline
	proseBefore, linkBefore := false, false
	for i := from; i < to; i++ {
		run := &r.runs[i]
		if run.kind != runText {
			continue
		}
		link := run.letters > 8 && run.linked*10 > run.letters*8
		if isHeading(r.elems[run.elem].node.DataAtom) {
			s.headings++
			if link {
				s.linkedHeadings++
			}
			proseBefore, linkBefore = false, link
			continue
		}
		teaser := !link && run.letters >= 25 && (linkBefore || r.opensWithLink(run))
		if teaser {
			s.teasers++
		}
		if run.verdict == kept && prose(run) {
			if proseBefore && !teaser {
				s.flowing++
			} else {
				s.lone++
			}
			proseBefore = true
		}
		linkBefore = link
	}
	return s
}

// opensWithLink says that a run's first line is a link.
func (r *reader) opensWithLink(run *run) bool {
	if run.links == run.linksTo {
		return false
	}
	first := r.links[run.links]
	return first.from == run.from && first.to < run.to && r.text[first.to] == '\n'
}

//go:embed lists/block_marks.txt
var blockMarkList string

var blockMarks = wordlist.Entries(blockMarkList)

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
