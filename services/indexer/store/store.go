// Package store keeps articles, their revisions and the ledger of outcomes,
// and finds articles by their words.
//
// There are two stores behind one interface: SQLite in one file for a single
// machine, and PostgreSQL where several machines write. They pass the same
// conformance suite. What a word is, is decided here and not by the database,
// so that both find the same articles in every script.
package store

import (
	"context"
	"errors"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

var (
	// ErrNotFound says that the store holds no such article.
	ErrNotFound = errors.New("not in the store")
	// ErrNewerVersion says that a newer program has changed the store's
	// tables. Nothing was read or written; the newer program has to be used.
	ErrNewerVersion = errors.New("the store was made by a newer version of dateline")
	// ErrQuery says that a search text cannot be answered; the message says
	// what to change in it.
	ErrQuery = errors.New("unusable query")
)

// Store holds articles and the ledger. Its methods may be called from several
// goroutines at once, and several processes may have the same store open.
// An error means that nothing of the call was stored, and that the call may
// be repeated.
type Store interface {
	// Put stores a batch in one transaction; the results align with articles.
	//
	// An article is known by its id. A change of its content hash makes a new
	// revision; the same hash again refreshes the newest revision's record and
	// makes none, so that a redelivery changes nothing. A record fetched
	// before the one that is stored never replaces it. A record that cannot be
	// stored has its reason in its result and does not keep the others out.
	// Broken UTF-8 is stored as U+FFFD and NUL bytes are left out.
	Put(ctx context.Context, articles []*datelinev1.Article) ([]PutResult, error)
	// Record stores outcomes, one for each stage and input id: the first stays
	// and a repeat is ignored, but for a dead one, whose place a later outcome
	// takes: the input was sent through the pipeline again.
	Record(ctx context.Context, outcomes []*datelinev1.Outcome) error

	// Article returns the newest revision of an article, given its id or the
	// first eight digits of it or more, its canonical URL or a URL that led to it, in canonical form. The error is
	// ErrNotFound where there is none.
	Article(ctx context.Context, idOrURL string) (*datelinev1.Article, error)
	// Revisions returns every revision of the article with the given id in the
	// order in which they were fetched; none where there is no such article.
	Revisions(ctx context.Context, id string) ([]Revision, error)
	// Search returns the articles that a query describes. Every search text
	// is answered: all its signs but double quotes are text, and a quote that
	// is not closed reaches to the end. The error is ErrQuery where it has too
	// many words.
	Search(ctx context.Context, query Query) ([]Hit, error)

	// Outcomes returns what the ledger has about a URL in canonical form,
	// ordered by time: what names the URL or another URL of the same article,
	// and what names a request of those.
	Outcomes(ctx context.Context, url string) ([]*datelinev1.Outcome, error)
	// RequestOutcomes returns the outcomes of the given requests, ordered by time.
	RequestOutcomes(ctx context.Context, requestIDs []string) ([]*datelinev1.Outcome, error)
	// Tally counts the ledger's outcomes by stage, verdict and reason, in that order.
	Tally(ctx context.Context) ([]Count, error)

	// Stats counts what is stored.
	Stats(ctx context.Context) (Stats, error)
	// Ping asks whether the store answers.
	Ping(ctx context.Context) error
	// Close waits for calls in progress and releases the store.
	Close() error
}

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
	}
	return "none"
}

// PutResult says what became of one article of a batch.
type PutResult struct {
	// Status is zero where Err is set.
	Status Status
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
	// occur, whatever their case and accents. Blank text describes every article.
	Text string
	// ByRank puts the best matches first; otherwise the newest articles come first.
	ByRank bool
	// Limit is the greatest number of hits; zero means 20, and at most 1,000 are given.
	Limit int
}

// Hit is an article that a query describes.
type Hit struct {
	// Article is its newest revision.
	Article *datelinev1.Article
	// Snippet is the passage of the text around the first match, on one line.
	Snippet Snippet
}

// Count is the number of outcomes that ended alike.
type Count struct {
	Stage   datelinev1.Stage
	Verdict datelinev1.Verdict
	Reason  string
	Count   int64
}

// Stats counts what a store holds.
type Stats struct {
	// Revisions counts those of all articles, the newest ones among them.
	Articles, Revisions, Outcomes int64
}
