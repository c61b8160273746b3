package frontier

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestEachURLIsVisitedOnceAndInOrder(t *testing.T) {
	server, js := newServer(t)
	visitor := &recorder{}
	putAll(t, js, 5, 10)
	join(t, server, "a", visitor)
	urls := putAll(t, js, 7, 12) // the stream drops the URLs that it has already
	waitUntilEmpty(t, js)
	got := visitor.urls()
	perHost := map[string][]string{}
	for _, url := range got {
		host, path, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
		perHost[host] = append(perHost[host], path)
	}
	numerically := func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }
	for host, paths := range perHost {
		if !slices.IsSortedFunc(paths, numerically) {
			t.Errorf("%s was visited in the order %v", host, paths)
		}
	}
	slices.Sort(got)
	if len(slices.Compact(got)) != len(got) || len(perHost) != 7 || len(got) < len(urls) {
		t.Errorf("%d visits to %d hosts", len(got), len(perHost))
	}
}

func TestFreshGoesBeforeBackfill(t *testing.T) {
	server, js := newServer(t)
	const site = "https://site.example/"
	enqueue := func(path string, priority datelinev1.Priority) {
		t.Helper()
		request := &datelinev1.FetchRequest{Url: site + path, RequestId: path, Priority: priority}
		if err := Publish(t.Context(), js, path, &datelinev1.FrontierEntry{Url: site + path, Request: request}); err != nil {
			t.Fatal(err)
		}
	}
	const archived = 12
	for i := range archived {
		enqueue(fmt.Sprintf("archive/%d", i), datelinev1.Priority_PRIORITY_BACKFILL)
	}
	enqueue("news/1", datelinev1.Priority_PRIORITY_FRESH)
	enqueue("news/2", datelinev1.Priority_PRIORITY_UNSPECIFIED)
	const key = "example.site"
	visiting, noticed := make(chan struct{}), make(chan struct{})
	proceed := sync.OnceFunc(func() { close(noticed) })
	visitor := &recorder{decide: func(e *Entry) (Decision, error) {
		if e.GetUrl() == site+"archive/1" {
			close(visiting)
			<-noticed
		}
		return Decision{}, nil
	}}
	r := join(t, server, "a", visitor)
	t.Cleanup(proceed)
	<-visiting
	enqueue("news/3", datelinev1.Priority_PRIORITY_FRESH)
	natstest.Eventually(t, "the replica has noticed the news", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.hosts[key].notices > 0
	})
	proceed()
	waitUntilEmpty(t, js)
	got := visitor.urls()
	first := []string{site + "news/1", site + "news/2", site + "archive/0", site + "archive/1", site + "news/3"}
	if len(got) != archived+3 || !slices.Equal(got[:len(first)], first) {
		t.Errorf("visited in the order %v, want %v first", got, first)
	}
	if visitor.overlaps > 0 {
		t.Errorf("the host was visited twice at the same time, from two lanes")
	}
}

func TestNotBeforeTimeDelaysNoOther(t *testing.T) {
	server, js := newServer(t)
	visitor := &recorder{}
	r := join(t, server, "a", visitor)
	natstest.Eventually(t, "the replica owns all partitions", r.ownsAll)
	due := time.Now().Add(2 * time.Second)
	for i, at := range []time.Time{due, {}, {}} {
		put(t, js, fmt.Sprintf("https://site.example/%d", i), at)
	}
	waitUntilEmpty(t, js)
	want := []string{"https://site.example/1", "https://site.example/2", "https://site.example/0"}
	if got := visitor.urls(); !slices.Equal(got, want) {
		t.Fatalf("visited in the order %v, want %v", got, want)
	}
	if last := visitor.recorded()[2].time; last.Before(due) {
		t.Errorf("visited %s early", due.Sub(last))
	}
}
