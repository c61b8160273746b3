package sources_test

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return goleak.Find() }))
}

// plentiful is a number of polls a day that no test reaches.
const plentiful = 1_000

const feed = datelinev1.Purpose_PURPOSE_FEED

// eachStore runs a test with each kind of database.
func eachStore(t *testing.T, test func(*testing.T, *sources.Sources)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s store.Store) { test(t, sources.Of(s)) })
}

func parse(t *testing.T, raw string) weburl.URL {
	t.Helper()
	url, err := weburl.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// add adds a source with endpoints at paths.
func add(t *testing.T, s *sources.Sources, paths ...string) (sources.Source, []sources.Endpoint) {
	t.Helper()
	source := sources.New(parse(t, "https://example.com/"), map[string]string{"a": "b"}, time.Now())
	var endpoints []sources.Endpoint
	for _, path := range paths {
		endpoints = append(endpoints, sources.NewEndpoint(source.ID, parse(t, "https://example.com"+path), feed, "test"))
	}
	if err := s.Add(t.Context(), source, endpoints); err != nil {
		t.Fatal(err)
	}
	return source, endpoints
}

// claim claims endpoints, and notes that their requests were published.
func claim(t *testing.T, s *sources.Sources, now time.Time, limit int) []sources.Endpoint {
	t.Helper()
	claimed, err := s.Claim(t.Context(), now, now.Add(time.Minute), limit, plentiful)
	if err == nil {
		err = s.Requested(t.Context(), claimed, now.Add(time.Hour))
	}
	if err != nil {
		t.Fatal(err)
	}
	return claimed
}

func TestSourceLives(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, _ := add(t, s, "/feed.xml")
		add(t, s, "/feed.xml", "/other.xml")
		got, err := s.Get(t.Context(), source.ID)
		if err != nil || got.URL != source.URL || got.Labels["a"] != "b" || got.State != sources.Active {
			t.Errorf("%+v, %v", got, err)
		}
		if all, err := s.Endpoints(t.Context(), source.ID); err != nil || len(all) != 2 {
			t.Errorf("%d endpoints, %v", len(all), err)
		}
		if err := s.SetState(t.Context(), source.ID, sources.Paused); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if due := claim(t, s, now, 10); len(due) != 0 {
			t.Errorf("%d endpoints of a paused source are due", len(due))
		}
		if err := s.SetState(t.Context(), source.ID, sources.Active); err != nil {
			t.Fatal(err)
		}
		if due := claim(t, s, now, 10); len(due) != 2 {
			t.Errorf("%d endpoints are due, want 2", len(due))
		}
		if err := s.Remove(t.Context(), source.ID); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			s.Remove(t.Context(), source.ID), s.SetState(t.Context(), source.ID, sources.Active),
		} {
			if !errors.Is(err, sources.ErrNotFound) {
				t.Errorf("a source that was removed: %v", err)
			}
		}
	})
}

// TestIDsFromUsers looks up ids that no database can store.
func TestIDsFromUsers(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		for _, id := range []string{"a\x00", "\xff"} {
			_, err := s.Get(t.Context(), id)
			for _, err := range []error{
				err, s.Remove(t.Context(), id), s.SetState(t.Context(), id, sources.Paused),
				s.SetPolicy(t.Context(), id, sources.Policy{}),
			} {
				if !errors.Is(err, sources.ErrNotFound) {
					t.Errorf("id %q: %v, want that there is no such source", id, err)
				}
			}
			if all, err := s.List(t.Context(), id, 1); err != nil || len(all) != 0 {
				t.Errorf("sources after %q: %d, %v", id, len(all), err)
			}
		}
	})
}

// TestReasonFromSite stores a reason that quotes what a site has sent: any bytes, of any
// length.
func TestReasonFromSite(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		_, endpoints := add(t, s, "/feed.xml")
		e := claim(t, s, time.Now(), 10)[0]
		e.Settled, e.Reason = e.Poll, "invalid name: \xff\x00"+strings.Repeat("a", 1<<20)
		if ok, err := s.Settle(t.Context(), e, sources.Reading{}); !ok || err != nil {
			t.Fatalf("settled: %v, %v", ok, err)
		}
		got, err := s.Endpoint(t.Context(), endpoints[0].ID)
		if err != nil || !strings.HasPrefix(got.Reason, "invalid name: \uFFFDaaa") || len(got.Reason) > 4096 {
			t.Errorf("reason %.40q of %d bytes, %v", got.Reason, len(got.Reason), err)
		}
	})
}

