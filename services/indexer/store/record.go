package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/sketch"
	"github.com/dateline-news/dateline/services/indexer/words"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const (
	// minIDPrefix is how much of an id names an article: eight hexadecimal
	// digits are four bytes, so that few articles in a large store share them.
	minIDPrefix = 8
	// maxIDBytes bounds an article's id, which is a key of B-trees.
	maxIDBytes = 256
	// The words beyond these bounds are kept and shown, but not searched.
	// Together they stay below the 1 MiB that PostgreSQL allows a tsvector.
	maxTitleBytes = 8 << 10
	maxAboutBytes = 16 << 10
	maxBodyBytes  = 256 << 10
	maxStemBytes  = 64 << 10
	// maxAhead is how far a publication time may lie after the fetch before it
	// is taken for a mistake and does not order the article.
	maxAhead = 24 * time.Hour
)

// articleRow is a row of the table of articles: what is known of an article
// besides the records of its revisions. Times are in UTC, in whole microseconds.
type articleRow struct {
	id, canonicalURL, host, title, language, section string

	access        datelinev1.Access
	authors, tags string // a line each
	published     *time.Time
	// sortTime orders articles from new to old, in whole seconds: when it was
	// published where the page says so credibly, otherwise when it was first
	// fetched.
	sortTime               time.Time
	contentHash, wordsHash string
	fetched, extracted     time.Time // of the newest revision's record
	firstSeen, lastSeen    time.Time
	revision, revisions    int  // the newest one's number, and how many there are
	ownPage                bool // whether the record is from the canonical URL itself
	story                  string
	sketch                 []byte
}

// revisionRow is one row of the table of revisions.
type revisionRow struct {
	articleID           string
	number              int
	contentHash         string
	firstSeen, lastSeen time.Time
	record              []byte
}

// aliasRow says that a URL leads to an article.
type aliasRow struct {
	url, articleID string
	canonical      bool
	fetched        time.Time
}

// indexedWords are an article's words as they are indexed, the stems of those
// that are not their own, and as words the values that it can be chosen by.
type indexedWords struct{ title, about, body, stems, filters string }

// bodyAndStems stand in one field, so that a stem weighs as the text's words do.
func (w indexedWords) bodyAndStems() string {
	if w.stems == "" {
		return w.body
	}
	return w.body + " " + w.stems
}

