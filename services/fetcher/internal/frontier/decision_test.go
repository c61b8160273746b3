package frontier

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestUndecodableEntriesAreRefused(t *testing.T) {
	server, js := newServer(t)
	for _, data := range []string{"\xff\xff", "\xfe\xff"} {
		name := subject.Frontier(3, subject.LaneFresh, "example.site")
		if _, err := js.Publish(t.Context(), name, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	visitor := &recorder{}
	join(t, server, "a", visitor)
	waitUntilEmpty(t, js)
	if want := []uint64{1, 2}; !slices.Equal(visitor.refused, want) {
		t.Errorf("refused the entries %v, want %v", visitor.refused, want)
	}
}

func TestDecisions(t *testing.T) {
	server, js := newServer(t)
	steps := map[string]int{} // unguarded: only one visit at a time is in progress here
	visitor := &recorder{}
	visitor.decide = func(e *Entry) (Decision, error) {
		steps[e.GetUrl()]++
		next := &datelinev1.FrontierEntry{Request: e.GetRequest(), Attempts: e.GetAttempts() + 1}
		switch e.GetUrl() {
		case "https://one.example/start":
			if steps[e.GetUrl()] == 1 {
				return Decision{}, errors.New("stream unavailable")
			}
			next.Url = "https://one.example/again"
			return Decision{Again: next}, nil
		case "https://one.example/again":
			next.Url = "https://two.example/end"
			return Decision{Requeue: next}, nil
		}
		if e.GetAttempts() != 2 {
			t.Errorf("the entry arrives with %d attempts, want 2", e.GetAttempts())
		}
		return Decision{}, nil
	}
	put(t, js, "https://one.example/start", time.Time{})
	join(t, server, "a", visitor)
	waitUntilEmpty(t, js)
	want := []string{
		"https://one.example/start", "https://one.example/start", "https://one.example/again", "https://two.example/end",
	}
	if got := visitor.urls(); !slices.Equal(got, want) {
		t.Errorf("visits: %v, want %v", got, want)
	}
}

func TestFullHostQueueRefusesNoOtherHost(t *testing.T) {
	_, js := newServerWith(t, topology.Limits{PerHost: 2})
	for i := range 3 {
		err := tryPut(t, js, fmt.Sprintf("https://full.example/%d", i), time.Time{})
		if full := errors.Is(err, ErrHostFull); full != (i == 2) {
			t.Errorf("URL %d: %v", i, err)
		}
	}
	if err := tryPut(t, js, "https://other.example/", time.Time{}); err != nil {
		t.Error(err)
	}
}

// TestFullRedirectTargetDelaysNoOther has a URL at the head of its queue that
// leads to a host whose queue is full.
func TestFullRedirectTargetDelaysNoOther(t *testing.T) {
	server, js := newServerWith(t, topology.Limits{PerHost: 3})
	later := time.Now().Add(time.Hour)
	for i := range 3 {
		put(t, js, fmt.Sprintf("https://full.example/%d", i), later)
		put(t, js, fmt.Sprintf("https://from.example/%d", i), time.Time{})
	}
	visitor := &recorder{decide: func(e *Entry) (Decision, error) {
		if strings.HasSuffix(e.GetUrl(), "from.example/0") {
			return Decision{Requeue: &datelinev1.FrontierEntry{Url: "https://full.example/new", Request: e.GetRequest()}}, nil
		}
		return Decision{}, nil
	}}
	join(t, server, "a", visitor)
	natstest.Eventually(t, "the other URLs are visited", func() bool {
		return natstest.Count(t, js, subject.StreamFrontier) == 4
	})
	want := []string{"https://from.example/0", "https://from.example/1", "https://from.example/2"}
	got := visitor.urls() // the first URL may have been tried again meanwhile
	if !slices.Equal(got[:min(len(got), len(want))], want) {
		t.Errorf("visits: %v, want %v", got, want)
	}
}
