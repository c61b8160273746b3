package library

import (
	"context"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestFollowMissesNothing verifies that Follow yields the events published
// between two fetches, even before the first event, and none from before it
// started.
func TestFollowMissesNothing(t *testing.T) {
	_, js := natstest.Start(t)
	publish := func(name string) {
		t.Helper()
		event := &datelinev1.RevisionEvent{Change: datelinev1.RevisionChange_REVISION_CHANGE_ERASED, ArticleId: name}
		msg, err := RevisionMessage(event, "en", "example.com")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	publish("earlier")
	ctx, stop := context.WithTimeout(t.Context(), natstest.Patience(t))
	defer stop()
	var got []string
	beats := 0
	for event, err := range New(nil, js).Follow(ctx, Place{}, 50*time.Millisecond) {
		if err != nil {
			t.Fatal(err)
		}
		if event != nil {
			got = append(got, event.GetArticleId())
			if len(got) == 2 {
				break
			}
			continue
		}
		switch beats++; beats { // a heartbeat is between two fetches
		case 1:
			publish("first")
		case 3:
			publish("second")
		}
	}
	if len(got) != 2 || got[0] != "first" || got[1] != "second" {
		t.Errorf("events of %q, want first and second", got)
	}
}
