package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/postgrestest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return goleak.Find() }))
}

// conformance is what every store has to pass, by the name of the test.
var conformance = map[string]func(*testing.T, backend){
	"articles are new, changed or unchanged":       testStatuses,
	"a redelivery invents no revision":             testRedelivery,
	"an older fetch never replaces a newer one":    testOutOfOrder,
	"one batch holds an article several times":     testSameArticleInBatch,
	"every URL leads to its article":               testAliases,
	"long URLs lead to their article":              testLongURLs,
	"a poisonous record fails alone":               testPoison,
	"what the database refuses fails alone":        testRefusal,
	"the ledger keeps the first outcome":           testLedger,
	"the ledger tells all about a URL":             testOutcomesOfURL,
	"the ledger refuses nothing":                   testOddOutcomes,
	"inputs without an outcome are counted":        testOutstanding,
	"the size follows what is stored":              testSize,
	"words and phrases are found":                  testSearch,
	"every script is found":                        testScripts,
	"a word finds its other forms":                 testForms,
	"no search text is an error of the database":   testInjections,
	"newest first, or best first":                  testOrder,
	"the index follows the newest record":          testIndexFollows,
	"NUL bytes and broken UTF-8 are stored":        testBrokenText,
	"five megabytes of text are stored":            testLargeText,
	"writers and readers work side by side":        testConcurrency,
	"writers of the same article make one":         testSameArticleConcurrently,
	"reopening finds everything":                   testReopening,
	"opening at the same moment works":             testConcurrentOpening,
	"a store of a newer version is left untouched": testNewerVersion,
	"a cancelled call stores nothing":              testCancelled,
	"filters choose":                               testFilters,
	"pages follow one another":                     testCursors,
	"facets count":                                 testFacets,
	"copies are one story":                         testStories,
	"stories grow together":                        testStoriesMerge,
	"one line in common makes no story":            testFurniture,
	"copies are looked for among the newest":       testCopiesWindow,
	"articles that turn out to be one are joined":  testJoin,
	"a sloppy canonical URL joins nothing":         testSloppyCanonical,
	"a page to print changes nothing":              testVariants,
	"what is erased does not come back":            testErase,
	"sources are counted":                          testSources,
	"baselines come from the ledger":               testBaselines,
	"a silent source is found with what happened":  testSilence,
	"baselines are bounded":                        testBaselinesAreBounded,
	"an older store gets its baselines":            testBaselinesOfOlderStore,
	"results name their revision":                  testResults,
}

// backend is one kind of store.
type backend struct {
	// fresh returns the name of a store that does not exist yet.
	fresh func(testing.TB) string
	// execute runs SQL on it, behind the store's back.
	execute func(t *testing.T, dsn, sql string)
	// passWindow is SQL after which as many articles seem to have been stored
	// as a new one is compared with.
	passWindow string
	// undo is SQL that takes a store back to version 2.
	undo []string
	// refusePoison is SQL after which the database refuses articles entitled "poison".
	refusePoison []string
}

func TestConformance(t *testing.T) {
	for kind, b := range map[string]backend{"sqlite": sqliteBackend, "postgres": postgresBackend} {
		t.Run(kind, func(t *testing.T) {
			for name, test := range conformance {
				t.Run(name, func(t *testing.T) { test(t, b) })
			}
		})
	}
}

func (b backend) open(t *testing.T) store.Store {
	t.Helper()
	return reopen(t, b.fresh(t))
}

func reopen(t testing.TB, dsn string) store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

func sqliteFile(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "a 100% odd#name?.db")
}

// noon is when the articles of the tests were fetched, if nothing else is said.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// article makes the record of a page that was fetched at a time.
func article(name, title, text string, fetched time.Time) *datelinev1.Article {
	sum := sha256.Sum256([]byte(title + "\n" + text))
	return &datelinev1.Article{
		Id: "id-" + name, CanonicalUrl: "https://example.com/" + name,
		RequestedUrl: "https://example.com/" + name, FinalUrl: "https://example.com/" + name,
		Host: "example.com", SiteName: "Example", Title: title, Text: text, Language: "en",
		ContentHash: hex.EncodeToString(sum[:]),
		FetchTime:   timestamppb.New(fetched), ExtractTime: timestamppb.New(fetched.Add(time.Second)),
		RequestId: "request-" + name,
	}
}

