package frontier

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestStreamCreatedAgain loses the stream during visits, and fills a new one with
// other URLs that get the same sequences. The visits to the old URLs must not
// remove the new ones.
func TestStreamCreatedAgain(t *testing.T) {
	server, js := newServer(t)
	release, started := make(chan struct{}), make(chan struct{}, 16)
	unblock := sync.OnceFunc(func() { close(release) })
	t.Cleanup(unblock)
	visitor := &recorder{decide: func(*Entry) (Decision, error) {
		select {
		case <-release:
		default:
			started <- struct{}{}
			<-release
		}
		return Decision{}, nil
	}}
	a := join(t, server, "a", visitor)
	natstest.Eventually(t, "a owns all partitions", a.ownsAll)
	old := putAll(t, js, 8, 1)
	for range old {
		select {
		case <-started:
		case <-t.Context().Done():
			t.Fatal("the old URLs are not visited")
		}
	}
	if err := js.DeleteStream(t.Context(), subject.StreamFrontier); err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, js, topology.Limits{PerHost: 1000})
	var urls []string
	for i := range old {
		// The first half belongs to hosts with a visit in progress.
		format := "https://site%d.example/new"
		if i >= len(old)/2 {
			format = "https://other%d.example/new"
		}
		url := fmt.Sprintf(format, i)
		put(t, js, url, time.Time{})
		urls = append(urls, url)
	}
	a.list(t.Context(), false)
	unblock()
	waitUntilEmpty(t, js)
	for _, url := range urls {
		if !slices.Contains(visitor.urls(), url) {
			t.Errorf("%s was removed without a visit", url)
		}
	}
}

// TestStreamCreatedAgainBehindCursor creates the stream again while a host has no
// visit in progress, but remembers how far it has read and what it deferred.
func TestStreamCreatedAgainBehindCursor(t *testing.T) {
	server, js := newServer(t)
	visitor := &recorder{}
	a := join(t, server, "a", visitor)
	natstest.Eventually(t, "a owns all partitions", a.ownsAll)
	put(t, js, "https://site.example/late", time.Now().Add(time.Hour))
	put(t, js, "https://site.example/now", time.Time{})
	natstest.Eventually(t, "the URL is visited", func() bool { return len(visitor.urls()) == 1 })
	if err := js.DeleteStream(t.Context(), subject.StreamFrontier); err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, js, topology.Limits{PerHost: 1000})
	put(t, js, "https://site.example/new", time.Time{})
	a.list(t.Context(), false)
	waitUntilEmpty(t, js)
	if got := visitor.urls(); !slices.Contains(got, "https://site.example/new") {
		t.Errorf("visited %v, want the new URL too", got)
	}
}

// TestRemoveTwice removes an entry that is gone, as after a timeout.
func TestRemoveTwice(t *testing.T) {
	_, js := newServer(t)
	stream, err := js.Stream(t.Context(), subject.StreamFrontier)
	if err != nil {
		t.Fatal(err)
	}
	put(t, js, "https://site.example/a", time.Time{})
	put(t, js, "https://site.example/b", time.Time{})
	q := &queue{js: js, stream: stream}
	name, err := subjectOf(&datelinev1.FrontierEntry{Url: "https://site.example/a"})
	if err != nil {
		t.Fatal(err)
	}
	entry, err := q.next(t.Context(), name, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := q.remove(t.Context(), entry); err != nil {
			t.Error(err)
		}
	}
	if n := natstest.Count(t, js, subject.StreamFrontier); n != 1 {
		t.Errorf("%d entries are left, want 1", n)
	}
}

// TestSuccessorsOfTwoStreams gives the entries of two streams the same sequence:
// both successors must be stored.
func TestSuccessorsOfTwoStreams(t *testing.T) {
	_, js := newServer(t)
	f := &Frontier{queue: &queue{js: js}}
	stream, err := js.Stream(t.Context(), subject.StreamFrontier)
	if err != nil {
		t.Fatal(err)
	}
	f.queue.stream = stream
	stored := stream.CachedInfo().Created.Add(-time.Minute)
	for i, url := range []string{"https://site.example/a", "https://site.example/b"} {
		entry := &Entry{
			FrontierEntry: &datelinev1.FrontierEntry{Url: url}, Subject: "frontier.0.none",
			Sequence: 7, Stored: stored.Add(time.Duration(i)),
		}
		if err := f.finish(t.Context(), entry, &Decision{Requeue: &datelinev1.FrontierEntry{Url: url}}); err != nil {
			t.Fatal(err)
		}
	}
	if n := natstest.Count(t, js, subject.StreamFrontier); n != 2 {
		t.Errorf("%d successors are stored, want 2", n)
	}
}
