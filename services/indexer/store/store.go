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
	"github.com/dateline-news/dateline/services/indexer/baseline"
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
	// before the one that is stored never replaces it, nor does one of another
	// page of the article (to print, say) where the article's own is stored.
	// Articles that turn out to be one, because a URL of the one leads to the
	// other now and their texts are the same, are joined. An article that was
	// erased is not stored. A record that cannot be stored has its reason in
	// its result and does not keep the others out.
	// Broken UTF-8 is stored as U+FFFD and NUL bytes are left out.
	Put(ctx context.Context, articles []*datelinev1.Article) ([]PutResult, error)
	// Record stores outcomes, one for each stage and input id: the first stays
	// and a repeat is ignored, but for a dead one, whose place a later outcome
	// takes: the input was sent through the pipeline again.
	Record(ctx context.Context, outcomes []*datelinev1.Outcome) error

	// Article returns an article, given its id or the first eight digits of it
	// or more, its canonical URL or a URL that led to it, in canonical form. The
	// hit has no snippet. The error is ErrNotFound where there is none.
	Article(ctx context.Context, idOrURL string) (Hit, error)
	// Revisions returns every revision of the article with the given id in the
	// order in which they were fetched; none where there is no such article.
	Revisions(ctx context.Context, id string) ([]Revision, error)
	// Search returns a page of the articles that a query describes. The error
	// is ErrQuery where the query has to be written in another way.
	Search(ctx context.Context, query Query) (Page, error)
	// Facets counts the values of the fields among the newest articles that a
	// query describes; its limit and cursor do not matter.
	Facets(ctx context.Context, query Query) (Facets, error)
	// Story returns the articles that are copies of the one with the given id,
	// and that one, by the time of publication, the newest ones beyond 200 left
	// out; the first is the first publisher's. It returns none where the
	// article has no copies.
	Story(ctx context.Context, id string) ([]StoryMember, error)
	// Erase removes an article with its revisions, its words and its traces in
	// sources' counts of articles, and sees to it that none of its URLs is
	// stored again. The ledger and the tombstone keep the URLs, so that erasing
	// it again, by its whole id or a URL, tells them once more, with no
	// revisions. The error is ErrNotFound where there never was such an article.
	Erase(ctx context.Context, idOrURL string) (Erasure, error)

	// Sources returns the hosts that articles or outcomes came from, by name.
	Sources(ctx context.Context, query SourceQuery) ([]Source, error)
	// SourceStates counts the sources that have a baseline by what is thought of
	// them at a time.
	SourceStates(ctx context.Context, at time.Time) (SourceStates, error)
	// RollUp takes the hours that have ended into the sources' baselines, and
	// lets go of counts that are older than 40 days and of baselines of sources
	// that have been silent for longer than 90. It does a bounded part of it in
	// one transaction, and says whether there is more to do. Several processes
	// may do so at once. What the ledger gets to know of an hour after that is
	// missing in the baselines.
	RollUp(ctx context.Context, now time.Time) (more bool, err error)

	// Hours counts how inputs ended in each hour since a time, of one host or,
	// where host is empty, of all, by time.
	Hours(ctx context.Context, host string, since time.Time) ([]Hour, error)

	// Outcomes returns what the ledger has about a URL in canonical form,
	// ordered by time: what names the URL or another URL of the same article,
	// and what names a request of those.
	Outcomes(ctx context.Context, url string) ([]*datelinev1.Outcome, error)
	// RequestOutcomes returns the outcomes of the given requests, ordered by time.
	RequestOutcomes(ctx context.Context, requestIDs []string) ([]*datelinev1.Outcome, error)
	// Tally counts the ledger's outcomes by stage, verdict and reason, in that order.
	Tally(ctx context.Context) ([]Count, error)

	// Outstanding counts the inputs of a stage that have no outcome, though the stage
	// before ended with them as produced at from or later and before to; an
	// outcome is known by its request and URL. Of those that were handed over
	// before old it also counts how many they are.
	Outstanding(ctx context.Context, stage datelinev1.Stage, from, old, to time.Time) (Outstanding, error)

	// Size is how much the store takes. It costs little.
	Size(ctx context.Context) (Size, error)
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
