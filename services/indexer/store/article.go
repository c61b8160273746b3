package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/sketch"
	"github.com/dateline-news/dateline/services/indexer/words"
)

const (
	// minIDPrefix is the minimum length of an id's prefix that identifies an
	// article: eight hexadecimal digits are four bytes, so that few articles of a
	// large store share them.
	minIDPrefix = 8
	// maxIDBytes bounds an article's id, which is a B-tree key.
	maxIDBytes = 256
	// Words beyond these limits are stored and shown, but not searchable.
	// Together the limits stay below the 1 MiB that PostgreSQL allows a tsvector.
	maxTitleBytes = 8 << 10
	maxAboutBytes = 16 << 10
	maxBodyBytes  = 256 << 10
	maxStemBytes  = 64 << 10
	// maxAhead is how long after the fetch a publication time may be. A later one
	// is considered wrong and does not order the article.
	maxAhead = 24 * time.Hour
)

// articleRow is a row of the articles table: everything about an article except
// the records of its revisions. Times are in whole microseconds.
type articleRow struct {
	id, canonicalURL, host, title, language, section string

	access        datelinev1.Access
	authors, tags string // one per line
	published     *time.Time
	// sortTime orders articles, in whole seconds. It is the publication time if
	// the page states a credible one, and otherwise the time of the first fetch.
	sortTime               time.Time
	contentHash, wordsHash string
	firstPageHash          string    // of the first page alone, if the text is that of several
	replacedHash           string    // of the newest revision before it was extracted again, or ""
	joinedPages            int       // that the text is joined from, 0 if it is that of one page
	fetched, extracted     time.Time // of the newest revision's record
	firstSeen, lastSeen    time.Time
	revision, revisions    int  // the newest revision's number, and the number of revisions
	ownPage                bool // whether the record is of the canonical URL's own page
	story                  string
	sketch                 []byte

	siteName string // not a column: only set if a record has just arrived
	complete bool   // likewise: whether no page of the article is missing
}

// revisionRow is a row of the revisions table.
type revisionRow struct {
	articleID           string
	number              int
	contentHash         string
	firstSeen, lastSeen time.Time
	record              []byte
}

// aliasRow is a row of the aliases table: a URL that leads to an article, or
// the id of an article that was joined with it.
type aliasRow struct {
	url, articleID string
	canonical      bool
	fetched        time.Time
}

// indexedWords are the words by which an article is found, separated by spaces:
// those of its text, the stems that differ from their words, and the filter
// words.
type indexedWords struct{ title, about, body, stems, filters string }

// bodyAndStems puts the stems into the same field as the body, so that a stem
// has the same weight as a word.
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

// arrival is an article of a batch, ready to be stored.
type arrival struct {
	row    articleRow
	record []byte
	words  indexedWords
	sketch sketch.Sketch
	urls   []string // that lead to the article, the canonical URL first
	replay *datelinev1.Replay
}

// newArrival prepares an article. It returns an error if the article can never
// be stored.
func newArrival(article *datelinev1.Article) (arrival, error) {
	if article == nil {
		return arrival{}, errors.New("the message contains no article; send a dateline.v1.Article")
	}
	replay, article := replayOf(WithOwnIdentity(scrubbed(article)))
	if err := validate(article); err != nil {
		return arrival{}, err
	}
	record, err := encodeArticle(article)
	if err != nil {
		return arrival{}, err
	}
	a := arrival{record: record, words: wordsOf(article), replay: replay, urls: []string{article.GetCanonicalUrl()}}
	for _, url := range append([]string{article.GetFinalUrl(), article.GetRequestedUrl()}, article.GetPageUrls()...) {
		if url != "" && !slices.Contains(a.urls, url) {
			a.urls = append(a.urls, url)
		}
	}
	a.sketch = sketch.Of(strings.FieldsSeq(a.words.body))
	a.row = newArticleRow(article)
	a.row.wordsHash, a.row.sketch = a.words.hash(), nonNil(a.sketch.Bytes())
	return a, nil
}

