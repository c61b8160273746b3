package library

import (
	"context"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestFollowMissesNothing follows from now on: what is published between two fetches
// is heard, also where nothing was heard before, and nothing of earlier is.
func TestFollowMissesNothing(t *testing.T) {
	_, js := natstest.Start(t)
	publish := func(name string) {
		t.Helper()
		event := &datelinev1.RevisionEvent{Change: datelinev1.RevisionChange_REVISION_CHANGE_ERASED, ArticleId: name}
		msg, err := Event(event, "en", "example.com")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	publish("earlier")
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	var heard []string
	beats := 0
	for event, err := range New(nil, js).Follow(ctx, 0, 50*time.Millisecond) {
		if err != nil {
			t.Fatal(err)
		}
		if event != nil {
			heard = append(heard, event.GetArticleId())
			if len(heard) == 2 {
				break
			}
			continue
		}
		switch beats++; beats { // a beat lies between two fetches
		case 1:
			publish("first")
		case 3:
			publish("second")
		}
	}
	if len(heard) != 2 || heard[0] != "first" || heard[1] != "second" {
		t.Errorf("heard of %q", heard)
	}
}