func (w indexedWords) hash() string {
	sum := sha256.New()
	for _, field := range []string{w.title, w.about, w.body, w.stems, w.filters} {
		fmt.Fprintf(sum, "%s\n", field)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// arrival is an article that came in, made ready to be stored.
type arrival struct {
	row    articleRow
	record []byte
	words  indexedWords
	sketch sketch.Sketch
	urls   []string // that led to it; the canonical one first
}

// newArrival reads an article, or says why it can never be stored.
func newArrival(article *datelinev1.Article) (arrival, error) {
	if article == nil {
		return arrival{}, errors.New("there is no article in the message; send a dateline.v1.Article")
	}
	a := scrubbed(article)
	if err := check(a); err != nil {
		return arrival{}, err
	}
	record, err := proto.MarshalOptions{Deterministic: true}.Marshal(a)
	if err != nil {
		return arrival{}, fmt.Errorf("encoding article %s: %w", a.GetId(), err)
	}
	indexed := wordsOf(a)
	fetched := timeOf(a.GetFetchTime())
	row := articleRow{
		id: a.GetId(), canonicalURL: a.GetCanonicalUrl(), host: a.GetHost(),
		title: a.GetTitle(), language: a.GetLanguage(), section: a.GetSection(), access: a.GetAccess(),
		authors: lines(authorNames(a)), tags: lines(a.GetTags()),
		sortTime:    fetched.Truncate(time.Second),
		contentHash: a.GetContentHash(), wordsHash: indexed.hash(),
		fetched: fetched, extracted: timeOf(a.GetExtractTime()),
		firstSeen: fetched, lastSeen: fetched,
		ownPage: a.GetFinalUrl() == a.GetCanonicalUrl(),
	}
	if value := a.GetPublished().GetValue(); value.IsValid() {
		published := timeOf(value)
		row.published = &published
		if published.Before(fetched.Add(maxAhead)) {
			row.sortTime = published.Truncate(time.Second)
		}
	}
	urls := []string{a.GetCanonicalUrl()}
	for _, url := range []string{a.GetFinalUrl(), a.GetRequestedUrl()} {
		if url != "" && !slices.Contains(urls, url) {
			urls = append(urls, url)
		}
	}
	likeness := sketch.Of(strings.FieldsSeq(indexed.body))
	row.sketch = likeness.Bytes()
	return arrival{row, record, indexed, likeness, urls}, nil
}

func check(a *datelinev1.Article) error {
	switch {
	case a.GetId() == "":
		return fmt.Errorf("the article at %q has no id; its extractor has to set one", a.GetCanonicalUrl())
	case len(a.GetId()) > maxIDBytes:
		return fmt.Errorf("the article at %q has an id of %d bytes; the limit is %d", a.GetCanonicalUrl(), len(a.GetId()), maxIDBytes)
	case a.GetCanonicalUrl() == "":
		return fmt.Errorf("article %s has no canonical URL; its extractor has to set one", a.GetId())
	case a.GetContentHash() == "":
		return fmt.Errorf("article %s (%s) has no content hash, so changes of it could not be told; its extractor has to set one", a.GetId(), a.GetCanonicalUrl())
	}
	return nil
}

func wordsOf(a *datelinev1.Article) indexedWords {
	about := []string{a.GetSummary(), a.GetSection(), a.GetSiteName()}
	about = append(about, authorNames(a)...)
	about = append(about, a.GetTags()...)
	stems := words.NewStems(a.GetLanguage(), maxStemBytes)
	w := indexedWords{
		title: stems.Join(maxTitleBytes, a.GetTitle()),
		about: stems.Join(maxAboutBytes, about...),
		body:  stems.Join(maxBodyBytes, a.GetText()),

		filters: filtersOf(a),
	}
	w.stems = stems.String()
	return w
}

func authorNames(a *datelinev1.Article) []string {
	names := make([]string, len(a.GetAuthors()))
	for i, author := range a.GetAuthors() {
		names[i] = author.GetName()
	}
	return names
}

// lines puts texts on a line each, as many as have room.
func lines(texts []string) string {
	var b strings.Builder
	for _, text := range texts {
		text = strings.Join(strings.Fields(text), " ")
		if text == "" || b.Len()+len(text) >= maxAboutBytes {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(text)
	}
	return b.String()
}

// timeOf returns a timestamp in whole microseconds, as both stores keep it; an
// unset or impossible one is the start of 1970.
func timeOf(t *timestamppb.Timestamp) time.Time {
	if !t.IsValid() {
		return time.Unix(0, 0).UTC()
	}
	return t.AsTime().Truncate(time.Microsecond)
}

// outcomeRow is one row of the ledger.
type outcomeRow struct {
	outcome *datelinev1.Outcome
	inputID string
	time    time.Time
	record  []byte
}

// newOutcomeRows makes outcomes ready to be stored, one for each input. What
// names no input is kept under its own digest: the ledger refuses nothing.
func newOutcomeRows(outcomes []*datelinev1.Outcome) ([]outcomeRow, error) {
	type input struct {
		stage datelinev1.Stage
		id    string
	}
	rows := make([]outcomeRow, 0, len(outcomes))
	at := make(map[input]int, len(outcomes))
	for _, outcome := range outcomes {
		if outcome == nil {
			continue
		}
		o := scrubbed(outcome)
		record, err := proto.MarshalOptions{Deterministic: true}.Marshal(o)
		if err != nil {
			return nil, fmt.Errorf("encoding the outcome of %s: %w", o.GetInputId(), err)
		}
		inputID := o.GetInputId()
		if inputID == "" {
			digest := sha256.Sum256(record)
			inputID = "sha256:" + hex.EncodeToString(digest[:])
		}
		row, in := outcomeRow{o, inputID, timeOf(o.GetTime()), record}, input{o.GetStage(), inputID}
		i, known := at[in]
		switch {
		case !known:
			at[in] = len(rows)
			rows = append(rows, row)
		case rows[i].yieldsTo(row):
			rows[i] = row
		}
	}
	return rows, nil
}

// yieldsTo says whether another outcome of the same input takes this one's
// place: what was dead was sent through the pipeline again, and ended anew.
func (r outcomeRow) yieldsTo(other outcomeRow) bool {
	return r.outcome.GetVerdict() == datelinev1.Verdict_VERDICT_DEAD && other.time.After(r.time)
}

func decodeArticle(id string, record []byte) (*datelinev1.Article, error) {
	article := new(datelinev1.Article)
	if err := proto.Unmarshal(record, article); err != nil {
		return nil, fmt.Errorf("decoding the stored record of article %s: %w", id, err)
	}
	return article, nil
}

func decodeOutcome(record []byte) (*datelinev1.Outcome, error) {
	outcome := new(datelinev1.Outcome)
	if err := proto.Unmarshal(record, outcome); err != nil {
		return nil, fmt.Errorf("decoding a stored outcome: %w", err)
	}
	return outcome, nil
}
