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
	// ErasedCopy means that the article has the text of an erased one of its site
	// and was not stored.
	ErasedCopy
	// ExtractedAgain means that the record of the newest revision was replaced by one that
	// was extracted again from the same page.
	ExtractedAgain
	// Restored means that the record from before that was restored.
	Restored
	// Superseded means that the record was extracted again, or should be restored, but the
	// newest revision has changed since.
	Superseded
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
	case ErasedCopy:
		return string(outcome.ErasedCopy)
	case ExtractedAgain:
		return string(outcome.ExtractedAgain)
	case Restored:
		return string(outcome.Restored)
	case Superseded:
		return string(outcome.Superseded)
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
	// WasOutdated reports whether that revision was older than the newest one when it was
	// stored.
	WasOutdated bool
	// Completes reports whether that revision adds the text of the other pages to the
	// revision before it, in which the publisher's text is otherwise the same.
	Completes bool
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
	// TextRemoved is when the text was deleted because of its age, or zero. The record then
	// has no text and no images.
	TextRemoved time.Time
	// Article is the record of the last fetch that returned this revision.
	Article *datelinev1.Article
}

// StoryMember is one article of a story, which is a group of copies of one text.
type StoryMember struct {
	ID, URL, Host, Title, Language string
	// Time is when the article was published or, if that is unknown, first fetched.
	Time, FirstSeen time.Time
	// Revisions is the article's number of revisions. Changed is the time of the first
	// fetch of the newest one.
	Revisions int
	Changed   time.Time
}

// PageReference locates the page from which a revision was extracted.
type PageReference struct {
	*datelinev1.RawPage
	// URL is that of the page, after redirects. After its stream was declared again,
	// the sequence number names the page of another URL.
	URL string
}

// Erasure describes an erased article.
type Erasure struct {
	ID, Host string
	// URLs are all URLs that led to the article.
	URLs []string
	// Pages locate the pages from which the article's revisions were extracted,
	// as far as the records name them.
	Pages     []PageReference
	Revisions int
	// FirstExtracted is when the first of the revisions was extracted. It is zero if
	// the article was erased before.
	FirstExtracted time.Time

	// fetchedURL is a URL that a revision was fetched from, one on the site of the
	// canonical URL if there is any.
	fetchedURL string
	texts      []erasedText // of the revisions, without their host
}
