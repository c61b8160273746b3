package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/words"
)

// vocabulary has words of five languages, with several forms of most, words that share
// prefixes, and words that the index splits.
var vocabulary = map[string][]string{
	"en": strings.Fields("harbour harbours ferry ferries strike strikes striking election elections elected the of " +
		"don't night train trains training port ports Zoë résumé pay paid U.S."),
	"de": strings.Fields("Hafen Häfen Fähre Fähren Streik Streiks streikte Wahl Wahlen gewählt der die das " +
		"Straße Nacht Zug Züge train port"),
	"fr": strings.Fields("élection élections élu grève grèves port ports le la l'élection train trains nuit payer payé"),
	"ar": strings.Fields("قطار القطار والقطار انتخابات الانتخابات ميناء الميناء إضراب الإضراب في من ال الدم"),
	"ja": strings.Fields("東京 選挙 東京湾 港 フェリー ストライキ 夜行列車 京 の は"),
}

// draws makes articles and queries.
type draws struct{ *rand.Rand }

func (d draws) one(from []string) string { return from[d.IntN(len(from))] }

func (d draws) text(language string, n int) string {
	separators := []string{" ", " ", " ", ", ", " – ", ".\n"}
	var b strings.Builder
	for range n {
		b.WriteString(d.one(vocabulary[language]))
		b.WriteString(d.one(separators))
	}
	return b.String()
}

var (
	drawnLanguages = []string{"en", "de", "fr", "ar", "ja"}
	drawnHosts     = []string{"www.one.example", "news.one.example", "two.example", "Three.example"}
	drawnSections  = []string{"World News", "Économie", ""}
	drawnAuthors   = []string{"María Vance", "Otto Brandt", "Harbour Desk"}
	drawnTags      = []string{"Weather", "sea & coast", "strike"}
)

func (d draws) article(n int) *datelinev1.Article {
	language := d.one(drawnLanguages)
	a := article(fmt.Sprint("drawn", n), d.text(language, d.IntN(4)), d.text(language, d.IntN(30)), after(d.IntN(40)))
	a.Host, a.Language, a.Section = d.one(drawnHosts), language, d.one(drawnSections)
	a.Summary = d.text(language, d.IntN(3))
	if d.IntN(3) == 0 {
		a.Language += "-XX"
	}
	if d.IntN(8) == 0 {
		a.Language = "" // its words have no stems
	}
	if d.IntN(2) == 0 {
		a.Authors = []*datelinev1.Author{{Name: d.one(drawnAuthors)}, {Name: d.one(drawnAuthors)}}
	}
	for range d.IntN(3) {
		a.Tags = append(a.Tags, d.one(drawnTags))
	}
	a.Access = datelinev1.Access(d.IntN(3))
	a.Labels = map[string]string{"batch": fmt.Sprint(d.IntN(3))}
	if d.IntN(3) == 0 {
		// Some are too late to be credible.
		a.Published = &datelinev1.PublicationTime{Value: timestamppb.New(after(d.IntN(140) - 60))}
	}
	return a
}

// term returns a word, a phrase or a word with a prefix, in a query.
func (d draws) term(language string) string {
	switch d.IntN(6) {
	case 0:
		return `"` + strings.ReplaceAll(d.text(language, 1+d.IntN(3)), "\n", " ") + `"`
	case 1:
		letters := []rune(d.one(vocabulary[language]))
		if prefix := string(letters[:1+d.IntN(len(letters))]); len(prefix) > 3 {
			return prefix + "*"
		}
	}
	return d.one(vocabulary[language])
}

func (d draws) query() store.Query {
	language := d.one(drawnLanguages)
	var terms []string
	for range d.IntN(4) {
		switch term := d.term(language); d.IntN(5) {
		case 0:
			terms = append(terms, "-"+term)
		case 1:
			terms = append(terms, term, "OR", d.term(d.one(drawnLanguages)))
		default:
			terms = append(terms, term)
		}
	}
	q := store.Query{Text: strings.Join(terms, " ")}
	f := &q.Filter
	some := func(target *[]string, from ...string) {
		for d.IntN(6) == 0 {
			*target = append(*target, d.one(from))
		}
	}
	some(&f.Hosts, "one.example", "two.example", "news.one.example", "three.example")
	some(&f.Languages, "en", "DE", "fr-XX", "ar", "ja")
	some(&f.Sections, "world news", "economie")
	some(&f.Authors, "maria vance", "otto brandt")
	some(&f.Tags, drawnTags...)
	some(&f.Labels, "batch=0", "batch=1")
	if d.IntN(6) == 0 {
		f.Access = []datelinev1.Access{datelinev1.Access(1 + d.IntN(2))}
	}
	if d.IntN(6) == 0 {
		f.From = after(d.IntN(20)).Add(time.Duration(d.IntN(2)) * time.Millisecond)
	}
	if d.IntN(6) == 0 {
		f.Before = after(20 + d.IntN(20)).Add(time.Duration(d.IntN(2)) * time.Millisecond)
	}
	return q
}

