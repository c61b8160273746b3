package sources_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// TestArticlesTeach claims articles whose outcomes are awaited, and deletes them once they
// have taught something.
func TestArticlesTeach(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, _ := add(t, s, "/feed.xml")
		now := time.Now().UTC().Truncate(time.Microsecond)
		e := claim(t, s, now, 1)[0]
		e.Settled = e.Poll
		var found []sources.Article
		for i, age := range []time.Duration{time.Minute, 6 * time.Minute, 30 * time.Minute, 80 * time.Hour} {
			found = append(found, sources.Article{
				RequestID: fmt.Sprint(i), SourceID: source.ID, URL: fmt.Sprintf("https://example.com/%d", i),
				FindTime: now.Add(-age), Request: []byte("request"),
			})
		}
		if ok, err := s.Settle(t.Context(), e, sources.Reading{Found: found}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		look := func(at time.Time) (ids string, claimed []sources.Article) {
			claimed, err := s.ClaimArticles(t.Context(), at, at.Add(-72*time.Hour), 10)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for _, a := range claimed {
				seen[a.RequestID] = true
			}
			for i := range found {
				if seen[fmt.Sprint(i)] {
					ids += fmt.Sprint(i)
				}
			}
			return ids, claimed
		}
		ids, claimed := look(now)
		if ids != "12" || claimed[0].SourceID != source.ID || claimed[0].FindTime.After(now) {
			t.Fatalf("claimed %s, %+v", ids, claimed)
		}
		if ids, _ := look(now); ids != "" {
			t.Errorf("claimed %s again at once", ids)
		}
		if ids, _ := look(now.Add(10 * time.Minute)); ids != "01" {
			t.Errorf("after 10 minutes: claimed %q, want the youngest two", ids)
		}
		for _, want := range []int{2, 0} { // the second call finds them deleted
			err := s.Learn(t.Context(), source.ID, claimed, func(shapes []byte, ended []sources.Article) []byte {
				if len(ended) != want {
					t.Errorf("%d articles have ended, want %d", len(ended), want)
				}
				return append(shapes, byte(len(ended)))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if shapes, err := s.Shapes(t.Context(), source.ID); err != nil || string(shapes) != "\x02\x00" {
			t.Errorf("shapes %q, %v", shapes, err)
		}
		checkVisit(t, s, source, claimed[0], now)
		if err := s.Remove(t.Context(), source.ID); err != nil {
			t.Fatal(err)
		}
		if ids, _ := look(now.Add(time.Hour)); ids != "" {
			t.Errorf("a removed source awaits %s", ids)
		}
		err := s.Learn(t.Context(), source.ID, claimed, func([]byte, []sources.Article) []byte { return []byte("late") })
		if err != nil {
			t.Error(err)
		}
		if shapes, err := s.Shapes(t.Context(), source.ID); err != nil || shapes != nil {
			t.Errorf("a removed source has the shapes %q, %v", shapes, err)
		}
	})
}

// checkVisit finds an article again, plans a visit and makes it.
func checkVisit(t *testing.T, s *sources.Sources, source sources.Source, a sources.Article, now time.Time) {
	t.Helper()
	claim := func(at time.Time) (got sources.Article) {
		all, err := s.ClaimArticles(t.Context(), at, at.Add(-72*time.Hour), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			if one.URL == a.URL {
				got = one
			}
		}
		return got
	}
	e, err := s.Endpoints(t.Context(), source.ID)
	if err != nil {
		t.Fatal(err)
	}
	e[0].Settled = e[0].Poll + 1
	a.FindTime, a.Request = now, []byte("request")
	if ok, err := s.Settle(t.Context(), e[0], sources.Reading{Found: []sources.Article{a}}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	a.Next = now.Add(time.Hour)
	err = s.Learn(t.Context(), source.ID, []sources.Article{a}, func([]byte, []sources.Article) []byte { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if got := claim(now.Add(50 * time.Minute)); got.URL != "" {
		t.Errorf("%+v is visited too early", got)
	}
	due := claim(now.Add(61 * time.Minute))
	if due.Awaited || due.Visit != 0 || string(due.Request) != "request" {
		t.Fatalf("due: %+v", due)
	}
	if err := s.Visited(t.Context(), due, "visit.1", now.Add(61*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := claim(now.Add(70 * time.Minute)); !got.Awaited || got.Visit != 1 || got.RequestID != "visit.1" {
		t.Errorf("after the visit: %+v", got)
	}
}

// TestArticleFoundTwice visits an article that was found by two requests.
func TestArticleFoundTwice(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, _ := add(t, s, "/feed.xml")
		now := time.Now().UTC().Truncate(time.Microsecond)
		e := claim(t, s, now, 1)[0]
		e.Settled = e.Poll
		found := make([]sources.Article, 2)
		for i := range found {
			found[i] = sources.Article{
				RequestID: fmt.Sprint(i), SourceID: source.ID, URL: "https://example.com/a", FindTime: now,
				Next: now.Add(time.Hour),
			}
		}
		if ok, err := s.Settle(t.Context(), e, sources.Reading{Found: found}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		err := s.Learn(t.Context(), source.ID, found, func([]byte, []sources.Article) []byte { return nil })
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range found {
			if err := s.Visited(t.Context(), a, "visit.1", now.Add(time.Hour)); err != nil {
				t.Errorf("visiting article %s: %v", a.RequestID, err)
			}
		}
		left, err := s.ClaimArticles(t.Context(), now.Add(2*time.Hour), now, 10)
		if err != nil || len(left) != 1 || left[0].RequestID != "visit.1" || left[0].Visit != 1 {
			t.Errorf("%+v, %v: want one article that was visited", left, err)
		}
	})
}

// TestAwaitedArticlesAreBounded finds more articles than a source may await.
func TestAwaitedArticlesAreBounded(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, _ := add(t, s, "/feed.xml")
		now := time.Now()
		settle := func(from, n int) {
			e := claim(t, s, now, 1)[0]
			e.Settled, e.NextPoll = e.Poll, now
			found := make([]sources.Article, n)
			for i := range found {
				found[i] = sources.Article{
					RequestID: fmt.Sprint(from + i), URL: "https://example.com/", FindTime: now.Add(-time.Hour),
				}
			}
			if ok, err := s.Settle(t.Context(), e, sources.Reading{Found: found}); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		settle(0, sources.MaxArticles-1)
		settle(sources.MaxArticles, 5)
		look := func(at time.Time) []sources.Article {
			claimed, err := s.ClaimArticles(t.Context(), at, now.Add(-72*time.Hour), 2*sources.MaxArticles)
			if err != nil {
				t.Fatal(err)
			}
			return claimed
		}
		claimed := look(now)
		if len(claimed) != sources.MaxArticles {
			t.Fatalf("%d articles are awaited, want %d", len(claimed), sources.MaxArticles)
		}
		// Articles that wait for a visit make room for those whose outcomes teach.
		for i := range claimed[:100] {
			claimed[i].Next = now.Add(time.Hour)
		}
		err := s.Learn(t.Context(), source.ID, claimed[:100], func([]byte, []sources.Article) []byte { return nil })
		if err != nil {
			t.Fatal(err)
		}
		settle(2*sources.MaxArticles, 60)
		visits, young := 0, 0
		for _, a := range look(now.Add(2 * time.Hour)) {
			if !a.Awaited {
				visits++
			}
			if number, err := strconv.Atoi(a.RequestID); err == nil && number >= 2*sources.MaxArticles {
				young++
			}
		}
		if visits != 40 || young != 60 {
			t.Errorf("%d visits and %d new articles are left, want 40 and 60", visits, young)
		}
	})
}
