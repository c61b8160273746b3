package deadletter_test

import (
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestExpire removes old dead letters in parts. Those that are not old enough stay.
func TestExpire(t *testing.T) {
	_, js := natstest.Start(t)
	var letters []*datelinev1.DeadLetter
	for _, id := range []string{"a", "b", "c", "d"} {
		letters = append(letters, &datelinev1.DeadLetter{InputId: id, Stage: fetch, Reason: "dns"})
	}
	bury(t, js, letters...)
	stream, err := js.Stream(t.Context(), subject.StreamDead)
	if err != nil {
		t.Fatal(err)
	}
	third, err := stream.GetMsg(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		before     time.Time
		limit      int
		removed    int
		firstAfter uint64
	}{
		{time.Time{}, 10, 0, 1}, {third.Time, 1, 1, 2}, {third.Time, 10, 1, 3}, {third.Time, 10, 0, 3},
		{third.Time.Add(1), 10, 1, 4},
	} {
		removed, err := deadletter.Expire(t.Context(), js, step.before, step.limit)
		info, infoErr := stream.Info(t.Context())
		if err != nil || infoErr != nil || removed != step.removed || info.State.FirstSeq != step.firstAfter {
			t.Errorf("before %s, at most %d: removed %d (%v, %v), want %d and then %d first: %+v",
				step.before, step.limit, removed, err, infoErr, step.removed, step.firstAfter, info.State)
		}
	}
}
