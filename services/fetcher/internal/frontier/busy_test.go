package frontier

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestBusyPartitionIsKept has a partition that is to move to another replica. It is not released while a visit is in
// progress, because the next owner would visit the same host meanwhile. Once it is to be released, no visit begins.
func TestBusyPartitionIsKept(t *testing.T) {
	const partition, idle = 3, 4
	clock := time.Now()
	f := &Frontier{
		Config: Config{Now: func() time.Time { return clock }},
		wake:   make(chan struct{}, 1), hosts: map[string]*host{}, busy: map[int]int{}, closed: map[int]bool{},
	}
	take := func(wanted int) (taken []*host) {
		t.Helper()
		for {
			h, _ := f.take()
			if h == nil {
				break
			}
			taken = append(taken, h)
		}
		if len(taken) != wanted {
			t.Fatalf("%d visits begin, want %d", len(taken), wanted)
		}
		return taken
	}
	for _, key := range []string{"example.one", "example.two"} {
		f.add(subject.Frontier(partition, subject.LaneFresh, key), partition, clock, false)
	}
	if !f.setClosed(idle, true) {
		t.Error("a partition without visits is not released")
	}
	for ended, h := range take(2) {
		if f.setClosed(partition, true) {
			t.Fatalf("the partition is released after the end of %d of 2 visits", ended)
		}
		f.giveBack(h, clock, false)
	}
	take(0)
	if !f.setClosed(partition, true) {
		t.Fatal("the partition is not released after the visits")
	}
	f.setClosed(partition, false) // the other replica has stopped
	clock = clock.Add(retryPause)
	take(2)
}

// TestPartitionThatIsAlwaysBusy has a replica that joins while the other one makes visits. No further visits begin in
// its partitions, which it gets when those in progress have ended. If it stops before, the visits go on.
func TestPartitionThatIsAlwaysBusy(t *testing.T) {
	server, js := newServer(t)
	var urls []string // of one partition
	partition := -1
	for i := 0; len(urls) < 3; i++ {
		url := fmt.Sprintf("https://site%d.example/", i)
		name, err := subjectOf(&datelinev1.FrontierEntry{Url: url})
		if err != nil {
			t.Fatal(err)
		}
		p, _ := partitionOf(name)
		if partition < 0 && preferred([]string{"a", "b"}, p) == "b" {
			partition = p
		}
		if p == partition {
			urls = append(urls, url)
		}
	}
	ending := make(chan struct{})
	end := sync.OnceFunc(func() { close(ending) })
	ofA, ofB := &recorder{decide: func(*Entry) (Decision, error) {
		<-ending
		return Decision{}, nil
	}}, &recorder{}
	a := join(t, server, "a", ofA)
	t.Cleanup(end)
	isClosed := func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.closed[partition]
	}
	visited := func(by *recorder, want ...string) {
		t.Helper()
		natstest.Eventually(t, fmt.Sprint("the visits to ", want), func() bool { return slices.Equal(by.urls(), want) })
	}
	natstest.Eventually(t, "a owns all partitions", a.ownsAll)
	put(t, js, urls[0], time.Time{})
	visited(ofA, urls[0])
	b := join(t, server, "b", ofB)
	natstest.Eventually(t, "a begins no further visits", isClosed)
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	put(t, js, urls[1], time.Time{})
	visited(ofA, urls[:2]...)

	join(t, server, "b", ofB)
	natstest.Eventually(t, "a begins no further visits", isClosed)
	put(t, js, urls[2], time.Time{})
	end()
	visited(ofB, urls[2])
	visited(ofA, urls[:2]...)
}
