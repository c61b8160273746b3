package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func testFilters(t *testing.T, b backend) {
	s := b.open(t)
	paper := func(name, host, language string, hours int) *datelinev1.Article {
		a := article(name, "Storm "+name, "The storm came.", after(hours))
		a.Host, a.Language = host, language
		return a
	}
	ledger := paper("ledger", "www.ledger.example.com", "en-GB", 4)
	ledger.Section, ledger.Tags, ledger.Access = "World News", []string{"Weather", "sea & coast"}, datelinev1.Access_ACCESS_FREE
	ledger.Authors = []*datelinev1.Author{{Name: "María Vance"}, {Name: "Otto Brandt"}}
	ledger.Labels = map[string]string{"batch": "7", "desk": "a b"}
	gazette := paper("gazette", "gazette.example.com", "en", 3)
	gazette.Section, gazette.Access = "Sport", datelinev1.Access_ACCESS_PAYWALLED
	gazette.Authors = []*datelinev1.Author{{Name: "Otto Brandt"}}
	other := paper("other", "other.test", "de", 2)
	other.Tags = []string{"weather"}
	old := paper("old", "other.test", "", 1)
	old.Published = &datelinev1.PublicationTime{Value: timestamppb.New(time.Date(1953, 1, 31, 0, 0, 0, 0, time.UTC))}
	put(t, s, ledger, gazette, other, old)

	type f = store.Filter
	for _, c := range []struct {
		text   string
		filter f
		want   []string
	}{
		{"", f{}, []string{"ledger", "gazette", "other", "old"}},
		{"", f{Hosts: []string{"www.ledger.example.com"}}, []string{"ledger"}},
		{"", f{Hosts: []string{"EXAMPLE.com"}}, []string{"ledger", "gazette"}},
		{"", f{Hosts: []string{"ample.com"}}, nil},
		{"", f{Hosts: []string{"other.test", "gazette.example.com"}}, []string{"gazette", "other", "old"}},
		{"storm", f{Languages: []string{"en"}}, []string{"ledger", "gazette"}},
		{"storm", f{Languages: []string{"EN-gb"}}, []string{"ledger"}},
		{"absent", f{Languages: []string{"en"}}, nil},
		{"", f{Sections: []string{"world  news"}}, []string{"ledger"}},
		{"", f{Sections: []string{"world"}}, nil},
		{"", f{Authors: []string{"maria vance"}}, []string{"ledger"}},
		{"", f{Authors: []string{"Otto Brandt"}}, []string{"ledger", "gazette"}},
		{"", f{Tags: []string{"WEATHER"}}, []string{"ledger", "other"}},
		{"", f{Tags: []string{"sea & coast"}, Authors: []string{"Otto Brandt"}}, []string{"ledger"}},
		{"", f{Labels: []string{"batch=7"}}, []string{"ledger"}},
		{"", f{Labels: []string{"desk=a b"}}, []string{"ledger"}},
		{"", f{Labels: []string{"batch=8"}}, nil},
		{"", f{Access: []datelinev1.Access{datelinev1.Access_ACCESS_PAYWALLED}}, []string{"gazette"}},
		{"", f{From: after(3)}, []string{"ledger", "gazette"}},
		{"", f{Before: after(3)}, []string{"other", "old"}},
		{"storm", f{From: after(2), Before: after(4)}, []string{"gazette", "other"}},
		{"storm", f{From: after(2), Before: after(4), Hosts: []string{"other.test"}}, []string{"other"}},
		{"", f{Before: time.Date(1954, 1, 1, 0, 0, 0, 0, time.UTC)}, []string{"old"}},
		{"-gazette", f{Languages: []string{"en"}}, []string{"ledger"}},
		{"", f{From: after(9)}, nil},
	} {
		if c.want == nil {
			c.want = []string{}
		}
		for _, byRank := range []bool{false, true} {
			got := names(t, s, store.Query{Text: c.text, Filter: c.filter, ByRank: byRank})
			if byRank {
				slices.Sort(got)
				slices.Sort(c.want)
			}
			wantNames(t, fmt.Sprintf("%q %+v by rank %v", c.text, c.filter, byRank), got, c.want...)
		}
	}
	// What an article can be chosen by follows its newest record.
	gazette = paper("gazette", "gazette.example.com", "en", 5)
	gazette.Section = "Weather"
	wantStatuses(t, put(t, s, gazette), store.Unchanged)
	wantNames(t, "sport", names(t, s, store.Query{Filter: f{Sections: []string{"sport"}}}))
	wantNames(t, "weather", names(t, s, store.Query{Filter: f{Sections: []string{"weather"}}}), "gazette")
	// So does its place in time.
	gazette = paper("gazette", "gazette.example.com", "en", 6)
	gazette.Published = &datelinev1.PublicationTime{Value: timestamppb.New(after(-50))}
	put(t, s, gazette)
	wantNames(t, "storm", find(t, s, "storm"), "ledger", "other", "gazette", "old")
	wantNames(t, "", names(t, s, store.Query{Filter: f{Before: after(-49)}}), "gazette", "old")
	wantArticle(t, s, "id-gazette", gazette)
}

