package natstest_test

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// TestFailingRequests has the first request of two fail. The server must have served it only if its response is lost.
func TestFailingRequests(t *testing.T) {
	for losesResponses, want := range map[bool]int{false: 1, true: 2} {
		requests, failing, js := natstest.StartFailing(t, topology.Limits{}, losesResponses)
		requests.After(0)
		for text, fails := range map[string]bool{"first": true, "second": false} {
			_, err := failing.Conn().Request(subject.Pages("com.example"), []byte(text), natstest.Patience(t))
			if errors.Is(err, nats.ErrNoResponders) != fails {
				t.Errorf("losing responses %t: the error is %v, want one %t", losesResponses, err, fails)
			}
		}
		if got := natstest.Count(t, js, subject.StreamPages); got != want {
			t.Errorf("losing responses %t: %d messages are stored, want %d", losesResponses, got, want)
		}
	}
}
