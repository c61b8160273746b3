package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/jackc/pgx/v5"
)

const benchBatch = 200 // articles in a batch, as the indexer takes them

// newsroom makes articles of about 3,500 characters, their words as unevenly
// spread as those of real text (Zipf's law).
type newsroom struct {
	zipf *rand.Zipf
	made int
}

func newNewsroom() *newsroom {
	random := rand.New(rand.NewPCG(1, 2))
	return &newsroom{zipf: rand.NewZipf(random, 1.1, 8, 60_000)}
}

func (n *newsroom) words(count int) string {
	var b strings.Builder
	for i := range count {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(madeUp(n.zipf.Uint64()))
	}
	return b.String()
}

var (
	syllables = strings.Fields("ka lo mi ru te na so be di fu pa we")
	endings   = []string{"", "", "s", "ed", "", "ing", "", "er"}
)

// madeUp is a number as a word of letters, as long and as often with another stem as
// those of a language are.
func madeUp(number uint64) string {
	ending := endings[number%uint64(len(endings))]
	word := ""
	for number++; number > 0; number /= uint64(len(syllables)) {
		word += syllables[number%uint64(len(syllables))]
	}
	return word + ending
}

func (n *newsroom) batch() []*datelinev1.Article {
	articles := make([]*datelinev1.Article, benchBatch)
	for i := range articles {
		n.made++
		a := article(fmtName("bench", n.made), n.words(9), "", noon.Add(time.Duration(n.made)*time.Second))
		a.Summary = n.words(25)
		a.ContentHash = fmt.Sprintf("%064x", n.made)
		var text []string
		for range 10 {
			paragraph := n.words(75)
			text = append(text, paragraph)
			a.Body = append(a.Body, &datelinev1.Block{Kind: datelinev1.BlockKind_BLOCK_KIND_PARAGRAPH, Text: paragraph})
		}
		a.Text = strings.Join(text, "\n\n")
		articles[i] = a
	}
	return articles
}

// BenchmarkPut compares storing new articles with the bare insertion of rows
// that have the same columns, sizes and indexes, in batches of the same size,
// alternately in one run. "ratio" is bare time by store time: 1 is no overhead;
// "cpu-ratio" is that of the time on the processors, which other programs disturb less.
func BenchmarkPut(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			var s, bareStore store.Store
			var bare func(testing.TB, []store.BareRow)
			switch kind {
			case "sqlite":
				s = reopen(b, sqliteFile(b))
				name := sqliteFile(b)
				bareStore = reopen(b, name)
				bare = bareSQLite(b, name)
			case "postgres":
				s = reopen(b, postgresBackend.fresh(b))
				name := postgresBackend.fresh(b)
				bareStore = reopen(b, name)
				bare = barePostgres(b, name)
			}
			_ = bareStore
			room := newNewsroom()
			var ours, theirs, ourCPU, theirCPU time.Duration
			for b.Loop() {
				b.StopTimer()
				batch := room.batch()
				b.StartTimer()
				start, cpu := time.Now(), cpuTime(b)
				put(b, s, batch...)
				store.Checkpoint(b, s) // else it would run in the time of the other
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
			if kind == "sqlite" { // PostgreSQL works in processes of its own
				b.ReportMetric(theirCPU.Seconds()/ourCPU.Seconds(), "cpu-ratio")
			}
		})
	}
}

func bareSQLite(b *testing.B, name string) func(testing.TB, []store.BareRow) {
	db, err := sql.Open("sqlite", store.SQLiteDSN(strings.TrimPrefix(name, "sqlite:")))
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { _ = db.Close() })
	prepare := func(query string) *sql.Stmt {
		statement, err := db.PrepareContext(b.Context(), query)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = statement.Close() })
		return statement
	}
	articles := prepare(`INSERT INTO articles VALUES (?, ?, ?, ?, ?, 'en', '', 0, '', '', NULL, ?, ?, ?, ?, ?, ?, ?, 1, 1, 1, NULL, ?)`)
	keys := prepare(`INSERT INTO recent_keys (row, keys) VALUES (?, ?)`)
	revisions := prepare(`INSERT INTO revisions VALUES (?, 1, ?, ?, ?, ?)`)
	aliases := prepare(`INSERT INTO aliases VALUES (?, ?, 1, ?)`)
	words := prepare(`INSERT INTO article_words (rowid, title, about, body, filters) VALUES (?, ?, ?, ?, ?)`)
	return func(t testing.TB, rows []store.BareRow) {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		run := func(statement *sql.Stmt, arguments ...any) {
			if _, err := tx.StmtContext(t.Context(), statement).ExecContext(t.Context(), arguments...); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range rows {
			at := r.Time.UnixMicro()
			run(articles, r.Place, r.ID, r.URL, r.Host, r.Title, at, r.Hash, r.WordsHash, at, at, at, at, r.Sketch)
			run(revisions, r.ID, r.Hash, at, at, r.Record)
			run(aliases, r.URL, r.ID, at)
			run(keys, r.Place, r.KeyBytes)
		}
		for _, r := range rows {
			run(words, r.Place, r.Words[0], r.Words[1], r.Words[2], r.Words[3])
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

func barePostgres(b *testing.B, name string) func(testing.TB, []store.BareRow) {
	conn, err := pgx.Connect(b.Context(), name)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(context.Background()) })
	return func(t testing.TB, rows []store.BareRow) {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		copyRows := func(table string, columns []string, row func(store.BareRow) []any) {
			source := pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return row(rows[i]), nil })
			if _, err := tx.CopyFrom(t.Context(), pgx.Identifier{table}, columns, source); err != nil {
				t.Fatal(err)
			}
		}
		copyRows("articles", []string{"id", "canonical_url", "host", "title", "language", "section", "access", "authors", "tags",
			"sort_time", "content_hash", "words_hash", "fetch_time", "extract_time", "first_seen", "last_seen", "revision", "revisions",
			"own_page", "sketch", "words"}, func(r store.BareRow) []any {
			return []any{r.ID, r.URL, r.Host, r.Title, "en", "", 0, "", "", r.Time, r.Hash, r.WordsHash, r.Time, r.Time, r.Time, r.Time,
				1, 1, true, r.Sketch, r.Vector}
		})
		copyRows("revisions", []string{"article_id", "number", "content_hash", "first_seen", "last_seen", "record"}, func(r store.BareRow) []any {
			return []any{r.ID, 1, r.Hash, r.Time, r.Time, r.Record}
		})
		copyRows("aliases", []string{"url_key", "url", "article_id", "canonical", "fetch_time"}, func(r store.BareRow) []any {
			return []any{r.Key, r.URL, r.ID, true, r.Time}
		})
		var keys [][]any
		for _, r := range rows {
			for _, key := range r.Keys {
				keys = append(keys, []any{key, int64(len(keys))})
			}
		}
		if _, err := tx.CopyFrom(t.Context(), pgx.Identifier{"sketch_keys"}, []string{"key", "row"}, pgx.CopyFromRows(keys)); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkSearch asks for two words of middling frequency, newest first.
func BenchmarkSearch(b *testing.B) {
	const articles = 10_000
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			var s store.Store
			if kind == "sqlite" {
				s = reopen(b, sqliteFile(b))
			} else {
				s = reopen(b, postgresBackend.fresh(b))
			}
			room := newNewsroom()
			for room.made < articles {
				put(b, s, room.batch()...)
			}
			for b.Loop() {
				page, err := s.Search(b.Context(), store.Query{Text: "w64 w12c"})
				if err != nil || len(page.Hits) == 0 {
					b.Fatalf("%d hits, %v", len(page.Hits), err)
				}
			}
		})
	}
}
