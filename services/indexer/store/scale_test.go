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

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// BenchmarkScale fills a store with DATELINE_SCALE articles (20,000 by default).
// It logs the cost of storing an article as the store grows, the duration of
// queries in the full store, and the cost of storing an article in the full store
// compared with a small one. The articles are generated from the corpus in the
// folder DATELINE_CORPUS. DATELINE_STORE names an existing store to fill; the
// default is a new SQLite file.
func BenchmarkScale(b *testing.B) {
	total, err := strconv.Atoi(cmp.Or(os.Getenv("DATELINE_SCALE"), "20000"))
	if err != nil {
		b.Fatal(err)
	}
	folder := os.Getenv("DATELINE_CORPUS")
	if folder == "" {
		b.Skip("DATELINE_CORPUS is not set: set it to the folder with the corpus from which articles are generated")
	}
	for b.Loop() {
		chain := newChain(b, folder)
		s := reopen(b, cmp.Or(os.Getenv("DATELINE_STORE"), sqliteFile(b)))
		fill(b, s, chain, total)
		measureQueries(b, s, chain, total)
		compareWithSmall(b, s, chain, total)
	}
}

// chain is a Markov chain that generates texts from a corpus. Words are as
// frequent as in the corpus, and no text is generated twice.
type chain struct {
	random *rand.Rand
	words  []string   // each once
	corpus []int32    // as indexes of words
	next   [][]int32  // by word, the words that follow it in the corpus
	texts  [][]string // the corpus as words
}

func newChain(b *testing.B, folder string) *chain {
	b.Helper()
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
					last := c.corpus[len(c.corpus)-1]
					c.next[last] = append(c.next[last], number)
				}
				c.corpus = append(c.corpus, number)
			}
		}
		if err := lines.Err(); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

// text generates a text of n words.
func (c *chain) text(n int) string {
	var text strings.Builder
	word := c.corpus[c.random.IntN(len(c.corpus))]
	for i := range n {
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(c.words[word])
		following := c.next[word]
		if len(following) == 0 || c.random.IntN(20) == 0 {
			following = c.corpus
		}
		word = following[c.random.IntN(len(following))]
	}
	return text.String()
}

