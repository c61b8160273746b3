package bus_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natstest"
)

func TestIsGone(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"no error": nil, "another error": errors.New("timeout"),
		"a forbidden deletion": fmt.Errorf("%w: nats: API error: code=500 err_code=10057 "+
			"description=message delete not permitted", jetstream.ErrMsgDeleteUnsuccessful),
	} {
		if bus.IsGone(err) {
			t.Errorf("%s: is taken for a message that is gone", name)
		}
	}
	t.Run("one server", func(t *testing.T) {
		t.Parallel()
		_, js := natstest.Start(t)
		testGone(t, js, 1)
	})
	t.Run("three servers", func(t *testing.T) {
		t.Parallel()
		_, js := natstest.Cluster(t)
		testGone(t, js, 3)
	})
}

// testGone deletes messages that a stream does not hold.
func testGone(t *testing.T, js jetstream.JetStream, replicas int) {
	t.Helper()
	ctx := t.Context()
	var stream jetstream.Stream
	natstest.Eventually(t, "the stream to be declared", func() (ok bool) {
		var err error
		stream, err = js.CreateStream(ctx, jetstream.StreamConfig{
			Name: "GONE", Subjects: []string{"gone"}, Replicas: replicas,
		})
		return err == nil
	})
	for range 3 {
		if _, err := js.Publish(ctx, "gone", nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSequence(2)); err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteMsg(ctx, 2); err != nil {
		t.Fatal(err)
	}
	for name, sequence := range map[string]uint64{"purged": 1, "deleted": 2, "beyond the last": 9} {
		for method, remove := range map[string]error{
			"DeleteMsg":       stream.DeleteMsg(ctx, sequence),
			"SecureDeleteMsg": stream.SecureDeleteMsg(ctx, sequence),
		} {
			if !bus.IsGone(remove) {
				t.Errorf("%s of a message that is %s: IsGone is false for %v", method, name, remove)
			}
		}
		if _, err := stream.GetMsg(ctx, sequence); !bus.IsGone(err) {
			t.Errorf("GetMsg of a message that is %s: IsGone is false for %v", name, err)
		}
	}
}
