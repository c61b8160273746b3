package site

import (
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/weburl"
)

// TestPausesReachTheNextOwner has two owners of a host, which see each other's pauses
// after each takeover, whatever the scheme of the URL.
func TestPausesReachTheNextOwner(t *testing.T) {
	_, js := natstest.Start(t)
	clock := time.Now().Truncate(time.Second)
	owner := func() *Pauses {
		pauses, err := OpenPauses(t.Context(), js, time.Second, time.Hour, func() time.Time { return clock })
		if err != nil {
			t.Fatal(err)
		}
		return pauses
	}
	parse := func(text string) weburl.URL {
		url, err := weburl.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return url
	}
	secure, plain := parse("https://example.com/a"), parse("http://example.com/b")
	// takeOver returns how long an owner that takes the host now waits.
	takeOver := func(pauses *Pauses, url weburl.URL) (first, rest time.Duration) {
		t.Helper()
		pause, err := pauses.Get(t.Context(), url, clock)
		if err != nil {
			t.Fatal(err)
		}
		return pause.First.Sub(clock), max(0, pause.Until.Sub(clock))
	}
	expect := func(what string, pauses *Pauses, url weburl.URL, first, rest time.Duration) {
		t.Helper()
		if gotFirst, gotRest := takeOver(pauses, url); gotFirst < first || gotFirst > 2*first || gotRest != rest {
			t.Errorf("%s: the next owner waits %s and rests for %s, want %s and %s", what, gotFirst, gotRest, first, rest)
		}
	}
	usual := func(pauses *Pauses, length time.Duration) {
		t.Helper()
		if err := pauses.Usual(t.Context(), secure, length); err != nil {
			t.Fatal(err)
		}
	}
	rest := func(pauses *Pauses, length time.Duration) {
		t.Helper()
		if err := pauses.Rest(t.Context(), secure, length); err != nil {
			t.Fatal(err)
		}
	}
	a, b := owner(), owner()
	expect("unknown host", a, secure, 0, 0)
	usual(a, time.Second)
	expect("usual pause", b, secure, 0, 0)
	usual(b, 20*time.Second)
	clock = clock.Add(time.Second)
	expect("long pause", a, plain, 20*time.Second, 0)
	usual(a, 2*time.Second)
	rest(a, 2*time.Minute)
	rest(a, time.Minute)
	expect("a shorter rest later", b, plain, 20*time.Second, 2*time.Minute)
	clock = clock.Add(refreshPause + time.Second)
	usual(b, time.Second)
	clock = clock.Add(time.Second)
	expect("pause became shorter", a, secure, 0, 0)
}
