// Package store keeps articles, their revisions and the ledger of outcomes,
// and searches the articles.
//
// Two implementations share one interface: SQLite, in one file, for a single
// machine, and PostgreSQL for several writing machines. Both pass the same
// conformance suite. Text is split into words here and not by the database, so
// that both find the same articles in every script.
package store

import (
	"context"
	"errors"
	"iter"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

var (
	// ErrNotFound means that the store does not have the article.
	ErrNotFound = errors.New("not in the store")
	// ErrNewerVersion means that a newer version of the program has migrated the
	// store's tables. Nothing was read or written: use the newer version.
	ErrNewerVersion = errors.New("the store was made by a newer version of dateline")
	// ErrDamaged means that the database cannot read its own data, such as after a
	// failure of the disk. Nothing was stored. Repeating the call does not help.
	ErrDamaged = errors.New("the store is damaged: stop the pipeline and restore a backup " +
		"(dateline restore, or deploy/restore.sh; see docs/backup.md)")
	// ErrQuery means that a search text or a cursor is invalid. The message says
	// how to correct it.
	ErrQuery = errors.New("unusable query")
)

// Store is everything that a store can do. Functions should take the narrowest of
// its parts that suffices.
//
// The methods are safe for concurrent use, and several processes may have the
// same store open. A method that returns an error has stored nothing, or everything if
// its context ended or its connection failed during the commit. It may be called again.
type Store interface {
	Writer
	Reader
	Eraser
	Ledger
	Retention
	Indexes
	Copies
	Sources
	Progress
	SavedSearches
	Monitor
	// SQL returns the database for tables that another package reads and writes. The
	// migrations of the store create them.
	SQL() Database
	// Close waits for calls in progress and releases the store.
	Close() error
}

// Writer stores what the pipeline produces.
type Writer interface {
	// Put stores a batch in one transaction. results[i] belongs to articles[i].
	//
	// The id identifies an article. A record whose content hash differs from that of
	// the newest revision creates a new revision. A record with the same hash only
	// refreshes the newest revision, so that a redelivery changes nothing.
	//
	// A record never replaces one that was fetched later. Nor does a record of a
	// variant page, such as the print version, replace one of the article's own
	// page. Two articles are joined if a URL of one now leads to the other and
	// their texts are the same. Erased articles are not stored again.
	//
	// A record with the field replay was extracted again from a stored page. It creates no
	// revision, but takes the place of the record from the same fetch. The replaced record
	// is kept for the run, and a record with replay.undo restores it.
	//
	// A record that cannot be stored has the reason in its result; the others are
	// stored. Invalid UTF-8 is stored as U+FFFD, and NUL bytes are removed.
	//
	// from are the messages that the batch came from. They are committed with it.
	Put(ctx context.Context, articles []*datelinev1.Article, from ...Span) (results []PutResult, err error)
	// Record stores outcomes, one for each stage and input id. The first outcome
	// stays and repeats are ignored. Only a dead outcome is replaced by a later
	// one, because the input was sent through the pipeline again. The messages that
	// they came from are committed with them. Outcomes from before OutcomesSince are
	// ignored: they were stored and have expired.
	Record(ctx context.Context, outcomes []*datelinev1.Outcome, from ...Span) error
	// RollUp adds the hours that have ended to the sources' baselines. It deletes
	// hourly counts older than 40 days, and the baselines of sources that have
	// been silent for more than 90 days.
	//
	// One call does a bounded part of the work in one transaction and reports
	// whether there is more to do. Several processes may call it at once.
	// Outcomes that are recorded after their hour was rolled up are missing from
	// the baselines.
	RollUp(ctx context.Context, now time.Time) (more bool, err error)
}

// Indexes maintains the index of words, by which searches find articles.
type Indexes interface {
	// Reindex derives the words of some articles from their records, in one transaction, and
	// compares them with the index: the newest articles whose row is before the given one,
	// which is NewestRow at first. With write, the index gets what was wrong or missing.
	// Searches and writers continue meanwhile.
	Reindex(ctx context.Context, before int64, write bool) (Reindexed, error)
	// EmptyIndex is called before all articles are indexed again, and FinishIndex afterwards.
	// In between, searches in SQLite do not find the articles that are not indexed yet.
	EmptyIndex(ctx context.Context) error
	FinishIndex(ctx context.Context) error
}

// Reader reads and searches articles.
type Reader interface {
	// Article returns the article that has the given id, an id that starts with
	// the given eight or more digits, or the given URL. The URL, in canonical
	// form, is the canonical URL or one that led to the article. The hit has no
	// snippet. If there is no such article, the error is ErrNotFound.
	Article(ctx context.Context, idOrURL string) (Hit, error)
	// Revisions returns all revisions of an article in the order in which they
	// were fetched. It returns none if the id is unknown.
	Revisions(ctx context.Context, id string) ([]Revision, error)
	// Search returns a page of the articles that match a query. If the query is
	// invalid, the error is ErrQuery.
	Search(ctx context.Context, query Query) (Page, error)
	// Facets counts the values of each field in the newest articles that match a
	// query. It ignores the query's limit, cursor and order, and counts all copies. For
	// a phrase, it examines only the newest 2,000 articles with its words.
	Facets(ctx context.Context, query Query) (Facets, error)
	// Story returns the given article and its copies, ordered by time of
	// publication: the first member is the first publisher's. It returns at most
	// 200 members and omits the newest. It returns none if the article has no
	// copies.
	Story(ctx context.Context, id string) ([]StoryMember, error)
}

// Eraser erases articles.
type Eraser interface {
	// Erase removes an article with its revisions and index entries, subtracts it
	// from its source's count of articles, and leaves a tombstone that prevents
	// its URLs from being stored again.
	//
	// The ledger and the tombstone keep the URLs. Erasing the article again, by
	// its full id or a URL, therefore returns its URLs again, with no revisions.
	// If there never was such an article, the error is ErrNotFound.
	Erase(ctx context.Context, idOrURL string) (Erasure, error)
	// ErasedURLs returns which of the given URLs in canonical form are those of erased
	// articles, so that nothing that comes from them is stored again.
	ErasedURLs(ctx context.Context, urls []string) (map[string]bool, error)
	// Overwrite removes what erased articles have left in the store's files. Call it
	// after one or more erasures. If there was none since the last call, it does
	// nothing and returns false.
	//
	// SQLite rewrites its file, and nothing can be stored meanwhile. Afterwards no
	// file of the store contains anything of the articles. PostgreSQL frees the rows,
	// and overwrites them when it needs their space.
	Overwrite(ctx context.Context) (done bool, err error)
}

// Ledger reads the outcomes of the pipeline's inputs.
type Ledger interface {
	// Outcomes returns the ledger's entries about a URL in canonical form,
	// ordered by time. They are the outcomes that name the URL, or another URL of
	// the same article, or a request that one of those outcomes names.
	Outcomes(ctx context.Context, url string) ([]*datelinev1.Outcome, error)
	// RequestOutcomes returns the outcomes of the given requests, ordered by time.
	RequestOutcomes(ctx context.Context, requestIDs []string) ([]*datelinev1.Outcome, error)
	// Tally counts all outcomes, including those that have expired, by stage, verdict and
	// reason, and returns the counts in that order.
	Tally(ctx context.Context) ([]Count, error)
	// Hours counts the outcomes of each hour since a time, ordered by time. An
	// empty host counts those of all hosts.
	Hours(ctx context.Context, host string, since time.Time) ([]Hour, error)
	// Outstanding counts the inputs of a stage that have no outcome although the
	// preceding stage (for extract: fetch or ingest, for index: extract or replay) produced
	// them in [from, to). An outcome belongs to an input if both have the same request and
	// URL. The requests of the discoverer for
	// endpoints are left out, because it repeats those that are lost.
	Outstanding(ctx context.Context, stage datelinev1.Stage, from, to time.Time) (Outstanding, error)
	// Unfinished yields the outcomes of the preceding stage whose inputs Outstanding
	// counts, oldest first. It ends after an error.
	Unfinished(ctx context.Context, stage datelinev1.Stage, from, to time.Time) iter.Seq2[*datelinev1.Outcome, error]
	// OutcomesSince returns the time from which on the ledger has every outcome. It is zero
	// if no outcome has expired.
	OutcomesSince(ctx context.Context) (time.Time, error)
}

// Retention deletes what is no longer kept, in small steps beside the pipeline.
type Retention interface {
	// ExpireOutcomes deletes outcomes from before a time, oldest first. Tally and Hours count
	// them all the same. A dead outcome is kept until its time is also before deadBefore,
	// because its dead letter may be requeued; the zero time keeps all.
	//
	// One call deletes at most 500 outcomes in one transaction, and reports whether there
	// is more to do. Of several processes, only one works at a time. The space is used
	// for new rows.
	ExpireOutcomes(ctx context.Context, before, deadBefore time.Time) (removed int64, more bool, err error)
	// TrimRevisions deletes the texts and images of revisions that were replaced by a later one
	// before a time, and notes the time of now. The newest revision of an article keeps its text.
	// Everything else of a revision stays, such as its headline and its content hash.
	//
	// One call examines at most 100 revisions in one transaction. It returns the number of
	// texts that it deleted, and whether there is more to do. Several processes may call it.
	TrimRevisions(ctx context.Context, before, now time.Time) (removed int64, more bool, err error)
	// ReleaseSpace gives free space of an SQLite file back to the disk. It begins once a fifth of the
	// file is free, and leaves a tenth free for new rows.
	//
	// One call gives back at most 2 MB in one transaction. It returns the number of bytes, and
	// whether there is more to do. It does nothing for a file that is not prepared for it (see CompactSQLite),
	// and for PostgreSQL.
	ReleaseSpace(ctx context.Context) (released int64, more bool, err error)
}

// Sources reads what is known about the hosts that articles or outcomes came from.
type Sources interface {
	// Sources returns the hosts that match a query, ordered by name.
	Sources(ctx context.Context, query SourceQuery) ([]Source, error)
	// SiteNames returns the names that sites gave themselves last, by host, for at most
	// 1,000 hosts. Hosts without a known name are absent.
	SiteNames(ctx context.Context, hosts []string) (map[string]string, error)
	// SourceStates counts the sources by their state at a time.
	SourceStates(ctx context.Context, at time.Time) (SourceStates, error)
}

// Progress remembers which messages of the streams are in the store, so that a store
// that is older than the streams can be recognised.
type Progress interface {
	// Spans returns the spans of all streams that had a name, in no order. They may
	// overlap.
	Spans(ctx context.Context, stream string) ([]Span, error)
	// ReplaceSpans deletes spans that Spans has returned and adds others. Spans that
	// another program has deleted meanwhile are ignored.
	ReplaceSpans(ctx context.Context, old, by []Span) error
}

// Monitor reports the store's size and health.
type Monitor interface {
	// Size returns the bytes on disk and the number of articles. It is cheap.
	Size(ctx context.Context) (Size, error)
	// Usage tells how the space on disk is used. It is cheap, and estimates sizes.
	Usage(ctx context.Context) (Usage, error)
	// Stats counts the store's rows. It reads whole tables.
	Stats(ctx context.Context) (Stats, error)
	// Ping checks that the store answers. If a call has returned ErrDamaged, so does
	// Ping until the store is closed.
	Ping(ctx context.Context) error
}

// Size is the size of a store.
type Size struct {
	// Bytes is the size on disk of the SQLite file and its write-ahead log, or of
	// the PostgreSQL database.
	Bytes, Articles int64
}

// Stats are the numbers of rows in a store.
type Stats struct {
	// Revisions counts all revisions, including the newest of each article.
	Articles, Revisions int64
	// Outcomes counts all outcomes, and Expired those of them that have been deleted.
	Outcomes, Expired int64
}
