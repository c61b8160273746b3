package sources_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/services/discoverer/sources"
)

func TestPolicyTakes(t *testing.T) {
	for _, test := range []struct {
		policy         sources.Policy
		path, language string
		want           bool
	}{
		{sources.Policy{}, "/a", "de", true},
		{sources.Policy{Include: []string{"/sport/*"}}, "/sport/a/b", "", true},
		{sources.Policy{Include: []string{"/sport/*"}}, "/sports", "", false},
		{sources.Policy{Include: []string{"/sport/*", "*/live/*.html"}}, "/a/live/b.html", "", true},
		{sources.Policy{Include: []string{"*/live/*.html"}}, "/a/live/b.htm", "", false},
		{sources.Policy{Include: []string{"/exactly"}}, "/exactly", "", true},
		{sources.Policy{Include: []string{"/exactly"}}, "/exactly/not", "", false},
		{sources.Policy{Include: []string{"/a*a"}}, "/a", "", false},
		{sources.Policy{Exclude: []string{"*/comments"}}, "/a/comments", "", false},
		{sources.Policy{Exclude: []string{"*/comments"}}, "/a/comments/b", "", true},
		{sources.Policy{Exclude: []string{"*print*"}}, "/a?print=1", "", true}, // only paths count
		{sources.Policy{Include: []string{"/a/*"}, Exclude: []string{"/a/b*"}}, "/a/b", "", false},
		{sources.Policy{Languages: []string{"en"}}, "/a", "en-GB", true},
		{sources.Policy{Languages: []string{"en"}}, "/a", "en_US", true},
		{sources.Policy{Languages: []string{"en"}}, "/a", "de", false},
		{sources.Policy{Include: []string{"/спорт/*"}}, "/спорт/a", "", true},
		{sources.Policy{Include: []string{"/%D1%81%D0%BF%D0%BE%D1%80%D1%82/*"}}, "/спорт/a", "", true},
		{sources.Policy{Exclude: []string{"/спорт/*"}}, "/спорт/a", "", false},
		{sources.Policy{Languages: []string{"en"}}, "/a", "", true},
	} {
		if got := test.policy.Takes(parse(t, "https://example.com"+test.path), test.language); got != test.want {
			t.Errorf("%+v, %s, %q: %t", test.policy, test.path, test.language, got)
		}
	}
}

func TestPolicyIsStored(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, _ := add(t, s, "/feed.xml", "/other.xml")
		for _, bad := range []sources.Policy{
			{Include: []string{"sport"}}, {Exclude: []string{""}}, {ArticlesPerDay: -1},
			{Include: []string{"/" + strings.Repeat("a", 1000)}}, {Languages: make([]string, 60)},
		} {
			if err := s.SetPolicy(t.Context(), source.ID, bad); err == nil {
				t.Errorf("stored %+v", bad)
			}
		}
		want := sources.Policy{Exclude: []string{"/ads/*"}, PollsPerDay: 1, NoRevisits: true}
		if err := s.SetPolicy(t.Context(), source.ID, want); err != nil {
			t.Fatal(err)
		}
		add(t, s, "/feed.xml") // adding it again keeps its policy
		got, err := s.Get(t.Context(), source.ID)
		if err != nil || !got.Policy.NoRevisits || len(got.Policy.Exclude) != 1 || got.PollsIn24Hours(100, time.Now()) != 1 {
			t.Errorf("%+v, %v", got.Policy, err)
		}
		now := time.Now()
		if n := len(claim(t, s, now, 1)); n != 1 {
			t.Fatalf("claimed %d", n)
		}
		if n := len(claim(t, s, now, 1)); n != 0 {
			t.Errorf("claimed %d after the budget was spent", n)
		}
		want.PollsPerDay = 5
		if err := s.SetPolicy(t.Context(), source.ID, want); err != nil {
			t.Fatal(err)
		}
		if n := len(claim(t, s, now, 1)); n != 1 {
			t.Errorf("claimed %d after the budget was raised", n)
		}
	})
}

// TestProblemsOfAPolicy lists everything that is wrong with a policy, in the order of its fields.
// TestPollsIn24Hours lets a source bring articles: each allows one more request, up to three times
// the usual number. The number of a policy is exact.
func TestPollsIn24Hours(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ articles, policy, want int }{
		{0, 0, 200}, {140, 0, 340}, {400, 0, 600}, {5000, 0, 600}, {140, 50, 50},
	} {
		source := sources.Source{Policy: sources.Policy{PollsPerDay: c.policy}}
		source.Taken.Spend(now.Add(-25*time.Hour), 90) // too long ago
		source.Taken.Spend(now.Add(-5*time.Hour), c.articles)
		if got := source.PollsIn24Hours(200, now); got != c.want {
			t.Errorf("%d articles, policy %d: %d requests, want %d", c.articles, c.policy, got, c.want)
		}
	}
}