func validate(a *datelinev1.Article) error {
	switch {
	case a.GetId() == "":
		return fmt.Errorf("the article at %q has no id; its extractor must set one", a.GetCanonicalUrl())
	case len(a.GetId()) > maxIDBytes:
		return fmt.Errorf("the article at %q has an id of %d bytes; the limit is %d",
			a.GetCanonicalUrl(), len(a.GetId()), maxIDBytes)
	case a.GetCanonicalUrl() == "":
		return fmt.Errorf("article %s has no canonical URL; its extractor must set one", a.GetId())
	case a.GetContentHash() == "":
		return fmt.Errorf("article %s (%s) has no content hash, so its changes could not be detected; "+
			"its extractor must set one", a.GetId(), a.GetCanonicalUrl())
	}
	return nil
}

// newArticleRow returns the row of an article that is fetched for the first
// time, without the hash of its words and the sketch of its text.
func newArticleRow(a *datelinev1.Article) articleRow {
	fetched := timeOf(a.GetFetchTime())
	row := articleRow{
		id: a.GetId(), canonicalURL: a.GetCanonicalUrl(), host: a.GetHost(),
		title: a.GetTitle(), language: a.GetLanguage(), section: a.GetSection(), access: a.GetAccess(),
		authors: lines(authorNames(a)), tags: lines(a.GetTags()),
		sortTime:    fetched.Truncate(time.Second),
		contentHash: a.GetContentHash(), firstPageHash: a.GetFirstPageHash(),
		joinedPages: len(a.GetPageUrls()), complete: a.GetComplete(),
		fetched: fetched, extracted: timeOf(a.GetExtractTime()),
		firstSeen: fetched, lastSeen: fetched,
		ownPage: a.GetFinalUrl() == a.GetCanonicalUrl(), siteName: siteNameOf(a),
	}
	if value := a.GetPublished().GetValue(); value.IsValid() {
		published := timeOf(value)
		row.published = &published
		if published.Before(fetched.Add(maxAhead)) {
			row.sortTime = published.Truncate(time.Second)
		}
	}
	return row
}

func wordsOf(a *datelinev1.Article) indexedWords {
	about := []string{a.GetSummary(), a.GetSection(), a.GetSiteName()}
	about = append(about, authorNames(a)...)
	about = append(about, a.GetTags()...)
	stems := words.NewStems(a.GetLanguage(), maxStemBytes)
	w := indexedWords{
		title:   stems.Join(maxTitleBytes, a.GetTitle()),
		about:   stems.Join(maxAboutBytes, about...),
		body:    stems.Join(maxBodyBytes, a.GetText()),
		filters: filterWordsOf(a),
	}
	w.stems = stems.String() // of all the texts joined above
	return w
}

// maxSiteName is the maximum length in bytes of the name of a site.
const maxSiteName = 120

// siteNameOf returns the name of an article's site on one line, cut off if it is too
// long.
func siteNameOf(a *datelinev1.Article) string {
	name := strings.Join(strings.Fields(a.GetSiteName()), " ")
	if len(name) > maxSiteName {
		name = strings.TrimSpace(strings.ToValidUTF8(name[:maxSiteName], ""))
	}
	return name
}

func authorNames(a *datelinev1.Article) []string {
	names := make([]string, len(a.GetAuthors()))
	for i, author := range a.GetAuthors() {
		names[i] = author.GetName()
	}
	return names
}

// lines joins texts, one per line, up to maxAboutBytes. It skips texts that do
// not fit.
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

// timeOf returns a timestamp in whole microseconds, the resolution of both
// databases. An unset or invalid timestamp becomes the start of 1970.
func timeOf(t *timestamppb.Timestamp) time.Time {
	if !t.IsValid() {
		return time.Unix(0, 0).UTC()
	}
	return t.AsTime().Truncate(time.Microsecond)
}

// nonNil returns an empty slice for nil, which the drivers would store as NULL.
func nonNil(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}
