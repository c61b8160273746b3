package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// BenchmarkStandingQueries measures matching one article of 600 words against queries of one to
// three words, some with a phrase, a prefix or a filter. The words are as frequent as those that
// people follow: rarer than the 10,000 most frequent ones. The CPU time is that of the process.
func BenchmarkStandingQueries(b *testing.B) {
	g := newGenerator()
	var articles []*datelinev1.Article
	for len(articles) < 400 {
		articles = append(articles, g.batch()...)
	}
	for _, count := range []int{0, 100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			standing := followed(b, count)
			matches := 0
			match := func(i int) {
				keys, err := standing.Match(articles[i%len(articles)], time.Time{})
				if err != nil {
					b.Fatal(err)
				}
				matches += len(keys)
			}
			for i := range articles { // learns which words are rare
				match(i)
			}
			matches = 0
			start := cpuTime(b)
			for i := 0; b.Loop(); i++ {
				match(i)
			}
			b.ReportMetric(float64((cpuTime(b)-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(matches)/float64(b.N), "matches/op")
		})
	}
}

// followed returns a number of queries.
func followed(b *testing.B, count int) *store.StandingQueries {
	b.Helper()
	random := rand.New(rand.NewPCG(3, 5))
	frequent := rand.NewZipf(random, 1.1, 8, 60_000)
	word := func() string { return pseudoword(10_000 + frequent.Uint64()) }
	standing := store.NewStandingQueries()
	for n := range count {
		q := store.Query{Text: word()}
		switch n % 6 {
		case 0:
			q.Text += " " + word() + " " + word()
		case 1:
			q.Text = `"` + q.Text + " " + word() + `"`
		case 2:
			q.Text += " OR " + word()
		case 3:
			q.Text += " -" + word()
			q.Filter.Languages = []string{"en"}
		case 4:
			q.Text += " " + word() + "*"
		case 5:
			q.Filter.Hosts = []string{fmt.Sprintf("host%d.example", n%1000)}
		}
		if err := standing.Add(fmt.Sprint(n), q); err != nil {
			b.Fatal(err)
		}
	}
	return standing
}
