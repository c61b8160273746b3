package store

import (
	"slices"
	"strings"

	"github.com/dateline-news/dateline/services/indexer/sketch"
)

// link is where a URL, or the id of an article that was joined with another,
// leads; where the article was erased, to its tombstone.
type link struct {
	articleID string
	canonical bool
}

func (l link) isTombstone() bool { return strings.HasPrefix(l.articleID, tombstone) }

// names are what may lead to an article that is stored already: its id, and
// its URLs.
func (a arrival) names() []string { return append([]string{a.row.id}, a.urls...) }

// isErased says whether the article was erased. The URL that was asked for
// does not count: a short link may lead elsewhere by now.
func (a arrival) isErased(links map[string]link) bool {
	names := []string{a.row.id, a.row.canonicalURL}
	if !a.row.ownPage && len(a.urls) > 1 { // the URL that the page came from
		names = append(names, a.urls[1])
	}
	return slices.ContainsFunc(names, func(name string) bool {
		return links[name].isTombstone()
	})
}

// wantedIDs returns the ids of the articles that a batch may change.
func wantedIDs(arrivals []arrival, links map[string]link) []string {
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

// joinable returns the other articles that have turned out to be this one: a
// URL of theirs leads here now, and the text is the same. The text has to be
// looked at because a site may send what it has removed to anything, and
// declare anything canonical.
func (a arrival) joinable(links map[string]link, known map[string]stored) []stored {
	var found []stored
	for _, url := range a.urls[1:] {
		l := links[url]
		if !l.canonical || l.isTombstone() || l.articleID == a.row.id {
			continue
		}
		other, ok := known[l.articleID]
		if ok && (other.row.contentHash == a.row.contentHash || a.isCopyOf(other.row)) &&
			!slices.ContainsFunc(found, func(s stored) bool { return s.row.id == other.row.id }) {
			found = append(found, other)
		}
	}
	return found
}

func (a arrival) isCopyOf(row articleRow) bool {
	other, err := sketch.Parse(row.sketch)
	return err == nil && a.sketch.Copies(other)
}