func testCursors(t *testing.T, b backend) {
	s := b.open(t)
	const articles = 57
	var all []*datelinev1.Article
	for i := range articles {
		// Many share a second, and some a rank.
		all = append(all, article(fmtName("many", i), "Tide", strings.Repeat("tide ", 1+i%4)+"and time", after(i%5)))
	}
	put(t, s, all...)
	for _, q := range []store.Query{
		{Limit: 10}, {Text: "tide", Limit: 10}, {Text: "tide", ByRank: true, Limit: 7}, {Text: "tide", Limit: 57}, {Limit: 1000},
		{Filter: store.Filter{Hosts: []string{"example.com"}, From: after(0)}, Limit: 11}, {ByRank: true, Limit: 20},
	} {
		seen := map[string]bool{}
		var last time.Time
		pages := 0
		for q := q; ; pages++ {
			page, err := s.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range page.Hits {
				if seen[h.ID] {
					t.Errorf("%+v gives %s twice", q, h.ID)
				}
				if seen[h.ID] = true; !q.ByRank && !last.IsZero() && h.FirstSeen.After(last) {
					t.Errorf("%+v gives %s after an older one", q, h.ID)
				}
				last = h.FirstSeen
			}
			if q.After = page.Next; page.Next == "" {
				break
			}
			if pages == 0 && !q.ByRank { // what comes in meanwhile moves nothing
				put(t, s, article("late-"+fmt.Sprint(len(q.Text), q.Limit, q.ByRank), "Tide", "late tide", after(100)))
			}
		}
		n := 0
		for id := range seen {
			if strings.HasPrefix(id, "id-many-") {
				n++
			}
		}
		if n != articles {
			t.Errorf("%+v gives %d of %d articles", q, n, articles)
		}
		if want := (articles + q.Limit - 1) / q.Limit; pages+1 < want {
			t.Errorf("%+v gives %d pages, want at least %d", q, pages+1, want)
		}
	}
	for _, after := range []string{"nonsense", "e30x", "eyJyIjp0cnVlfQ"} {
		if _, err := s.Search(t.Context(), store.Query{After: after}); !errors.Is(err, store.ErrQuery) {
			t.Errorf("the cursor %q gives %v", after, err)
		}
	}
}