// firstDay is the time of the first article. 1,000 articles follow each hour.
var firstDay = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (c *chain) article(n int) *datelinev1.Article {
	at := firstDay.Add(time.Duration(n) * 3600 * time.Millisecond)
	a := article(fmt.Sprintf("scale-%08d", n), c.text(9), "", at)
	a.Host = fmt.Sprintf("host-%d.example.com", c.random.IntN(2000))
	url := fmt.Sprintf("https://%s/%s/%d", a.Host, at.Format("2006/01/02"), n)
	a.CanonicalUrl, a.FinalUrl, a.RequestedUrl = url, url, url
	digest := sha256.Sum256([]byte(url)) // so that ids are not in the order of time
	a.Id = hex.EncodeToString(digest[:16])
	a.ContentHash = fmt.Sprintf("%064x", n)
	published := at.Add(-time.Duration(c.random.IntN(7200)) * time.Second)
	a.Published = &datelinev1.PublicationTime{Value: timestamppb.New(published)}
	a.Section = fmt.Sprintf("Section %d", c.random.IntN(20))
	a.Tags = []string{c.words[c.corpus[c.random.IntN(len(c.corpus))]]}
	a.Authors = []*datelinev1.Author{{Name: fmt.Sprintf("Author %d", c.random.IntN(5000))}}
	a.Summary = c.text(25)
	var text []string
	for range 8 {
		paragraph := c.text(55)
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

// cost is the cost of storing articles.
type cost struct {
	cpu, wall time.Duration
	articles  int
}

func (c *cost) put(b *testing.B, into store.Store, batch []*datelinev1.Article) {
	b.Helper()
	cpu, start := cpuTime(b), time.Now()
	put(b, into, batch...)
	c.cpu, c.wall, c.articles = c.cpu+cpuTime(b)-cpu, c.wall+time.Since(start), c.articles+len(batch)
}

// perArticle returns the CPU time and the elapsed time in µs for each article.
func (c *cost) perArticle() (cpu, wall float64) {
	n := float64(c.articles)
	return float64(c.cpu.Microseconds()) / n, float64(c.wall.Microseconds()) / n
}

// cpuTime returns the CPU time that this process has used, in user and system
// mode.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// fill stores articles until the store has total of them.
func fill(b *testing.B, s store.Store, c *chain, total int) {
	b.Helper()
	stored, err := s.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	c.random = rand.New(rand.NewPCG(5, 5+uint64(stored.Articles))) // so that no text is repeated
	var spent cost
	step := int(stored.Articles) + 10_000
	for n := int(stored.Articles); n < total; n += benchBatch {
		spent.put(b, s, c.batch(n, total))
		if n+benchBatch >= step {
			cpu, wall := spent.perArticle()
			b.Logf("%9d articles: since the last line, each took %6.0f µs of CPU and %6.0f µs", n+benchBatch, cpu, wall)
			spent = cost{}
			step = max(step+50_000, n+benchBatch+1)
		}
	}
}

// compareWithSmall stores articles in turns in the full store and in a small one,
// so that other programs slow both. The small store grows from 10,000 articles to
// 60,000.
func compareWithSmall(b *testing.B, full store.Store, c *chain, total int) {
	b.Helper()
	const initial, more = 10_000, 50_000
	small := reopen(b, sqliteFile(b))
	for n := 0; n < initial; n += benchBatch {
		put(b, small, c.batch(total+n, total+initial)...)
	}
	var inFull, inSmall cost
	for n := total + initial; n < total+initial+more; n += benchBatch {
		batch := c.batch(n, total+initial+more)
		inFull.put(b, full, batch)
		inSmall.put(b, small, batch)
	}
	fullCPU, fullWall := inFull.perArticle()
	smallCPU, smallWall := inSmall.perArticle()
	b.Logf("%d more articles after %d and after %d: "+
		"%.0f and %.0f µs of CPU each (ratio %.2f), %.0f and %.0f µs (ratio %.2f)",
		more, total, initial, fullCPU, smallCPU, fullCPU/smallCPU, fullWall, smallWall, fullWall/smallWall)
}

// measureQueries measures queries of two words that occur in the same text of the
// corpus.
func measureQueries(b *testing.B, s store.Store, c *chain, total int) {
	b.Helper()
	const queries = 300
	last := firstDay.Add(time.Duration(total) * 3600 * time.Millisecond)
	all := func() store.Filter { return store.Filter{} }
	lastWeek := func() store.Filter { return store.Filter{From: last.AddDate(0, 0, -7)} }
	anyMonth := func() store.Filter {
		from := firstDay.Add(time.Duration(c.random.Float64() * float64(last.Sub(firstDay))))
		return store.Filter{From: from, Before: from.AddDate(0, 1, 0)}
	}
	anyHost := func() store.Filter {
		return store.Filter{Hosts: []string{fmt.Sprintf("host-%d.example.com", c.random.IntN(2000))}}
	}
	for _, kind := range []struct {
		name   string
		filter func() store.Filter
		rank   bool
		facets bool
	}{
		{name: "two words, any month", filter: anyMonth},
		{name: "two words, the last week", filter: lastWeek},
		{name: "two words", filter: all},
		{name: "two words, any host", filter: anyHost},
		{name: "two words, the last week, by rank", filter: lastWeek, rank: true},
		{name: "two words, the last week, facets", filter: lastWeek, facets: true},
	} {
		var took []time.Duration
		hits := 0
		for range queries {
			text := c.texts[c.random.IntN(len(c.texts))]
			words := plain(text[c.random.IntN(len(text))]) + " " + plain(text[c.random.IntN(len(text))])
			query := store.Query{Text: words, Filter: kind.filter(), ByRank: kind.rank}
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
		quantile := func(i int) time.Duration { return took[i].Round(100 * time.Microsecond) }
		b.Logf("%-36s median %8v, 90th %8v, 99th %8v, maximum %8v, %.1f hits per query", kind.name, quantile(queries/2),
			quantile(queries*9/10), quantile(queries*99/100), quantile(queries-1), float64(hits)/queries)
	}
}

// plain removes the characters that have a meaning in queries.
func plain(word string) string {
	return strings.NewReplacer(`"`, "", "“", "", "”", "", "„", "", "«", "", "»", "", "-", " ", "*", "").Replace(word)
}
