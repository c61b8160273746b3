package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// benchBatch is the number of articles in a batch, like the indexer's.
const benchBatch = 200

// generator generates articles of about 3,500 characters. The frequencies of
// their words follow Zipf's law, like those of real text.
type generator struct {
	zipf *rand.Zipf
	made int    // number of articles so far
	last string // the text of the last one
}

func newGenerator() *generator {
	random := rand.New(rand.NewPCG(1, 2))
	return &generator{zipf: rand.NewZipf(random, 1.1, 8, 60_000)}
}

func (g *generator) words(count int) string {
	var b strings.Builder
	for i := range count {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(pseudoword(g.zipf.Uint64()))
	}
	return b.String()
}

var (
	syllables = strings.Fields("ka lo mi ru te na so be di fu pa we")
	endings   = []string{"", "", "s", "ed", "", "ing", "", "er"}
)

// pseudoword returns a number as a word. The words are about as long as those of
// a language, and as many of them differ from their stems.
func pseudoword(number uint64) string {
	ending := endings[number%uint64(len(endings))]
	word := ""
	for number++; number > 0; number /= uint64(len(syllables)) {
		word += syllables[number%uint64(len(syllables))]
	}
	return word + ending
}

func (g *generator) batch() []*datelinev1.Article {
	articles := make([]*datelinev1.Article, benchBatch)
	for i := range articles {
		g.made++
		a := article(numbered("bench", g.made), g.words(9), "", noon.Add(time.Duration(g.made)*time.Second))
		a.Summary = g.words(25)
		a.ContentHash = fmt.Sprintf("%064x", g.made)
		var text []string
		for range 10 {
			paragraph := g.words(75)
			text = append(text, paragraph)
			a.Body = append(a.Body, &datelinev1.Block{Kind: datelinev1.BlockKind_BLOCK_KIND_PARAGRAPH, Text: paragraph})
		}
		a.Text = strings.Join(text, "\n\n")
		articles[i] = a
	}
	return articles
}

// short returns a batch of articles of 60 words.
func (g *generator) short() []*datelinev1.Article {
	articles := make([]*datelinev1.Article, benchBatch)
	for i := range articles {
		g.made++
		g.last = g.words(60)
		articles[i] = article(numbered("bench", g.made), "Short", g.last, noon)
	}
	return articles
}

// BenchmarkPut compares storing new articles with the bare insertion of rows that
// have the same columns, sizes and indexes. Both store the same batches in turns.
// "ratio" is the time of the bare insertion divided by that of the store: 1 means
// no overhead. "cpu-ratio" is the same for CPU time, which other programs disturb
// less.
func BenchmarkPut(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			var s store.Store
			var bare func(testing.TB, []store.BareRow)
			switch kind {
			case "sqlite":
				s = reopen(b, sqliteFile(b))
				dsn := sqliteFile(b)
				reopen(b, dsn) // creates the tables
				bare = bareSQLite(b, dsn)
			case "postgres":
				s = reopen(b, postgresBackend.newDSN(b))
				dsn := postgresBackend.newDSN(b)
				reopen(b, dsn) // creates the tables
				bare = barePostgres(b, dsn)
			}
			articles := newGenerator()
			var ours, theirs, ourCPU, theirCPU time.Duration
			for b.Loop() {
				b.StopTimer()
				batch := articles.batch()
				b.StartTimer()
				start, cpu := time.Now(), cpuTime(b)
				put(b, s, batch...)
				store.Checkpoint(b, s) // so that it does not run while the bare insertion is timed
				ours, ourCPU = ours+time.Since(start), ourCPU+cpuTime(b)-cpu
				b.StopTimer()
				rows := store.BareRows(b, batch)
				start, cpu = time.Now(), cpuTime(b)
				bare(b, rows)
				theirs, theirCPU = theirs+time.Since(start), theirCPU+cpuTime(b)-cpu
				b.StartTimer()
			}
			b.ReportMetric(float64(b.N*benchBatch)/ours.Seconds(), "articles/s")
			b.ReportMetric(float64(b.N*benchBatch)/theirs.Seconds(), "bare-articles/s")
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio")
			if kind == "sqlite" { // PostgreSQL uses other processes
				b.ReportMetric(theirCPU.Seconds()/ourCPU.Seconds(), "cpu-ratio")
			}
		})
	}
}