// TestSettle stores the responses of an endpoint in any order.
func TestSettle(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, endpoints := add(t, s, "/feed.xml")
		now := time.Now().UTC().Truncate(time.Microsecond)
		first := claim(t, s, now, 10)[0]
		second := claim(t, s, now.Add(2*time.Hour), 10)[0]
		if second.Poll != first.Poll+1 {
			t.Fatalf("polls %d and %d", first.Poll, second.Poll)
		}
		named := sources.NewEndpoint(source.ID, parse(t, "https://example.com/more.xml"), feed, "test")
		second.Settled, second.State, second.Articles = second.Poll, sources.Active, 3
		second.NewTime, second.NextPoll = now, now.Add(24*time.Hour)
		if ok, err := s.Settle(t.Context(), second, sources.Reading{
			Signature: []byte{1, 2}, Named: []sources.Endpoint{named},
		}); !ok || err != nil {
			t.Fatalf("settled: %v, %v", ok, err)
		}
		first.Settled, first.Articles = first.Poll, 9
		for _, late := range []sources.Endpoint{first, second} {
			if ok, err := s.Settle(t.Context(), late, sources.Reading{}); ok || err != nil {
				t.Errorf("poll %d settled again: %v, %v", late.Poll, ok, err)
			}
		}
		got, err := s.Endpoint(t.Context(), endpoints[0].ID)
		if err != nil || got.Articles != 3 || string(got.Signature) != "\x01\x02" || !got.NewTime.Equal(now) {
			t.Errorf("%+v, %v", got, err)
		}
		if due := claim(t, s, now.Add(3*time.Hour), 10); len(due) != 1 || due[0].ID != named.ID {
			t.Errorf("due: %+v", due)
		}
		if counts, err := s.Count(t.Context()); err != nil || counts[sources.Active] != 1 || counts[sources.Candidate] != 1 {
			t.Errorf("%v, %v", counts, err)
		}
	})
}

// TestReplicasClaim has several replicas claim endpoints at the same time: each endpoint
// is claimed once.
func TestReplicasClaim(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		var paths []string
		for i := range sources.MaxEndpoints + 10 {
			paths = append(paths, "/feeds/"+string(rune('a'+i%26))+string(rune('a'+i/26)))
		}
		add(t, s, paths...)
		now := time.Now()
		var mu sync.Mutex
		times := map[string]int{}
		var replicas sync.WaitGroup
		for range 4 {
			replicas.Go(func() {
				for {
					claimed, err := s.Claim(t.Context(), now, now.Add(time.Hour), 7, plentiful)
					if err != nil {
						t.Error(err)
					}
					if len(claimed) == 0 {
						return
					}
					mu.Lock()
					for _, e := range claimed {
						times[e.ID]++
					}
					mu.Unlock()
				}
			})
		}
		replicas.Wait()
		if len(times) != sources.MaxEndpoints {
			t.Errorf("%d endpoints were claimed, want %d", len(times), sources.MaxEndpoints)
		}
		for id, n := range times {
			if n != 1 {
				t.Errorf("endpoint %s was claimed %d times", id, n)
			}
		}
	})
}

