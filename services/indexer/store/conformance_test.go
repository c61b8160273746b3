package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return goleak.Find() }))
}

// conformance is the suite that every store must pass.
var conformance = map[string]func(*testing.T, backend){
	"articles are new, changed or unchanged":            testStatuses,
	"a redelivery adds no revision":                     testRedelivery,
	"an older fetch never replaces a newer one":         testOutOfOrder,
	"a batch may contain an article repeatedly":         testSameArticleInBatch,
	"the pages of an article are added to it":           testPages,
	"every URL leads to its article":                    testAliases,
	"long URLs lead to their article":                   testLongURLs,
	"only an invalid record fails":                      testPoison,
	"only a refused record fails":                       testRefusal,
	"the ledger keeps the first outcome":                testLedger,
	"the ledger knows the history of a URL":             testOutcomesOfURL,
	"the ledger accepts any outcome":                    testOddOutcomes,
	"inputs without an outcome are counted":             testOutstanding,
	"expired outcomes are counted and not stored again": testExpiry,
	"a dead outcome stays while its input may return":   testExpiryOfDead,
	"one step deletes few outcomes":                     testExpirySteps,
	"the parts of a store are measured":                 testUsage,
	"texts of old revisions are deleted":                testTrim,
	"the size grows and shrinks":                        testSize,
	"words and phrases are found":                       testSearch,
	"matches are marked":                                testMatches,
	"queries are bounded":                               testQueryBounds,
	"words of every script are found":                   testScripts,
	"a word finds its other forms":                      testForms,
	"no search text breaks the database":                testInjections,
	"no query breaks the database":                      testHostileQueries,
	"no name breaks the database":                       testHostileNames,
	"no time breaks the database":                       testHostileTimes,
	"forged cursors are refused":                        testForgedCursors,
	"hits are ordered by time or by rank":               testOrder,
	"the index follows the newest record":               testIndexFollows,
	"NUL bytes and invalid UTF-8 are repaired":          testBrokenText,
	"five megabytes of text are stored":                 testLargeText,
	"writers and readers run concurrently":              testConcurrency,
	"concurrent writers store an article once":          testSameArticleConcurrently,
	"a reopened store is complete":                      testReopening,
	"programs may open a store concurrently":            testConcurrentOpening,
	"a store of a newer version is not opened":          testNewerVersion,
	"a cancelled call stores nothing":                   testCancelled,
	"filters select articles":                           testFilters,
	"each field is searched alone":                      testEachFieldIsSearchedAlone,
	"each time has its place":                           testEachTimeHasItsPlace,
	"quotes of every kind enclose a phrase":             testQuotes,
	"filters follow the newest record":                  testFiltersFollow,
	"pages are complete and disjoint":                   testCursors,
	"large records make small pages":                    testLargeRecords,
	"a histogram counts articles by time":               testHistogram,
	"facets count values":                               testFacets,
	"only the newest matches are read":                  testNewestAreRead,
	"only the newest candidates are examined":           testNewestAreExamined,
	"no match is missed at any time":                    testAnyTime,
	"records are compressed":                            testRecords,
	"the texts of a page are bounded":                   testPageOfLongTexts,
	"the best match has the words in its title":         testRank,
	"a word deep in a text is not one of its title":     testRankOfLongTexts,
	"copies form a story":                               testStories,
	"a search returns one hit per story":                testOnePerStory,
	"the best match stands for its story":               testOnePerStoryByRank,
	"a story may have many copies":                      testManyCopies,
	"sites have the name of their last record":          testSiteNames,
	"facets count stories":                              testStoriesAreCounted,
	"standing queries match what a search finds":        testStanding,
	"searches can be saved":                             testSavedSearches,
	"stories merge":                                     testStoriesMerge,
	"stories merge in a batch":                          testStoriesMergeInABatch,
	"stories of a batch join older ones":                testJoinsByMerging,
	"a common line does not make a story":               testFurniture,
	"only the newest texts are compared":                testCopiesWindow,
	"memory bounds the window of copies":                testCopiesMemory,
	"a wrong clock does not empty the window":           testCopiesClock,
	"processes find each other's copies":                testCopiesOfProcesses,
	"the keys of old texts are deleted":                 testKeysAreBounded,
	"an older store keeps its window":                   testWindowOfOlderStore,
	"moved articles are joined":                         testJoin,
	"a joined article has everything of both":           testJoinKeepsEverything,
	"sources count joined articles":                     testSourcesOfJoinedArticles,
	"a wrong canonical URL joins nothing":               testSloppyCanonical,
	"identity is what was fetched":                      testForgery,
	"articles of two sites are never joined":            testForeignJoin,
	"a tombstone does not block other sites":            testForeignTombstone,
	"erasing an old forgery blocks nobody else":         testOldForgery,
	"a print version changes nothing":                   testVariants,
	"erasing removes an article":                        testErase,
	"an erased article stays erased":                    testErasedStaysErased,
	"extracting again and undoing it are not revisions": testReplay,
	"an earlier page never replaces a record":           testReplayOfEarlierFetch,
	"articles move to dates extracted again":            testReplayMovesArticle,
	"an erased text stays erased":                       testErasedText,
	"overwriting leaves the rest as it is":              testOverwrite,
	"an older store's erasures are overwritten":         testOverwriteOfOlderStore,
	"sources are counted":                               testSources,
	"outcomes are counted by hour":                      testHours,
	"baselines are computed from the ledger":            testBaselines,
	"a silent source has its outcomes":                  testSilence,
	"baselines are bounded":                             testBaselinesAreBounded,
	"an older store gets baselines":                     testBaselinesOfOlderStore,
	"results have the number of the revision":           testResults,
	"results of a join have the number of the revision": testResultsOfJoin,
	"messages are committed with their batch":           testSpans,
	"an older store has committed everything":           testSpansOfOlderStore,
	"the index of words is corrected":                   testReindex,
	"the indexes follow the articles":                   testIndexesFollow,
	"the index of words is built again":                 testIndexAgain,
	"an interrupted read fails or is complete":          testInterruptedReads,
	"an interrupted write can be repeated":              testInterruptedWrites,
}