// testStanding compares standing queries with searches, for drawn articles and queries.
func testStanding(t *testing.T, b backend) {
	d := draws{rand.New(rand.NewPCG(7, 11))}
	s := b.open(t)
	var articles []*datelinev1.Article
	for n := range 250 {
		articles = append(articles, d.article(n))
	}
	for _, language := range words.StemmedLanguages() { // SQLite looks up the forms in stored languages
		a := article("in-"+language, "x", "y", after(0))
		a.Language = language
		articles = append(articles, a)
	}
	put(t, s, articles...)
	standing := store.NewStandingQueries()
	queries := map[string]store.Query{}
	for n := range 1200 {
		key, q := fmt.Sprint(n), d.query()
		err := standing.Add(key, q)
		if err == nil {
			queries[key] = q
		} else if !errors.Is(err, store.ErrQuery) {
			t.Fatalf("%q: %v", q.Text, err)
		}
	}
	found := map[string][]string{}
	for key, q := range queries {
		q.Limit, q.WithoutSnippets = 1000, true
		found[key] = names(t, s, q)
		slices.Sort(found[key])
	}
	got := map[string][]string{}
	for round := range 2 { // in the second, many queries are filed under other terms
		clear(got)
		for _, a := range articles {
			keys, err := standing.Match(a, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range keys {
				got[key] = append(got[key], strings.TrimPrefix(a.GetId(), "id-"))
			}
		}
		matches := 0
		for key, q := range queries {
			want := found[key]
			slices.Sort(got[key])
			matches += len(want)
			if !slices.Equal(got[key], want) {
				t.Errorf("round %d: %q %+v matches %v, the search finds %v", round, q.Text, q.Filter, got[key], want)
			}
		}
		if len(queries) < 900 || matches < 5*len(queries) {
			t.Errorf("%d queries have %d matches, which is too few to compare", len(queries), matches)
		}
	}
}

func TestStandingQueriesChange(t *testing.T) {
	standing := store.NewStandingQueries()
	match := func() string {
		keys, err := standing.Match(article("a", "Ferry strike", "The harbour is closed.", after(0)), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(keys, " ")
	}
	add := func(key, text string) {
		if err := standing.Add(key, store.Query{Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	add("all", "")
	add("strike", "strikes")
	add("port", `"harbour is"`)
	add("prefix", "harb*")
	if got := match(); got != "all port prefix strike" {
		t.Errorf("got %q, want all four", got)
	}
	add("strike", "football")
	standing.Remove("all")
	standing.Remove("prefix")
	standing.Remove("absent")
	if got := match(); got != "port" || standing.Len() != 2 {
		t.Errorf("got %q of %d queries, want port of 2", got, standing.Len())
	}
	for _, q := range []store.Query{
		{Text: "!!!"}, {Text: "-ferry"}, {Text: `"open`}, {Text: "a OR"}, {Text: "ab*"},
		{Filter: store.Filter{From: after(2), Before: after(2)}},
	} {
		if err := standing.Add("port", q); !errors.Is(err, store.ErrQuery) {
			t.Errorf("%q: error %v, want ErrQuery", q.Text, err)
		}
		if err := store.CheckStanding(q); !errors.Is(err, store.ErrQuery) {
			t.Errorf("%q: check %v, want ErrQuery", q.Text, err)
		}
	}
	if got := match(); got != "port" {
		t.Errorf("after refused queries, got %q, want port", got)
	}
	bounded := store.Query{Text: "ferry", Filter: store.Filter{From: after(5)}}
	if err := standing.Add("late", bounded); err != nil {
		t.Fatal(err)
	}
	late, err := standing.Match(article("a", "Ferry strike", "", after(0)), after(6))
	if err != nil || !slices.Equal(late, []string{"late"}) {
		t.Errorf("an article with a later time in the store matches %v, %v; want late", late, err)
	}
}
