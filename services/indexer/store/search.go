package store

import (
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	defaultHits = 20
	maxHits     = 1000
)

// Query selects and orders articles.
type Query struct {
	// Text is what to search for, whatever its case and accents: all words and
	// "phrases in double quotes" must occur, -word must not occur, one of
	// "one OR another" must occur, and elect* matches every word with that
	// prefix. Blank text matches every article.
	Text   string
	Filter Filter
	// ByRank returns only the newest 2,000 matches, with the best first: those that have
	// the words in the title, then those that have them in the section, the authors or
	// the tags. Of equal matches, the newest comes first. For a phrase, only the newest
	// 2,000 articles with its words are examined.
	ByRank bool
	// Limit is the maximum number of hits. 0 means 20; the highest limit is 1,000.
	Limit int
	// After is the Next of the previous page, or empty for the first page.
	After string
	// OnePerStory returns only the first member of each story, in the query's order, of
	// those that match. A page may then have fewer hits than the limit although more
	// pages follow.
	OnePerStory bool
	// FacetValues is the maximum number of values that Facets returns for a field. 0
	// means 20; the highest limit is 1,000.
	FacetValues int
	// WithoutSnippets skips the snippets, which take time.
	WithoutSnippets bool
}

func (q Query) limit() int {
	if q.Limit <= 0 {
		return defaultHits
	}
	return min(q.Limit, maxHits)
}

// Page is one page of the articles that match a query, in the query's order.
type Page struct {
	Hits []Hit
	// Next continues after the last hit. It is empty on the last page. A page may have
	// fewer hits than the limit although more follow, if their records are large. Articles
	// stored in the meantime do not shift pages ordered by time, but may shift
	// pages ordered by rank.
	Next string
}

// Hit is an article that matches a query.
type Hit struct {
	// Article is its newest revision.
	Article *datelinev1.Article
	// ID is the article's id in the store.
	ID string
	// Story is shared by articles that are copies of one another. It is empty
	// for an article without copies.
	Story string
	// Copies is the number of the story's members, at most 1,000, and First is the first
	// publisher's. They are zero unless OnePerStory was asked for and there are copies.
	Copies int
	First  StoryMember
	// Time is the time that orders articles, in whole seconds: that of the publication or,
	// if that is unknown or impossible, of the first fetch.
	Time time.Time
	// FirstSeen and LastSeen are the times of the article's first and last fetch.
	FirstSeen, LastSeen time.Time
	// Revisions is the article's number of revisions.
	Revisions int
	// Snippet is the passage of the text around the first match.
	Snippet Snippet
	// TitleMatches are the parts of the title that match, as Snippet.Matches are
	// of its text.
	TitleMatches [][2]int
}

// hitRow is a hit as a database returns it.
type hitRow struct {
	article articleRow // only hitColumns are set
	record  []byte
}

// hit returns the hit without its snippet.
func (r hitRow) hit() (Hit, error) {
	article, err := decodeArticle(r.article.id, r.record)
	return Hit{
		Article: article, ID: r.article.id, Story: r.article.story, Time: r.article.sortTime.UTC(),
		FirstSeen: r.article.firstSeen.UTC(), LastSeen: r.article.lastSeen.UTC(), Revisions: r.article.revisions,
	}, err
}