// BenchmarkWriters stores the same number of batches through one process and through two at once, in
// PostgreSQL, in turns.
func BenchmarkWriters(b *testing.B) {
	const batches = 2
	dsn := postgresBackend.newDSN(b)
	stores := []store.Store{reopen(b, dsn), reopen(b, dsn)}
	articles := newGenerator()
	var took [2]time.Duration
	for b.Loop() {
		for turn := range took {
			b.StopTimer()
			var all [batches][]*datelinev1.Article
			for i := range all {
				all[i] = articles.batch()
			}
			b.StartTimer()
			start := time.Now()
			var writing sync.WaitGroup
			for w := range turn + 1 {
				writing.Go(func() {
					for i := w; i < batches; i += turn + 1 {
						if _, err := stores[w].Put(b.Context(), all[i]); err != nil {
							b.Error(err)
						}
					}
				})
			}
			writing.Wait()
			took[turn] += time.Since(start)
		}
	}
	b.ReportMetric(float64(batches*b.N*benchBatch)/took[0].Seconds(), "articles/s-of-one")
	b.ReportMetric(float64(batches*b.N*benchBatch)/took[1].Seconds(), "articles/s-of-two")
}

// TestBareInsertion verifies that the baseline of BenchmarkPut fits the tables.
func TestBareInsertion(t *testing.T) {
	rows := store.BareRows(t, newGenerator().batch())
	for _, dsn := range []string{sqliteFile(t), postgresBackend.newDSN(t)} {
		s := reopen(t, dsn)
		insert := barePostgres
		if strings.HasPrefix(dsn, "sqlite:") {
			insert = bareSQLite
		}
		insert(t, dsn)(t, rows)
		if stats, err := s.Stats(t.Context()); err != nil || stats.Articles != int64(len(rows)) {
			t.Errorf("%d articles, %v; want %d", stats.Articles, err, len(rows))
		}
	}
}

// bareSQLite returns a function that inserts rows into a store's tables.
func bareSQLite(tb testing.TB, dsn string) func(testing.TB, []store.BareRow) {
	tb.Helper()
	db, err := sql.Open("sqlite", store.SQLiteDSN(strings.TrimPrefix(dsn, "sqlite:")))
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	tb.Cleanup(func() { _ = db.Close() })
	prepare := func(query string) *sql.Stmt {
		statement, err := db.PrepareContext(tb.Context(), query)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = statement.Close() })
		return statement
	}
	articles := prepare(`INSERT INTO articles VALUES (?, ?, ?, ?, ?, 'en', '', 0, '', '', NULL,
		?, ?, ?, ?, ?, ?, ?, 1, 1, 1, NULL, ?, '', 0, '')`)
	keys := prepare(`INSERT INTO recent_keys (time, row, keys) VALUES (?, ?, ?)`)
	revisions := prepare(`INSERT INTO revisions (article_id, number, content_hash, first_seen, last_seen, record)
		VALUES (?, 1, ?, ?, ?, ?)`)
	aliases := prepare(`INSERT INTO aliases VALUES (?, ?, 1, ?)`)
	words := prepare(`INSERT INTO article_words (rowid, title, about, body, filters) VALUES (?, ?, ?, ?, ?)`)
	return func(tb testing.TB, rows []store.BareRow) {
		tb.Helper()
		tx, err := db.BeginTx(tb.Context(), nil)
		if err != nil {
			tb.Fatal(err)
		}
		run := func(statement *sql.Stmt, arguments ...any) {
			statement = tx.StmtContext(tb.Context(), statement) //nolint:sqlclosecheck // closed with the transaction
			if _, err := statement.ExecContext(tb.Context(), arguments...); err != nil {
				tb.Fatal(err)
			}
		}
		for _, r := range rows {
			at := r.Time.UnixMicro()
			run(articles, r.RowID, r.ID, r.URL, r.Host, r.Title, at, r.Hash, r.WordsHash, at, at, at, at, r.Sketch)
			run(revisions, r.ID, r.Hash, at, at, r.Record)
			run(aliases, r.URL, r.ID, at)
			run(keys, at, r.RowID, r.KeyBytes)
		}
		for _, r := range rows {
			run(words, r.RowID, r.Words[0], r.Words[1], r.Words[2], r.Words[3])
		}
		if err := tx.Commit(); err != nil {
			tb.Fatal(err)
		}
	}
}

