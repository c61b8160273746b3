package main

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// followers is a folder of data with subscriptions and their web hook. The queries are made of the words of other
// pages than those of the benchmark.
type followers struct {
	data     string
	hook     *httptest.Server
	received atomic.Int64
}

const manySubscriptions = 10_000

func newFollowers(b *testing.B, others *load) *followers {
	b.Helper()
	f := &followers{data: b.TempDir()}
	f.hook = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		f.received.Add(1)
	}))
	b.Cleanup(f.hook.Close)
	articles, err := store.Open(b.Context(), filepath.Join(f.data, "articles.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer articles.Close()
	for n, query := range others.queries(manySubscriptions) {
		spec := subscriptions.Spec{Name: fmt.Sprintf("s%d", n), To: fmt.Sprintf("%s/%d", f.hook.URL, n), Query: query}
		if err := subscriptions.Of(articles).Put(b.Context(), spec, nil, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
	return f
}

// queries returns what somebody could follow: three words, a phrase, either of two phrases, or a phrase and a word,
// some in one language. The words are those that only one of the articles in five languages has.
func (l *load) queries(count int) []subscriptions.Query {
	frequency := map[string]int{}
	var texts [][]string
	var languages []string
	for _, one := range l.articles {
		if !slices.Contains([]string{"en", "de", "fr", "es", "it"}, one.GetLanguage()) {
			continue
		}
		words := strings.FieldsFunc(strings.ToLower(one.GetText()), func(r rune) bool { return !unicode.IsLetter(r) })
		texts, languages = append(texts, words), append(languages, one.GetLanguage())
		for _, word := range slices.Compact(slices.Sorted(slices.Values(words))) {
			frequency[word]++
		}
	}
	random := rand.New(rand.NewPCG(5, 8))
	var all []subscriptions.Query
	for len(all) < count {
		i := random.IntN(len(texts))
		var rare []int
		for at, word := range texts[i][:max(0, len(texts[i])-1)] {
			if frequency[word] == 1 && utf8.RuneCountInString(word) >= 7 {
				rare = append(rare, at)
			}
		}
		if len(rare) == 0 {
			continue
		}
		word := func() string { return texts[i][rare[random.IntN(len(rare))]] }
		at := rare[random.IntN(len(rare))]
		one, other, third := texts[i][at], word(), word()
		phrase := `"` + one + " " + texts[i][at+1] + `"`
		all = append(all,
			subscriptions.Query{Text: one + " " + other + " " + third},
			subscriptions.Query{Text: one + " " + other + " " + third + " -dateline", Languages: languages[i : i+1]},
			subscriptions.Query{Text: phrase, Languages: languages[i : i+1]},
			subscriptions.Query{Text: phrase + ` OR "` + one + " " + other + `"`},
			subscriptions.Query{Text: phrase + " " + other})
	}
	return all[:count]
}

// subscribed runs the pipeline while f follows it, returns what it has cost to store all pages, and waits
// until all deliveries have ended.
func (l *load) subscribed(b *testing.B, f *followers) cost {
	b.Helper()
	data := b.TempDir()
	if err := os.CopyFS(data, os.DirFS(f.data)); err != nil {
		b.Fatal(err)
	}
	stored := l.pipeline(b, data, "--notifier-allow-hosts=127.0.0.1")
	config := testConfig(data)
	allowLoopback(&config)
	config.Notifier.AllowHosts = []string{"127.0.0.1"}
	p := runPipeline(b, config, slog.New(slog.DiscardHandler))
	defer p.stop()
	all := subscriptions.Of(p.Store)
	stream, err := p.Bus.JS.Stream(b.Context(), subject.StreamRevisions)
	if err != nil {
		b.Fatal(err)
	}
	for {
		behind, err := notifier.Behind(b.Context(), stream, all, time.Now())
		if err != nil {
			b.Fatal(err)
		}
		summary, err := all.Summarize(b.Context(), time.Now())
		if err != nil {
			b.Fatal(err)
		}
		if behind == 0 && summary.Pending == 0 {
			return stored
		}
		time.Sleep(500 * time.Millisecond) // a summary reads all subscriptions
	}
}
