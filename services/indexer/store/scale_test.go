package store_test

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// BenchmarkScale fills a store with DATELINE_SCALE articles (20,000 unless
// given) and reports what storing one costs from step to step, how long queries
// take at the end (two words, with and without a filter of time), and what
// storing costs then beside a small store. The articles' words follow one
// another as in the corpus in DATELINE_CORPUS.
// DATELINE_STORE names the store, if it is not to be a new SQLite file; what
// it holds already stays.
func BenchmarkScale(b *testing.B) {
	total, err := strconv.Atoi(cmp.Or(os.Getenv("DATELINE_SCALE"), "20000"))
	if err != nil {
		b.Fatal(err)
	}
	folder := os.Getenv("DATELINE_CORPUS")
	if folder == "" {
		b.Skip("DATELINE_CORPUS is not set: name a folder of sets, from which the articles are recombined")
	}
	for b.Loop() {
		chain := newChain(b, folder)
		s := reopen(b, cmp.Or(os.Getenv("DATELINE_STORE"), sqliteFile(b)))
		fill(b, s, chain, total)
		ask(b, s, chain, total)
		compare(b, s, chain, total)
	}
}

// chain writes texts in which each word follows one that it follows in the
// corpus: its words are as frequent as there, and no text is written twice.
type chain struct {
	random *rand.Rand
	words  []string // each once
	run    []int32  // the corpus, as numbers of words
	next   [][]int32
	texts  [][]string
}