func testFacets(t *testing.T, b backend) {
	s := b.open(t)
	for i := range 30 {
		a := article(fmtName("f", i), "Tide", "tide", after(i))
		a.Host = fmt.Sprintf("h%d.test", i%3)
		a.Tags = []string{"all", fmt.Sprintf("tag %d", i)}
		a.Authors = []*datelinev1.Author{{Name: "Otto"}}
		if i%2 == 0 {
			a.Language, a.Access = "de", datelinev1.Access_ACCESS_FREE
		}
		put(t, s, a)
	}
	got, err := s.Facets(t.Context(), store.Query{Text: "tide", Filter: store.Filter{From: after(3)}, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got.Articles != 27 || !got.Complete {
		t.Errorf("%d articles, complete %v", got.Articles, got.Complete)
	}
	for _, c := range []struct {
		got  []store.FacetValue
		want string
	}{
		{got.Hosts, "[{h0.test 9} {h1.test 9} {h2.test 9}]"}, {got.Languages, "[{en 14} {de 13}]"},
		{got.Authors, "[{Otto 27}]"}, {got.Access, "[{free 13}]"}, {got.Sections, "[]"},
	} {
		if fmt.Sprint(c.got) != c.want {
			t.Errorf("facets %v, want %s", c.got, c.want)
		}
	}
	if len(got.Tags) != 20 || got.Tags[0] != (store.FacetValue{Value: "all", Count: 27}) {
		t.Errorf("tags %v", got.Tags)
	}
	if got, err := s.Facets(t.Context(), store.Query{Text: "!!!"}); err != nil || got.Articles != 0 || !got.Complete {
		t.Errorf("nothing gives %+v, %v", got, err)
	}
}

func testErase(t *testing.T, b backend) {
	dsn := b.fresh(t)
	s := reopen(t, dsn)
	a := article("a", "Secret headline", joined(prose(1, 6)...), after(1))
	a.RequestedUrl = "https://sho.rt/a"
	a.RawPage = &datelinev1.RawPage{Stream: "PAGES", Sequence: 7}
	changed := article("a", "Secret headline, changed", joined(prose(1, 6)...), after(2))
	changed.RawPage = &datelinev1.RawPage{Stream: "PAGES", Sequence: 9}
	put(t, s, a, article("b", "B", joined(prose(2, 6)...), after(1)))
	put(t, s, changed)

	got, err := s.Erase(t.Context(), "https://sho.rt/a")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got.URLs)
	if got.ID != "id-a" || got.Host != "example.com" || got.Revisions != 2 || !slices.Equal(got.URLs, []string{"https://example.com/a", "https://sho.rt/a"}) ||
		len(got.Pages) != 2 || got.Pages[0].GetSequence()+got.Pages[1].GetSequence() != 16 {
		t.Errorf("erased %+v", got)
	}
	check := func() {
		t.Helper()
		wantStats(t, s, 1, 1)
		wantNames(t, "secret", find(t, s, "secret"))
		wantRevisions(t, s, "id-a")
		for _, name := range []string{"id-a", "https://example.com/a", "https://sho.rt/a"} {
			if _, err := s.Article(t.Context(), name); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s gives %v", name, err)
			}
		}
		for _, name := range []string{"id-a", "https://example.com/a", "https://sho.rt/a"} {
			again, err := s.Erase(t.Context(), name)
			if err != nil || again.ID != "id-a" || again.Host != "example.com" || again.Revisions != 0 || len(again.URLs) != 2 || again.URLs[0] != "https://example.com/a" {
				t.Errorf("erasing %s again gives %+v, %v", name, again, err)
			}
		}
	}
	check()
	if _, err := s.Erase(t.Context(), "id-nothing"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("erasing what never was gives %v", err)
	}
	// The ledger of one that was erased is not that of all that were.
	put(t, s, article("gone", "Gone", "Gone.", after(1)))
	if _, err := s.Erase(t.Context(), "id-gone"); err != nil {
		t.Fatal(err)
	}
	record(t, s,
		&datelinev1.Outcome{Stage: datelinev1.Stage_STAGE_FETCH, InputId: "1", Url: "https://example.com/a"},
		&datelinev1.Outcome{Stage: datelinev1.Stage_STAGE_FETCH, InputId: "2", Url: "https://example.com/gone"})
	if got, err := s.Outcomes(t.Context(), "https://sho.rt/a"); err != nil || len(got) != 1 || got[0].GetInputId() != "1" {
		t.Errorf("the outcomes of what was erased are %v, %v", got, err)
	}
	// It does not come back: not as it was, not changed, not under another id
	// with the same URL, and not after reopening.
	otherID := article("c", "Secret", "x", after(3))
	otherID.CanonicalUrl, otherID.FinalUrl, otherID.RequestedUrl = "https://example.com/a", "https://example.com/a", "https://example.com/a"
	redirected := article("d", "Secret", "x", after(3))
	redirected.FinalUrl = "https://example.com/a"
	for range 2 {
		wantStatuses(t, put(t, s, a, article("a", "Secret, new", "y", after(9)), otherID, redirected), store.Erased, store.Erased, store.Erased, store.Erased)
		check()
		s = reopen(t, dsn)
	}
	// A copy of it makes no story with it, and the short link may lead elsewhere.
	other := article("e", "Elsewhere", joined(prose(1, 6)...), after(4))
	other.RequestedUrl = "https://sho.rt/a"
	wantStatuses(t, put(t, s, other), store.New)
	wantStory(t, s, "id-e")
	wantStats(t, s, 2, 2)
}

// TestErasedIsOverwritten looks for the text of an erased article in the file
// of SQLite and in its log.
func TestErasedIsOverwritten(t *testing.T) {
	name := sqliteFile(t)
	s := reopen(t, name)
	text := joined(prose(1, 6)...)
	a := article("a", "Unspeakable headline", text, after(1))
	put(t, s, a, article("b", "B", "Another.", after(1)))
	path := strings.TrimPrefix(name, "sqlite:")
	isThere := func() bool {
		t.Helper()
		for _, file := range []string{path, path + "-wal"} {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(data, []byte("Unspeakable")) || bytes.Contains(data, []byte(text[:60])) {
				return true
			}
		}
		return false
	}
	if !isThere() {
		t.Fatal("the text is not found before it is erased: this test shows nothing")
	}
	if _, err := s.Erase(t.Context(), "id-a"); err != nil {
		t.Fatal(err)
	}
	if isThere() {
		t.Error("the text is still in the file")
	}
	wantNames(t, "another", find(t, s, "another"), "b")
	put(t, s, article("c", "C", "A third.", after(2))) // the store goes on
	wantNames(t, "third", find(t, s, "third"), "c")
}

