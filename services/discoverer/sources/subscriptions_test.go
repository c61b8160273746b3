package sources_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/discoverer/internal/hub"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

const hubCallback = "https://dateline.example/hub"

// announceHub settles a poll of the first endpoint that is due, which announces a hub.
func announceHub(t *testing.T, s *sources.Sources, now time.Time, state, at string) sources.Endpoint {
	t.Helper()
	e := claim(t, s, now, 1)[0]
	e.Settled, e.State, e.PollTime, e.NextPoll = e.Poll, state, now, now.Add(time.Minute)
	ok, err := s.Settle(t.Context(), e, sources.Reading{
		Announced: &sources.Announcement{Announced: hub.Announced{Hub: at, Topic: e.URL}},
	})
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	return e
}

func askedHubs(t *testing.T, s *sources.Sources, now time.Time) []sources.Subscription {
	t.Helper()
	claimed, err := s.ClaimSubscriptions(t.Context(), hubCallback, now, now.Add(time.Hour), 10)
	if err != nil {
		t.Fatal(err)
	}
	return claimed
}

// TestSubscriptionLives follows a subscription from its announcement to its end.
func TestSubscriptionLives(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, _ := add(t, s, "/feed.xml")
		now := time.Now().UTC().Truncate(time.Microsecond)
		const first = "https://hub.example/"
		e := announceHub(t, s, now, sources.Active, first)
		asked := askedHubs(t, s, now)
		if len(asked) != 1 || asked[0].Hub != first || asked[0].Topic != e.URL || len(asked[0].Token) != 43 ||
			asked[0].Token == asked[0].Secret || asked[0].State != sources.SubscriptionRequested {
			t.Fatalf("%+v", asked)
		}
		if again := askedHubs(t, s, now.Add(time.Minute)); len(again) != 0 {
			t.Errorf("asked again at once: %+v", again)
		}
		sub := asked[0]
		end := now.Add(24 * time.Hour)
		if err := s.Confirm(t.Context(), sub.Token, end, now.Add(16*time.Hour)); err != nil {
			t.Fatal(err)
		}
		// The answer to the request arrives after the confirmation, which it must not undo.
		err := s.PostponeSubscription(t.Context(), sub, sources.SubscriptionRefused, "late", now.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Pushed(t.Context(), sub.Token, []byte{7}, now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		got, err := s.Subscription(t.Context(), e.ID)
		if err != nil || got.State != sources.SubscriptionSubscribed || got.Reason != "" || !got.LeaseEnd.Equal(end) ||
			got.Pushes != 1 || string(got.Digest) != "\x07" || got.Budget.Used(now) != 1 {
			t.Errorf("%+v, %v", got, err)
		}
		if !got.Delivers(now.Add(time.Hour)) || got.Delivers(end) {
			t.Error("the hub delivers until the end of the lease")
		}
		checkReplaced(t, s, e, sub, now)
		if err := s.Remove(t.Context(), source.ID); err != nil {
			t.Fatal(err)
		}
		counts, err := s.CountSubscriptions(t.Context())
		if err != nil || len(counts) != 1 || counts[sources.SubscriptionLeaving] != 1 {
			t.Errorf("%v, %v", counts, err)
		}
	})
}

// checkReplaced has an endpoint announce another hub, which replaces the first one, but not at once.
func checkReplaced(t *testing.T, s *sources.Sources, e sources.Endpoint, sub sources.Subscription, now time.Time) {
	t.Helper()
	const second = "https://other.example/"
	announceHub(t, s, now.Add(2*time.Hour), sources.Active, second)
	if got, err := s.Subscription(t.Context(), e.ID); err != nil || got.Hub != sub.Hub {
		t.Errorf("%+v, %v", got, err)
	}
	later := now.Add(25 * time.Hour)
	announceHub(t, s, later, sources.Active, second)
	states := map[string]string{}
	for _, one := range askedHubs(t, s, later) {
		states[one.Hub] = one.State
	}
	want := map[string]string{sub.Hub: sources.SubscriptionLeaving, second: sources.SubscriptionRequested}
	if !maps.Equal(states, want) {
		t.Errorf("asked %v", states)
	}
	for _, err := range []error{
		s.Confirm(t.Context(), sub.Token, later, later), s.Deny(t.Context(), sub.Token, "no", later),
		s.Unsubscribe(t.Context(), strings.Repeat("a", 43)),
	} {
		if !errors.Is(err, sources.ErrNotFound) {
			t.Errorf("a subscription that is to be ended, or unknown: %v", err)
		}
	}
	if err := s.Unsubscribe(t.Context(), sub.Token); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SubscriptionOf(t.Context(), sub.Token); !errors.Is(err, sources.ErrNotFound) {
		t.Errorf("the ended subscription: %v", err)
	}
}

// TestSubscriptionsWait has hubs that are not asked: of a paused source, at rest, and of an endpoint
// that was retired before its hub was asked.
func TestSubscriptionsWait(t *testing.T) {
	eachStore(t, func(t *testing.T, s *sources.Sources) {
		source, _ := add(t, s, "/feed.xml")
		now := time.Now().UTC().Truncate(time.Microsecond)
		const at = "https://hub.example/"
		announceHub(t, s, now, sources.Active, at)
		if err := s.SetState(t.Context(), source.ID, sources.Paused); err != nil {
			t.Fatal(err)
		}
		if asked := askedHubs(t, s, now); len(asked) != 0 {
			t.Errorf("asked for a paused source: %+v", asked)
		}
		if err := s.SetState(t.Context(), source.ID, sources.Active); err != nil {
			t.Fatal(err)
		}
		if err := s.RestHub(t.Context(), at, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if asked := askedHubs(t, s, now.Add(time.Hour-time.Second)); len(asked) != 0 {
			t.Errorf("asked a hub at rest: %+v", asked)
		}
		announceHub(t, s, now.Add(2*time.Hour), sources.Retired, at)
		if counts, err := s.CountSubscriptions(t.Context()); err != nil || len(counts) != 0 {
			t.Errorf("%v, %v", counts, err)
		}
		// The hubs of another callback are asked at once.
		add(t, s, "/other.xml")
		announceHub(t, s, now.Add(3*time.Hour), sources.Active, at)
		asked := askedHubs(t, s, now.Add(3*time.Hour))
		if len(asked) != 1 {
			t.Fatalf("%+v", asked)
		}
		for callback, want := range map[string]int{hubCallback: 0, "https://new.example/": 1} {
			if err := s.Resubscribe(t.Context(), callback, now.Add(3*time.Hour)); err != nil {
				t.Fatal(err)
			}
			if got := askedHubs(t, s, now.Add(3*time.Hour)); len(got) != want {
				t.Errorf("callback %s: %d hubs were asked, want %d", callback, len(got), want)
			}
		}
	})
}