func TestProblemsOfAPolicy(t *testing.T) {
	bad := sources.Policy{
		Include: []string{"sport"}, Exclude: []string{"ads"}, Languages: []string{""}, ArticlesPerDay: -1,
	}
	want := `include: "sport" must start with / or *
exclude: "ads" must start with / or *
languages: "" is empty or longer than 200 bytes
the numbers of articles and requests must not be negative`
	for range 10 {
		if err := bad.Validate(); err == nil || err.Error() != want {
			t.Fatalf("%v\nwant %s", err, want)
		}
	}
}

// TestSourcesOnHost finds the sources whose home pages are on a host, whatever their paths.
func TestSourcesOnHost(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		ids := map[string]string{}
		for _, home := range []string{
			"https://example.com/", "https://example.com/news/", "http://www.example.com/sport",
			"https://example.com.example/", "https://news.example.com/", "https://example.com:8443/",
		} {
			source := sources.New(parse(t, home), nil, time.Now())
			if err := s.Add(t.Context(), source, nil); err != nil {
				t.Fatal(err)
			}
			ids[source.ID] = home
		}
		for host, want := range map[string]int{
			"example.com": 3, "www.example.com": 3, "news.example.com": 1, "none.example": 0,
		} {
			got, err := s.OnHost(t.Context(), host)
			if err != nil || len(got) != want {
				t.Errorf("%s has %d sources, %v; want %d", host, len(got), err, want)
			}
			for _, id := range got {
				if !strings.Contains(ids[id]+"/", strings.TrimPrefix(host, "www.")+"/") {
					t.Errorf("%s is not on %s", ids[id], host)
				}
			}
		}
	})
}

// TestVisits takes a third of a budget for visits.
func TestVisits(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, _ := add(t, s, "/feed.xml")
		now, taken := time.Now(), 0
		for range 20 {
			ok, err := s.TakeVisit(t.Context(), source.ID, now, 30)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				taken++
			}
		}
		if taken != 10 {
			t.Errorf("%d visits, want a third of 30", taken)
		}
		if ok, err := s.TakeVisit(t.Context(), source.ID, now.Add(25*time.Hour), 30); !ok || err != nil {
			t.Errorf("a day later: %t, %v", ok, err)
		}
		for budget, want := range map[int]bool{1: false, 2: false, 3: true} {
			at := now.Add(time.Duration(budget) * 48 * time.Hour)
			if ok, err := s.TakeVisit(t.Context(), source.ID, at, budget); ok != want || err != nil {
				t.Errorf("of %d requests, a visit is possible: %t, %v", budget, ok, err)
			}
		}
	})
}

// TestSearchAgain searches for the endpoints of a source when the last one has died, but not
// twice in a day.
func TestSearchAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, _ := add(t, s, "/feed.xml", "/other.xml")
		now := time.Now().Add(48 * time.Hour)
		dead := func(at time.Time) int {
			ids, err := s.Dead(t.Context(), at.Add(-24*time.Hour), 10)
			if err != nil {
				t.Fatal(err)
			}
			return len(ids)
		}
		if n := dead(now); n != 0 {
			t.Errorf("%d dead sources, want none: the endpoints have not been polled", n)
		}
		for _, e := range claim(t, s, now, 10) {
			e.Settled, e.State, e.Reason, e.NextPoll = e.Poll, sources.Retired, "gone", now.Add(100*time.Hour)
			if ok, err := s.Settle(t.Context(), e, sources.Reading{}); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		if n := dead(now); n != 1 {
			t.Fatalf("%d dead sources, want 1", n)
		}
		states, overdue, err := s.Health(t.Context(), now)
		if err != nil || states[sources.Active] != 1 || states[sources.DeadSource] != 1 || overdue != 0 {
			t.Errorf("health: %v, %s, %v", states, overdue, err)
		}
		for i, want := range []bool{true, false} {
			begun, err := s.SearchAgain(t.Context(), source.ID, now, now.Add(-24*time.Hour), "home", "index")
			if err != nil || begun != want {
				t.Errorf("search %d: begun %t, %v", i, begun, err)
			}
		}
		if n := len(claim(t, s, now, 10)); n != 2 {
			t.Errorf("%d endpoints are tried again, want 2", n)
		}
		if n := dead(now.Add(time.Hour)); n != 0 {
			t.Errorf("%d dead sources right after a search", n)
		}
	})
}

// TestSearchAgainBesidePolls begins searches for a source while its endpoints are claimed.
func TestSearchAgainBesidePolls(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, _ := add(t, s, "/feed.xml", "/other.xml")
		const rounds = 100
		start := time.Now()
		var tasks errgroup.Group
		tasks.Go(func() error {
			for range rounds {
				if _, err := s.Claim(t.Context(), start.Add(time.Hour), start, 10, 1_000_000); err != nil {
					return err
				}
			}
			return nil
		})
		tasks.Go(func() error {
			for i := range rounds {
				now := start.Add(time.Duration(i) * time.Second)
				if _, err := s.SearchAgain(t.Context(), source.ID, now, now, "test", "index"); err != nil {
					return err
				}
			}
			return nil
		})
		if err := tasks.Wait(); err != nil {
			t.Error(err)
		}
	})
}