func TestConformance(t *testing.T) {
	for kind, b := range map[string]backend{"sqlite": sqliteBackend, "postgres": postgresBackend} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for name, test := range conformance {
				t.Run(name, func(t *testing.T) { test(t, b) })
			}
		})
	}
}

// backend is one kind of store.
type backend struct {
	// absentDSN returns the name of a store that does not exist yet, and newDSN that of an empty one.
	absentDSN, newDSN func(testing.TB) string
	// execute runs SQL directly in a store's database.
	execute func(t *testing.T, dsn, sql string)
	// query reads one value directly from a store's database.
	query func(t *testing.T, dsn, sql string, value any)
	// downgrade is SQL that changes a store's tables back to version 2.
	downgrade []string
	// downgradeTo38 and downgradeTo8 are SQL that changes them back to version 38 and 8, except for
	// their version.
	downgradeTo38, downgradeTo8 []string
	// damageIndex is SQL that damages the index of words: it has nothing about the article
	// id-a0, other words of id-a7, and extraEntries entries that have no article.
	damageIndex  []string
	extraEntries int
	// refusePoison is SQL that makes the database refuse articles with the title
	// "poison", by the kind of refusal.
	refusePoison map[string]string
	// looks is the number of times that the driver looks at the context of a statement, at least.
	looks int
	// failing is the proxy whose statements fail in place of contexts that end, or nil.
	failing *postgrestest.Failing
}

// pendingOverwrites returns the number of erasures that are not overwritten yet.
func (b backend) pendingOverwrites(t *testing.T, dsn string) (n int) {
	t.Helper()
	b.query(t, dsn, `SELECT count(*) FROM pending_overwrites`, &n)
	return n
}

func (b backend) open(t *testing.T) store.Store {
	t.Helper()
	return reopen(t, b.newDSN(t))
}

func reopen(tb testing.TB, dsn string) store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("closing the store: %v", err)
		}
	})
	return s
}

func sqliteFile(tb testing.TB) string {
	tb.Helper()
	return "sqlite:" + filepath.Join(tb.TempDir(), "a 100% odd#name?.db")
}
