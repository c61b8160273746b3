package store

import (
	"time"

	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Status is what Put did with an article.
type Status int

const (
	// New means that the article was unknown: its first revision was stored.
	New Status = iota + 1
	// Changed means that a new revision was stored and is now the newest.
	Changed
	// Unchanged means that the content was already known.
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
		return string(outcome.New)
	case Changed:
		return string(outcome.Changed)
	case Unchanged:
		return string(outcome.Unchanged)
	case Outdated:
		return string(outcome.Outdated)
	case Erased:
		return string(outcome.Erased)
	}
	return "none"
}

// PutResult is the result of storing one article of a batch.
type PutResult struct {
	// Status is zero if Err is set.
	Status Status
	// ID is the id under which the article is stored. It differs from the
	// record's id if the article was joined with another.
	ID string
	// Revision is the number of the revision that this record created, now or in
	// an earlier delivery. It is 0 if the record created none.
	Revision int
	// Copy reports whether the article has just joined the story of another one.
	Copy bool
	// Err is why this record can never be stored. Do not store it again.
	Err error
}

// Revision is one version of an article's headline and text.
type Revision struct {
	// Number counts an article's revisions from 1, in the order in which they
	// were stored.
	Number int
	// FirstSeen and LastSeen are the times of the first and the last fetch that
	// returned this revision.
	FirstSeen, LastSeen time.Time
	// Article is the record of the last fetch that returned this revision.
	Article *datelinev1.Article
}

// StoryMember is one article of a story, which is a group of copies of one text.
type StoryMember struct {
	ID, URL, Host, Title string
	// Time is when the article was published or, if that is unknown, first fetched.
	Time, FirstSeen time.Time
}

// Erasure describes an erased article.
type Erasure struct {
	ID, Host string
	// URLs are all URLs that led to the article.
	URLs []string
	// Pages locate the pages from which the article's revisions were extracted,
	// as far as the records name them.
	Pages     []*datelinev1.RawPage
	Revisions int

	// fetchedURL is a URL that a revision was fetched from, one on the site of the
	// canonical URL if there is any.
	fetchedURL string
}
