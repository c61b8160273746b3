package store

import (
	"slices"
	"strings"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/indexer/sketch"
)

// link is what a URL, or the id of a joined article, leads to: an article, or
// the tombstone of an erased one.
type link struct {
	articleID string
	canonical bool
}

// tombstone is the prefix of an alias's article id after the article was erased.
const tombstone = "erased:"

func (l link) isTombstone() bool { return strings.HasPrefix(l.articleID, tombstone) }

// target returns the id of the article that the link leads to, or "" if the article
// was erased.
func (l link) target() string {
	if l.isTombstone() {
		return ""
	}
	return l.articleID
}

// names returns the arrival's id and URLs, which may lead to a stored article.
func (a arrival) names() []string { return append([]string{a.row.id}, a.urls...) }

// isErased reports whether the arrival's article was erased. It ignores the
// requested URL, because a short link may lead elsewhere by now. It also ignores
// URLs that led to the erased article from another site, whose tombstones are not canonical.
func (a arrival) isErased(links map[string]link) bool {
	names := []string{a.row.id, a.row.canonicalURL}
	if !a.row.ownPage && len(a.urls) > 1 { // the URL that the page came from
		names = append(names, a.urls[1])
	}
	return slices.ContainsFunc(names, func(name string) bool {
		return links[name].isTombstone() && links[name].canonical
	})
}

// affectedIDs returns the ids of the articles that a batch may change.
func affectedIDs(arrivals []arrival, links map[string]link) []string {
	var ids []string
	for _, a := range arrivals {
		ids = append(ids, a.row.id)
		if l, ok := links[a.row.id]; ok {
			ids = append(ids, l.articleID)
		}
		for _, url := range a.urls[1:] {
			if l := links[url]; l.canonical {
				ids = append(ids, l.articleID)
			}
		}
	}
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
}

// joinable returns the other articles that are the same as this one: they are of
// the same site, one of their URLs now leads here, and the text is the same. The
// URL is not enough, because a site may redirect removed articles to any page and
// declare any URL canonical. The text is not enough, because another site can copy
// it, change some words and redirect here, which would add its revisions.
func (a arrival) joinable(links map[string]link, known map[string]stored) []stored {
	var found []stored
	for _, url := range a.urls[1:] {
		l := links[url]
		if !l.canonical || l.isTombstone() || l.articleID == a.row.id {
			continue
		}
		other, ok := known[l.articleID]
		if !ok || slices.ContainsFunc(found, func(s stored) bool { return s.row.id == other.row.id }) {
			continue
		}
		if !weburl.SameSite(other.row.canonicalURL, a.row.canonicalURL) {
			continue
		}
		if other.row.contentHash == a.row.contentHash || a.isCopyOf(other.row) {
			found = append(found, other)
		}
	}
	return found
}

func (a arrival) isCopyOf(row articleRow) bool {
	other, err := sketch.Parse(row.sketch)
	return err == nil && a.sketch.Copies(other)
}
