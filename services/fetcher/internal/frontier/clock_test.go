package frontier

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestWaitsWhenTheClockIsSet has entries that wait for a time. A later attempt waits
// no longer than any attempt may, even if its time was stored when the clock was far
// ahead. A first attempt waits for the time that was requested.
func TestWaitsWhenTheClockIsSet(t *testing.T) {
	const year, most = 365 * 24 * time.Hour, time.Hour
	for name, test := range map[string]struct {
		attempts int32
		due      time.Duration
		waits    []time.Duration
	}{
		"retry":                           {1, most / 4, []time.Duration{most / 4}},
		"retry, stored by a clock ahead":  {1, 10 * year, []time.Duration{most}},
		"retry, stored by a clock behind": {1, -10 * year, nil},
		"first attempt":                   {0, most / 4, []time.Duration{most / 4}},
		"first attempt, much later":       {0, most + most/2, []time.Duration{most, most / 2}},
		"first attempt, overdue":          {0, -year, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, js := newServer(t)
			stream, err := js.Stream(t.Context(), subject.StreamFrontier)
			if err != nil {
				t.Fatal(err)
			}
			clock := time.Now()
			f := &Frontier{
				Config: Config{MaxRetryWait: most, Now: func() time.Time { return clock }},
				queue:  &queue{js: js, stream: stream},
			}
			const url = "https://site.example/"
			entry := &datelinev1.FrontierEntry{
				Url: url, Request: &datelinev1.FetchRequest{Url: url, RequestId: "r1"}, Attempts: test.attempts,
				NotBeforeTime: timestamppb.New(clock.Add(test.due)),
			}
			if err := Publish(t.Context(), js, "cause", entry); err != nil {
				t.Fatal(err)
			}
			queueName, err := subjectOf(entry)
			if err != nil {
				t.Fatal(err)
			}
			partition, _ := partitionOf(queueName)
			h := &host{key: hostKey(queueName), partition: partition}
			l := &h.lanes[laneFresh]
			l.filled = true
			for _, wait := range test.waits {
				if early, err := f.pickFrom(t.Context(), h, laneFresh); err != nil || early != nil || len(l.deferred) != 1 {
					t.Fatalf("picked %v (%v), with %d URLs deferred", early, err, len(l.deferred))
				}
				until := l.deferred[0].until
				if got := until.Sub(clock); got != wait {
					t.Fatalf("waits for %s, want %s", got, wait)
				}
				if !strings.Contains(until.String(), " m=") {
					t.Error("the end of the wait has no monotonic clock reading, so setting the clock moves it")
				}
				clock = until
			}
			if due, err := f.pickFrom(t.Context(), h, laneFresh); err != nil || due == nil {
				t.Errorf("not picked when it is due (%v), with %d URLs deferred", err, len(l.deferred))
			}
		})
	}
}
