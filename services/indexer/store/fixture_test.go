package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// noon is when the tests' articles were fetched, unless a test says otherwise.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// after returns the time a number of hours after noon.
func after(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }

// article returns the record of a page that was fetched at a time.
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

// numbered returns a name with a number.
func numbered(prefix string, n int) string { return fmt.Sprintf("%s-%04d", prefix, n) }

// prose returns the paragraphs of a text that is unique for the seed.
func prose(seed uint64, paragraphs int) []string {
	random := rand.New(rand.NewPCG(seed, 99))
	var all []string
	for range paragraphs {
		var words []string
		for range 40 {
			words = append(words, fmt.Sprintf("s%dw%d", seed, random.IntN(5000)))
		}
		all = append(all, strings.Join(words, " "))
	}
	return all
}

// joined joins paragraphs to a text.
func joined(paragraphs ...string) string { return strings.Join(paragraphs, "\n\n") }

// put stores articles and returns their statuses. None may fail.
func put(tb testing.TB, s store.Store, articles ...*datelinev1.Article) []store.Status {
	tb.Helper()
	results, err := s.Put(tb.Context(), articles)
	if err != nil {
		tb.Fatal(err)
	}
	statuses := make([]store.Status, len(results))
	for i, r := range results {
		if r.Err != nil {
			tb.Fatalf("article %d: %v", i, r.Err)
		}
		statuses[i] = r.Status
	}
	return statuses
}

// find returns the names of the articles that match a text, in order.
func find(t *testing.T, s store.Store, text string) []string {
	t.Helper()
	return names(t, s, store.Query{Text: text, Limit: 100})
}

// names returns the names of the articles that match a query, in order.
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

// wantRevisions checks an article's revisions: their number, title, and the times
// of their first and last fetch in hours after noon.
func wantRevisions(t *testing.T, s store.Store, id string, want ...string) {
	t.Helper()
	revisions, err := s.Revisions(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range revisions {
		got = append(got, fmt.Sprintf("%d %s %v-%v", r.Number, r.Article.GetTitle(),
			r.FirstSeen.Sub(noon).Hours(), r.LastSeen.Sub(noon).Hours()))
	}
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("revisions %q, want %q", got, want)
	}
}

func wantStats(t *testing.T, s store.Store, articles, revisions int64) {
	t.Helper()
	got, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Articles != articles || got.Revisions != revisions {
		t.Fatalf("store has %d articles and %d revisions, want %d and %d",
			got.Articles, got.Revisions, articles, revisions)
	}
}

func wantNames(t *testing.T, query string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("query %q matches %q, want %q", query, got, want)
	}
}

// outcome returns the outcome of a stage for the article with a name.
func outcome(stage datelinev1.Stage, name string, at time.Time) *datelinev1.Outcome {
	return &datelinev1.Outcome{
		Stage: stage, InputId: "input-" + name, Verdict: datelinev1.Verdict_VERDICT_PRODUCED,
		Url: "https://example.com/" + name, RequestId: "request-" + name, Host: "example.com",
		Attempt: 1, Time: timestamppb.New(at), Labels: map[string]string{"batch": "7"},
	}
}

func record(tb testing.TB, s store.Store, outcomes ...*datelinev1.Outcome) {
	tb.Helper()
	if err := s.Record(tb.Context(), outcomes); err != nil {
		tb.Fatal(err)
	}
}

func outcomesOf(t *testing.T, s store.Store, url string) []*datelinev1.Outcome {
	t.Helper()
	got, err := s.Outcomes(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func wantOutcomes(t *testing.T, got []*datelinev1.Outcome, want ...*datelinev1.Outcome) {
	t.Helper()
	if !slices.EqualFunc(got, want, func(a, b *datelinev1.Outcome) bool { return proto.Equal(a, b) }) {
		t.Errorf("outcomes\n%v, want\n%v", got, want)
	}
}