func newChain(b *testing.B, folder string) *chain {
	c := &chain{random: rand.New(rand.NewPCG(5, 5))}
	numbers := make(map[string]int32)
	for _, set := range []string{"aeb-dev", "fundus-dev", "wcxb-dev"} {
		file, err := os.Open(filepath.Join(folder, set, "truth.jsonl"))
		if err != nil {
			b.Fatal(err)
		}
		defer file.Close()
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			var truth struct{ Body string }
			if err := json.Unmarshal(lines.Bytes(), &truth); err != nil {
				b.Fatal(err)
			}
			words := strings.Fields(truth.Body)
			if len(words) < 50 {
				continue
			}
			c.texts = append(c.texts, words)
			for i, word := range words {
				number, ok := numbers[word]
				if !ok {
					number = int32(len(c.words))
					numbers[word] = number
					c.words, c.next = append(c.words, word), append(c.next, nil)
				}
				if i > 0 {
					last := c.run[len(c.run)-1]
					c.next[last] = append(c.next[last], number)
				}
				c.run = append(c.run, number)
			}
		}
		if err := lines.Err(); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

func (c *chain) write(n int) string {
	var text strings.Builder
	word := c.run[c.random.IntN(len(c.run))]
	for i := range n {
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(c.words[word])
		following := c.next[word]
		if len(following) == 0 || c.random.IntN(20) == 0 {
			following = c.run
		}
		word = following[c.random.IntN(len(following))]
	}
	return text.String()
}

// firstDay is when the first of the articles appeared; 1,000 follow each hour.
var firstDay = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (c *chain) article(n int) *datelinev1.Article {
	at := firstDay.Add(time.Duration(n) * 3600 * time.Millisecond)
	a := article(fmt.Sprintf("scale-%08d", n), c.write(9), "", at)
	a.Host = fmt.Sprintf("host-%d.example.com", c.random.IntN(2000))
	url := fmt.Sprintf("https://%s/%s/%d", a.Host, at.Format("2006/01/02"), n)
	a.CanonicalUrl, a.FinalUrl, a.RequestedUrl = url, url, url
	digest := sha256.Sum256([]byte(url)) // ids are in no order
	a.Id = hex.EncodeToString(digest[:16])
	a.ContentHash = fmt.Sprintf("%064x", n)
	a.Published = &datelinev1.PublicationTime{Value: timestamppb.New(at.Add(-time.Duration(c.random.IntN(7200)) * time.Second))}
	a.Section, a.Tags = fmt.Sprintf("Section %d", c.random.IntN(20)), []string{c.words[c.run[c.random.IntN(len(c.run))]]}
	a.Authors = []*datelinev1.Author{{Name: fmt.Sprintf("Author %d", c.random.IntN(5000))}}
	a.Summary = c.write(25)
	var text []string
	for range 8 {
		paragraph := c.write(55)
		text = append(text, paragraph)
		a.Body = append(a.Body, &datelinev1.Block{Kind: datelinev1.BlockKind_BLOCK_KIND_PARAGRAPH, Text: paragraph})
	}
	a.Text = strings.Join(text, "\n\n")
	return a
}

func (c *chain) batch(from, until int) []*datelinev1.Article {
	batch := make([]*datelinev1.Article, 0, benchBatch)
	for n := from; n < min(from+benchBatch, until); n++ {
		batch = append(batch, c.article(n))
	}
	return batch
}

// spent is what storing has cost.
type spent struct {
	cpu, wall time.Duration
	articles  int
}

func (s *spent) put(b *testing.B, into store.Store, batch []*datelinev1.Article) {
	cpu, start := cpuTime(b), time.Now()
	put(b, into, batch...)
	s.cpu, s.wall, s.articles = s.cpu+cpuTime(b)-cpu, s.wall+time.Since(start), s.articles+len(batch)
}

// each returns µs of CPU and µs for each article.
func (s *spent) each() (cpu, wall float64) {
	return float64(s.cpu.Microseconds()) / float64(s.articles), float64(s.wall.Microseconds()) / float64(s.articles)
}

// cpuTime is how long the processors have worked for this process so far, the
// system's part included.
func cpuTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func fill(b *testing.B, s store.Store, c *chain, total int) {
	stored, err := s.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	c.random = rand.New(rand.NewPCG(5, 5+uint64(stored.Articles))) // what is added repeats nothing
	var cost spent
	step := int(stored.Articles) + 10_000
	for n := int(stored.Articles); n < total; n += benchBatch {
		cost.put(b, s, c.batch(n, total))
		if n+benchBatch >= step {
			cpu, wall := cost.each()
			b.Logf("%9d articles: %6.0f µs of CPU each since the last line, %6.0f µs in all", n+benchBatch, cpu, wall)
			cost = spent{}
			step = max(step+50_000, n+benchBatch+1)
		}
	}
}

// compare stores articles in the full store and in a small one, in turns, so
// that whatever else the machine does slows both. The small one grows from
// 10,000 articles to 60,000.
func compare(b *testing.B, full store.Store, c *chain, total int) {
	const small, more = 10_000, 50_000
	young := reopen(b, sqliteFile(b))
	for n := 0; n < small; n += benchBatch {
		put(b, young, c.batch(total+n, total+small)...)
	}
	var old, new spent
	for n := total + small; n < total+small+more; n += benchBatch {
		batch := c.batch(n, total+small+more)
		old.put(b, full, batch)
		new.put(b, young, batch)
	}
	oldCPU, oldWall := old.each()
	newCPU, newWall := new.each()
	b.Logf("%d more in turns: µs of CPU each %.0f after %d articles and %.0f after %d, %.2f times; µs in all %.0f and %.0f, %.2f times",
		more, oldCPU, total, newCPU, small, oldCPU/newCPU, oldWall, newWall, oldWall/newWall)
}

// ask measures queries of two words that stand in one text of the corpus.
func ask(b *testing.B, s store.Store, c *chain, total int) {
	const queries = 300
	last := firstDay.Add(time.Duration(total) * 3600 * time.Millisecond)
	for _, kind := range []struct {
		name   string
		filter func() store.Filter
		rank   bool
		facets bool
	}{
		{"two words, a month of the time", func() store.Filter {
			from := firstDay.Add(time.Duration(c.random.Float64() * float64(last.Sub(firstDay))))
			return store.Filter{From: from, Before: from.AddDate(0, 1, 0)}
		}, false, false},
		{"two words, the last week", func() store.Filter { return store.Filter{From: last.AddDate(0, 0, -7)} }, false, false},
		{"two words", func() store.Filter { return store.Filter{} }, false, false},
		{"two words, one host", func() store.Filter {
			return store.Filter{Hosts: []string{fmt.Sprintf("host-%d.example.com", c.random.IntN(2000))}}
		}, false, false},
		{"two words, the last week, by rank", func() store.Filter { return store.Filter{From: last.AddDate(0, 0, -7)} }, true, false},
		{"two words, the last week, facets", func() store.Filter { return store.Filter{From: last.AddDate(0, 0, -7)} }, false, true},
	} {
		var took []time.Duration
		hits := 0
		for range queries {
			text := c.texts[c.random.IntN(len(c.texts))]
			query := store.Query{Text: plain(text[c.random.IntN(len(text))]) + " " + plain(text[c.random.IntN(len(text))]), Filter: kind.filter(), ByRank: kind.rank}
			start := time.Now()
			var err error
			if kind.facets {
				_, err = s.Facets(b.Context(), query)
			} else {
				var page store.Page
				page, err = s.Search(b.Context(), query)
				hits += len(page.Hits)
			}
			if err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		b.Logf("%-36s median %8v, 90th %8v, 99th %8v, most %8v, %.1f hits a query", kind.name, took[queries/2].Round(100*time.Microsecond),
			took[queries*9/10].Round(100*time.Microsecond), took[queries*99/100].Round(100*time.Microsecond), took[queries-1].Round(100*time.Microsecond), float64(hits)/queries)
	}
}

// plain leaves out what would be syntax.
func plain(word string) string {
	return strings.NewReplacer(`"`, "", "“", "", "”", "", "„", "", "«", "", "»", "", "-", " ", "*", "").Replace(word)
}