// TestUnpublishedClaims has a replica claim endpoints and stop before it stores that it has
// published their requests. The next owner gets the same polls, unless a response was read.
func TestUnpublishedClaims(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		_, endpoints := add(t, s, "/lost.xml", "/published.xml", "/read.xml")
		start := time.Now()
		lease := start.Add(time.Minute)
		claimAt := func(now time.Time) map[string]sources.Endpoint {
			t.Helper()
			claimed, err := s.Claim(t.Context(), now, now.Add(time.Minute), 10, plentiful)
			if err != nil {
				t.Fatal(err)
			}
			byID := map[string]sources.Endpoint{}
			for _, e := range claimed {
				byID[e.ID] = e
			}
			return byID
		}
		first := claimAt(start)
		lost, published, read := first[endpoints[0].ID], first[endpoints[1].ID], first[endpoints[2].ID]
		if len(first) != 3 || len(claimAt(lease.Add(-time.Second))) != 0 {
			t.Fatalf("%d endpoints were claimed, or some again while the lease lasts", len(first))
		}
		if err := s.Requested(t.Context(), []sources.Endpoint{published}, start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		read.Settled, read.NextPoll = read.Poll, lease
		if ok, err := s.Settle(t.Context(), read, sources.Reading{}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		second := claimAt(lease)
		if len(second) != 2 || second[lost.ID].Poll != lost.Poll || second[read.ID].Poll != read.Poll+1 {
			t.Errorf("claimed %+v, want the lost poll again and the next poll of the endpoint that was read", second)
		}
		// The first owner was only slow: what it stores of polls that others have continued is ignored.
		if err := s.Requested(t.Context(), []sources.Endpoint{read}, start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		third := claimAt(lease.Add(time.Minute))
		if len(third) != 2 || third[read.ID].Poll != read.Poll+1 {
			t.Errorf("claimed %+v, want the two polls again", third)
		}
		if last := claimAt(start.Add(time.Hour)); last[published.ID].Poll != published.Poll+1 {
			t.Errorf("claimed %+v, want the next poll of the endpoint whose request was published", last)
		}
	})
}

// TestForget deletes retired endpoints, and adds them again.
func TestForget(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, first := add(t, s, "/feed.xml")
		e := claim(t, s, time.Now(), 1)[0]
		e.Settled, e.State, e.PollTime = e.Poll, sources.Retired, time.Now()
		if ok, err := s.Settle(t.Context(), e, sources.Reading{}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		for _, test := range []struct {
			hint   string
			before time.Time
			left   int
		}{
			{"other", time.Now().Add(time.Hour), 1}, {"test", time.Now().Add(-time.Hour), 1},
			{"test", time.Now().Add(time.Hour), 0},
		} {
			if err := s.Forget(t.Context(), test.hint, test.before); err != nil {
				t.Fatal(err)
			}
			if all, err := s.Endpoints(t.Context(), source.ID); err != nil || len(all) != test.left {
				t.Errorf("%s: %d endpoints are left, want %d, %v", test.hint, len(all), test.left, err)
			}
		}
		if err := s.Add(t.Context(), source, first); err != nil {
			t.Fatal(err)
		}
		if again := claim(t, s, time.Now(), 1); len(again) != 1 || again[0].Poll <= e.Poll {
			t.Errorf("claimed %+v, want a later poll than %d", again, e.Poll)
		}
	})
}

func TestBudget(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, _ := add(t, s, "/a.xml", "/b.xml", "/c.xml")
		now := time.Now()
		for _, test := range []struct {
			at   time.Time
			want int
		}{{now, 1}, {now.Add(5 * time.Hour), 1}, {now.Add(23 * time.Hour), 0}, {now.Add(24 * time.Hour), 1},
			{now.Add(25 * time.Hour), 0}} {
			claimed, err := s.Claim(t.Context(), test.at, test.at.Add(time.Hour), 1, 2)
			if err != nil || len(claimed) != test.want {
				t.Errorf("at %s: claimed %d, %v; want %d", test.at, len(claimed), err, test.want)
			}
		}
		got, err := s.Get(t.Context(), source.ID)
		if used := got.Budget.Used(now.Add(25 * time.Hour)); err != nil || used != 2 {
			t.Errorf("%d requests in 24 hours, %v; want 2", used, err)
		}
	})
}

// TestSpread starts after a pause in which three of four endpoints became due, and one that
// is still a candidate.
func TestSpread(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		_, endpoints := add(t, s, "/a", "/b", "/c", "/d", "/candidate")
		now := time.Now().Truncate(time.Microsecond)
		for i, late := range []time.Duration{time.Hour, 2 * time.Hour, time.Minute, -time.Minute} {
			e, err := s.Endpoint(t.Context(), endpoints[i].ID)
			if err != nil {
				t.Fatal(err)
			}
			e.State, e.NextPoll, e.Settled = sources.Active, now.Add(-late), e.Settled+1
			if stored, err := s.Settle(t.Context(), e, sources.Reading{}); !stored || err != nil {
				t.Fatal(stored, err)
			}
		}
		if n, err := s.Spread(t.Context(), now, time.Second, 6*time.Millisecond); n != 3 || err != nil {
			t.Fatalf("%d endpoints, %v, want 3", n, err)
		}
		for i, want := range []string{"/candidate", "", "/b", "", "/a", "", "/c", ""} {
			got := ""
			for _, e := range claim(t, s, now.Add(time.Duration(i)*time.Millisecond), 10) {
				got += e.URL[len("https://example.com"):]
			}
			if got != want {
				t.Errorf("after %d ms: %q, want %q", i, got, want)
			}
		}
	})
}
