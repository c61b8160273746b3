package store

import (
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/baseline"
)

// Status says what Put made of an article.
type Status int

const (
	// New means that the article was not known: its first revision was stored.
	New Status = iota + 1
	// Changed means that a new revision was stored and is the newest now.
	Changed
	// Unchanged means that the content is known already.
	Unchanged
	// Outdated means that a revision was stored that was fetched before the
	// newest one, which remains the newest.
	Outdated
	// Erased means that the article was erased before and was not stored.
	Erased
)

// String returns the status as one lower-case word.
func (s Status) String() string {
	switch s {
	case New:
		return "new"
	case Changed:
		return "changed"
	case Unchanged:
		return "unchanged"
	case Outdated:
		return "outdated"
	case Erased:
		return "erased"
	}
	return "none"
}

// PutResult says what became of one article of a batch.
type PutResult struct {
	// Status is zero where Err is set.
	Status Status
	// ID is the id under which the article is stored: another than its record's
	// where it was joined with one.
	ID string
	// Revision is the number of the revision that this very record made, now or
	// when it was stored before; 0 where it made none.
	Revision int
	// Copy says that the article has just joined the story of another.
	Copy bool
	// Err says why this record can never be stored; storing it again is of no use.
	Err error
}

// Revision is one version of an article's headline and text.
type Revision struct {
	// Number counts an article's revisions from 1 in the order in which they
	// reached the store.
	Number int
	// FirstSeen and LastSeen are the times of the first and the last fetch
	// that showed this revision.
	FirstSeen, LastSeen time.Time
	// Article is the record of the last fetch that showed this revision.
	Article *datelinev1.Article
}

// Query describes articles.
type Query struct {
	// Text holds words and "phrases in double quotes", all of which have to
	// occur, whatever their case and accents; -word must not occur, of
	// "one OR another" one has to, and elect* stands for every word that begins
	// so. Blank text describes every article.
	Text   string
	Filter Filter
	// ByRank puts the best matches first; otherwise the newest articles come first.
	ByRank bool
	// Limit is the greatest number of hits; zero means 20, and at most 1,000 are given.
	Limit int
	// After is the Next of the page before; empty for the first page.
	After string
	// WithoutSnippets spares the time that they take.
	WithoutSnippets bool
}

// Page is a part of the articles that a query describes, in order.
type Page struct {
	Hits []Hit
	// Next continues after the last hit; empty where nothing follows. What is
	// stored meanwhile changes nothing of the pages by time, but may move what
	// is ranked.
	Next string
}

// Hit is an article that a query describes.
type Hit struct {
	// Article is its newest revision.
	Article *datelinev1.Article
	// ID is the article's id in the store.
	ID string
	// Story is shared by articles that are copies of one another; empty for
	// those without copies.
	Story string
	// FirstSeen and LastSeen are the times of its first and last fetch.
	FirstSeen, LastSeen time.Time
	// Revisions is how many revisions it has.
	Revisions int
	// Snippet is the passage of the text around the first match, on one line.
	Snippet Snippet
	// TitleMatches are the places in the title that match, as in the snippet.
	TitleMatches [][2]int
}

// Facets counts the values of fields among articles.
type Facets struct {
	// Articles is how many articles were counted.
	Articles int
	// Complete says that there are no more of them.
	Complete bool
	// The values of each field, the most frequent first, at most 20.
	Hosts, Languages, Sections, Authors, Tags, Access []FacetValue
}

// FacetValue is a value of a field and how many articles have it.
type FacetValue struct {
	Value string `json:"value" doc:"The value, as a filter takes it."`
	Count int    `json:"count" doc:"How many of the articles counted have it."`
}

// StoryMember is one of several copies of an article.
type StoryMember struct {
	ID, URL, Host, Title string
	// Time is when it was published, or else first fetched.
	Time, FirstSeen time.Time
}

// Erasure says what was erased.
type Erasure struct {
	ID, Host string
	// URLs are all that led to the article.
	URLs []string
	// Pages are where the pages lie that its revisions were made from, as far
	// as the records tell.
	Pages     []*datelinev1.RawPage
	Revisions int
}

// Hour is how many inputs ended alike in an hour.
type Hour struct {
	// Begin is the beginning of the hour.
	Begin time.Time
	Count
}

// SourceQuery chooses sources.
type SourceQuery struct {
	// Since is the time since when outcomes are counted, in whole hours.
	Since time.Time
	// At is now: the time at which a source is silent or not.
	At time.Time
	// Host chooses one source, Silent those that are silent; else all are chosen.
	Host   string
	Silent bool
	// After is the last host of the page before, Limit the most sources to return.
	After string
	Limit int
}

// Source is a host that articles or outcomes came from.
type Source struct {
	Host                string
	Articles, Revisions int64
	// FirstSeen and LastSeen are the times of the first and the last fetch of an
	// article, LastNew that of the last one that was new; zero where none was.
	FirstSeen, LastSeen, LastNew time.Time
	// Outcomes are those of the time that was asked for.
	Outcomes []Count
	// Baseline is what the source usually publishes; nil where nothing is known.
	Baseline *baseline.Baseline
	// Silence is nil unless the source is silent.
	Silence *Silence
}

// Silence is what happened while a source brought nothing new for longer than
// chance explains.
type Silence struct {
	// Since is the end of the last hour with a new article; From is when the
	// silence became too long to be chance.
	Since, From time.Time
	// Outcomes are those since then, and Before those of the four weeks before.
	Outcomes, Before []Count
}

// SourceStates counts sources.
type SourceStates struct {
	// Learning are those of which too little is known to judge their silence.
	Learning, Publishing, Silent int64
}

// Count is the number of outcomes that ended alike.
type Count struct {
	Stage   datelinev1.Stage
	Verdict datelinev1.Verdict
	Reason  string
	Count   int64
}

// Outstanding is how many inputs have no outcome.
type Outstanding struct {
	All, Old int64
	// First is when the first of them was handed over; zero where there is none.
	First time.Time
}

// Size is how much a store takes.
type Size struct {
	// Bytes are those on the disk: of the SQLite file and its log, or of the
	// PostgreSQL database.
	Bytes, Articles int64
}

// Stats counts what a store holds.
type Stats struct {
	// Revisions counts those of all articles, the newest ones among them.
	Articles, Revisions, Outcomes int64
}