// barePostgres returns a function that copies rows into a store's tables.
func barePostgres(tb testing.TB, dsn string) func(testing.TB, []store.BareRow) {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.Background()) })
	stored := int64(0)
	return func(tb testing.TB, rows []store.BareRow) {
		tb.Helper()
		tx, err := conn.Begin(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		copyRows := func(table string, columns []string, row func(store.BareRow) []any) {
			source := pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return row(rows[i]), nil })
			if _, err := tx.CopyFrom(tb.Context(), pgx.Identifier{table}, columns, source); err != nil {
				tb.Fatal(err)
			}
		}
		copyRows("articles", append(store.ArticleColumns(), "words"), func(r store.BareRow) []any {
			return []any{r.ID, r.URL, r.Host, r.Title, "en", "", 0, "", "", nil, r.Time, r.Hash, "", "", 0,
				r.WordsHash, r.Time, r.Time, r.Time, r.Time, 1, 1, true, nil, r.Sketch, r.Vector}
		})
		revisions := []string{"article_id", "number", "content_hash", "first_seen", "last_seen", "record"}
		copyRows("revisions", revisions, func(r store.BareRow) []any {
			return []any{r.ID, 1, r.Hash, r.Time, r.Time, r.Record}
		})
		aliases := []string{"url_key", "url", "article_id", "canonical", "fetch_time"}
		copyRows("aliases", aliases, func(r store.BareRow) []any {
			return []any{r.Key, r.URL, r.ID, true, r.Time}
		})
		copyRows("recent_keys", []string{"number", "time", "row", "keys"}, func(r store.BareRow) []any {
			stored++
			return []any{stored, r.Time.UnixMicro(), stored, r.KeyBytes}
		})
		if err := tx.Commit(tb.Context()); err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkSearch searches for two words of medium frequency, newest first.
func BenchmarkSearch(b *testing.B) {
	const total = 10_000
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			var s store.Store
			if kind == "sqlite" {
				s = reopen(b, sqliteFile(b))
			} else {
				s = reopen(b, postgresBackend.newDSN(b))
			}
			articles := newGenerator()
			for articles.made < total {
				put(b, s, articles.batch()...)
			}
			for b.Loop() {
				page, err := s.Search(b.Context(), store.Query{Text: pseudoword(100) + " " + pseudoword(300)})
				if err != nil || len(page.Hits) == 0 {
					b.Fatalf("%d hits, %v", len(page.Hits), err)
				}
			}
		})
	}
}

// BenchmarkSpans compares storing batches with and without the messages that they came
// from, in turns, in two stores. "ratio" is the time without them divided by the time
// with them: 1 means that they cost nothing.
func BenchmarkSpans(b *testing.B) {
	for kind, newDSN := range map[string]func(testing.TB) string{
		"sqlite": sqliteFile, "postgres": postgresBackend.newDSN,
	} {
		b.Run(kind, func(b *testing.B) {
			stores := [2]store.Store{reopen(b, newDSN(b)), reopen(b, newDSN(b))}
			articles := newGenerator()
			var took [2]time.Duration
			for n := 0; b.Loop(); n++ {
				b.StopTimer()
				batch := articles.batch()
				b.StartTimer()
				for turn := range stores {
					i := (turn + n) % len(stores)
					var from []store.Span
					if i == 1 {
						last := uint64(articles.made)
						from = []store.Span{{Stream: "ARTICLES", Created: noon, First: last - benchBatch + 1, Last: last}}
					}
					start := time.Now()
					if _, err := stores[i].Put(b.Context(), batch, from...); err != nil {
						b.Fatal(err)
					}
					took[i] += time.Since(start)
				}
			}
			b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "ratio")
			b.ReportMetric(float64(b.N*benchBatch)/took[1].Seconds(), "articles/s")
		})
	}
}