func testSources(t *testing.T, b backend) {
	s := b.open(t)
	a, c := article("a", "A", "x", after(1)), article("c", "C", "x", after(2))
	c.Host = "c.test"
	put(t, s, a, c)
	put(t, s, article("a", "A changed", "x", after(3)))
	dead := outcome(datelinev1.Stage_STAGE_FETCH, "d", after(1))
	dead.Verdict, dead.Reason, dead.Host = datelinev1.Verdict_VERDICT_DEAD, "dns", "dead.test"
	early := outcome(datelinev1.Stage_STAGE_FETCH, "early", after(-30))
	record(t, s, outcome(datelinev1.Stage_STAGE_FETCH, "a", after(1)), outcome(datelinev1.Stage_STAGE_FETCH, "a2", after(1)), dead, early)
	record(t, s, outcome(datelinev1.Stage_STAGE_FETCH, "a", after(1)), dead)

	list := func(since time.Time, after string, limit int) string {
		t.Helper()
		sources, err := s.Sources(t.Context(), store.SourceQuery{Since: since, At: noon, After: after, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, one := range sources {
			fmt.Fprintf(&b, "%s %d/%d", one.Host, one.Articles, one.Revisions)
			for _, at := range []time.Time{one.FirstSeen, one.LastSeen, one.LastNew} {
				if at.IsZero() {
					b.WriteString(" -")
				} else {
					fmt.Fprintf(&b, " %v", at.Sub(noon).Hours())
				}
			}
			for _, o := range one.Outcomes {
				fmt.Fprintf(&b, " %d%d%s:%d", o.Stage, o.Verdict, o.Reason, o.Count)
			}
			b.WriteString("; ")
		}
		return b.String()
	}
	const example, cTest = "example.com 1/2 1 3 1", "c.test 1/1 2 2 2; "
	if got, want := list(after(-1), "", 10), cTest+"dead.test 0/0 - - - 25dns:1; "+example+" 21:2; "; got != want {
		t.Errorf("sources %q, want %q", got, want)
	}
	if got, want := list(after(-100), "dead.test", 10), example+" 21:3; "; got != want {
		t.Errorf("after dead.test %q, want %q", got, want)
	}
	if got, want := list(after(5), "", 1), cTest; got != want {
		t.Errorf("the first %q, want %q", got, want)
	}
	// What was dead and then came through is counted as that.
	revived := outcome(datelinev1.Stage_STAGE_FETCH, "d", after(2))
	revived.Host = "dead.test"
	record(t, s, revived)
	if got, want := list(after(0), "c.test", 1), "dead.test 0/0 - - - 21:1; "; got != want {
		t.Errorf("revived %q, want %q", got, want)
	}
	for host, want := range map[string]string{"": "-30 21:1; 1 21:2; 2 21:1; ", "dead.test": "2 21:1; ", "none.test": ""} {
		hours, err := s.Hours(t.Context(), host, after(-100))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, h := range hours {
			got += fmt.Sprintf("%v %d%d%s:%d; ", h.Begin.Sub(noon).Hours(), h.Stage, h.Verdict, h.Reason, h.Count.Count)
		}
		if got != want {
			t.Errorf("the hours of %q are %q, want %q", host, got, want)
		}
	}
}

func testResults(t *testing.T, b backend) {
	s := b.open(t)
	first, second := article("a", "First", "x", after(1)), article("a", "Second", "x", after(2))
	old := article("a", "Old", "x", after(0))
	seen := article("a", "Second", "x", after(3))
	for _, delivery := range []string{"first", "again"} {
		results, err := s.Put(t.Context(), []*datelinev1.Article{first, second, old, seen})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range results {
			got = append(got, fmt.Sprintf("%s %d", r.ID, r.Revision))
		}
		if want := "[id-a 1 id-a 2 id-a 3 id-a 0]"; fmt.Sprint(got) != want {
			t.Errorf("%s delivery: %v, want %s", delivery, got, want)
		}
	}
}
