package frontier

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
)

// TestLargeBacklogIsVisitedInOrder starts a replica with a backlog that counts as large. It visits the hosts
// in the order of their URLs in the stream.
func TestLargeBacklogIsVisitedInOrder(t *testing.T) {
	server, js := newServer(t)
	var want []string
	for _, i := range rand.Perm(50) {
		url := fmt.Sprintf("https://site%d.example/", i)
		put(t, js, url, time.Time{})
		want = append(want, url)
	}
	nc, js := natstest.Connect(t, server)
	visitor := &recorder{}
	f, err := New(t.Context(), nc, js, Config{
		Replica: "a", MaxInFlight: 1, DrainTimeout: time.Second, Visitor: visitor,
		MaxRetryWait: time.Hour, Log: slog.New(slog.DiscardHandler), Now: time.Now, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.locateMin = 1
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	waitUntilEmpty(t, js)
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if got := visitor.urls(); !slices.Equal(got, want) {
		t.Errorf("the visits are %q, want %q", got, want)
	}
}

// TestHostsWaitToBeLocated has hosts that were listed. A host is due once its first URL was found or a new
// URL has arrived, and the others when all have waited long enough.
func TestHostsWaitToBeLocated(t *testing.T) {
	clock := time.Now()
	f := &Frontier{
		Config: Config{Now: func() time.Time { return clock }},
		leases: &leases{now: func() time.Time { return clock }, held: map[int]lease{}},
		wake:   make(chan struct{}, 1), locating: make(chan struct{}, 1),
		hosts: map[string]*host{}, busy: map[int]int{}, closed: map[int]bool{},
	}
	name := func(key string) string { return subject.Frontier(1, subject.LaneFresh, key) }
	due := func(what, want string) {
		t.Helper()
		h, wait := f.take()
		if want == "" {
			if h != nil || wait != locatePatience {
				t.Fatalf("%s: %+v is due, and the next in %s", what, h, wait)
			}
			return
		}
		if h == nil || h.key != want {
			t.Fatalf("%s: %+v is due, want %s", what, h, want)
		}
		f.giveBack(h, clock.Add(time.Hour), false)
	}
	listed := f.beginLocating(1)
	for _, key := range []string{"a", "b", "c"} {
		f.add(name(key), 1, clock, false)
	}
	due("listed", "")
	f.add(name("new"), 1, clock, true)
	due("a host that was not listed", "new")
	f.add(name("a"), 1, clock, true)
	due("with a new URL after others", "")
	f.hosts["b"].lanes[laneFresh].filled = false // it has URLs in another lane
	f.add(name("b"), 1, clock, true)
	due("with a first URL", "b")
	f.place(f.hosts["a"], 7)
	due("located", "a")
	f.place(f.hosts["b"], 8)
	due("located during its pause", "")
	listed()
	<-f.locating
	f.endLocating()
	due("not located", "c")
}