// put stores articles and returns their statuses; none may fail.
func put(t testing.TB, s store.Store, articles ...*datelinev1.Article) []store.Status {
	t.Helper()
	results, err := s.Put(t.Context(), articles)
	if err != nil {
		t.Fatal(err)
	}
	statuses := make([]store.Status, len(results))
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("article %d: %v", i, r.Err)
		}
		statuses[i] = r.Status
	}
	return statuses
}

func wantStatuses(t *testing.T, got []store.Status, want ...store.Status) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("statuses %v, want %v", got, want)
	}
}

func wantArticle(t *testing.T, s store.Store, idOrURL string, want *datelinev1.Article) {
	t.Helper()
	got, err := s.Article(t.Context(), idOrURL)
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(got.Article, want) {
		t.Fatalf("article %s:\n got %v\nwant %v", idOrURL, got.Article, want)
	}
}

func wantStats(t *testing.T, s store.Store, articles, revisions int64) {
	t.Helper()
	got, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Articles != articles || got.Revisions != revisions {
		t.Fatalf("%d articles and %d revisions are stored, want %d and %d", got.Articles, got.Revisions, articles, revisions)
	}
}

// find returns the names of the articles that a text finds, in order.
func find(t *testing.T, s store.Store, text string) []string {
	t.Helper()
	return names(t, s, store.Query{Text: text, Limit: 100})
}

func names(t *testing.T, s store.Store, q store.Query) []string {
	t.Helper()
	page, err := s.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("searching %q: %v", q.Text, err)
	}
	found := []string{}
	for _, h := range page.Hits {
		found = append(found, strings.TrimPrefix(h.Article.GetId(), "id-"))
	}
	return found
}

func wantNames(t *testing.T, query string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%q finds %q, want %q", query, got, want)
	}
}

func testReopening(t *testing.T, b backend) {
	dsn := b.fresh(t)
	first, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	want := article("kept", "Harbour reopens", "Ships return.", noon)
	put(t, first, want)
	if err := first.Record(t.Context(), []*datelinev1.Outcome{outcome(datelinev1.Stage_STAGE_FETCH, "kept", noon)}); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := reopen(t, dsn)
	if err := second.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantArticle(t, second, "id-kept", want)
	wantNames(t, "ships", find(t, second, "ships"), "kept")
	if got := outcomesOf(t, second, "https://example.com/kept"); len(got) != 1 {
		t.Fatalf("%d outcomes after reopening, want 1", len(got))
	}
	wantStatuses(t, put(t, second, want), store.Unchanged)
}

func testConcurrentOpening(t *testing.T, b backend) {
	dsn := b.fresh(t)
	const programs = 6
	opened := make(chan error, programs)
	for range programs {
		go func() {
			s, err := store.Open(t.Context(), dsn)
			if err == nil {
				err = errors.Join(s.Ping(t.Context()), s.Close())
			}
			opened <- err
		}()
	}
	for range programs {
		if err := <-opened; err != nil {
			t.Error(err)
		}
	}
}

func testNewerVersion(t *testing.T, b backend) {
	dsn := b.fresh(t)
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b.execute(t, dsn, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	s, err = store.Open(t.Context(), dsn)
	if !errors.Is(err, store.ErrNewerVersion) {
		t.Fatalf("opening gives %v, %v; want ErrNewerVersion", s, err)
	}
	for _, part := range []string{"9999", "use the newer program"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the message %q does not say %q", err, part)
		}
	}
}

func testCancelled(t *testing.T, b backend) {
	s := b.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if results, err := s.Put(ctx, []*datelinev1.Article{article("a", "A", "a", noon)}); !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled Put gives %v, %v", results, err)
	}
	wantStats(t, s, 0, 0)
}

func TestOpenRefuses(t *testing.T) {
	notADatabase := filepath.Join(t.TempDir(), "letter.txt")
	if err := os.WriteFile(notADatabase, []byte(strings.Repeat("Dear reader. ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for dsn, want := range map[string]string{
		"":                       "no path",
		"sqlite:":                "no path",
		"mysql://root@localhost": "no known kind",
		"/nonexistent/folder/x":  "/nonexistent/folder/x: reading the store's version: unable to open database file (14); its folder must exist",
		"sqlite:" + notADatabase: "name another file",
		"postgres://u:secret@127.0.0.1:1/x?connect_timeout=2": "check that the server runs",
	} {
		s, err := store.Open(t.Context(), dsn)
		if err == nil {
			_ = s.Close()
			t.Errorf("opening %q works", dsn)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("opening %q gives %q, which should say %q and no password", dsn, err, want)
		}
	}
}

func fmtName(prefix string, n int) string { return fmt.Sprintf("%s-%04d", prefix, n) }
