package seen

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recoded is a bucket that reports conflicts with another code. A server on its
// own uses only one of the two.
type recoded struct {
	jetstream.KeyValue
	code jetstream.ErrorCode
}

func (r recoded) recode(err error) error {
	if bus.IsConflict(err) {
		return &jetstream.APIError{ErrorCode: r.code, Code: 400}
	}
	return err
}

func (r recoded) Create(ctx context.Context, key string, value []byte, opts ...jetstream.KVCreateOpt) (uint64, error) {
	revision, err := r.KeyValue.Create(ctx, key, value, opts...)
	return revision, r.recode(err)
}

func (r recoded) Update(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	revision, err := r.KeyValue.Update(ctx, key, value, revision)
	return revision, r.recode(err)
}

// TestConflict claims a URL for several requests, and finishes the first of them
// with an outdated mark.
func TestConflict(t *testing.T) {
	_, js := natstest.Start(t)
	marks, err := Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	bucket := marks.kv
	for _, code := range []jetstream.ErrorCode{
		jetstream.JSErrCodeStreamWrongLastSequence, jetstream.JSErrCodeStreamWrongLastSequenceConstant,
	} {
		t.Run(fmt.Sprintf("code %d", code), func(t *testing.T) {
			marks.kv = recoded{bucket, code}
			ctx, now, url := t.Context(), time.Now(), fmt.Sprintf("url-%d", code)
			first, claimed, err := marks.Claim(ctx, url, Mark{Request: "first", Input: "1", Time: now}, false)
			if err != nil || !claimed {
				t.Fatalf("the first claim: %v, %v", claimed, err)
			}
			other, claimed, err := marks.Claim(ctx, url, Mark{Request: "second", Input: "2", Time: now}, false)
			if err != nil || claimed || other.Request != "first" {
				t.Errorf("the second claim returned %+v, %v, %v", other, claimed, err)
			}
			_, claimed, err = marks.Claim(ctx, url, Mark{Request: "third", Input: "3", Time: now}, true)
			if err != nil || !claimed {
				t.Errorf("the forced claim: %v, %v", claimed, err)
			}
			if err := marks.Finish(ctx, url, first, "first", Version{}, now); err != nil {
				t.Errorf("finishing with an outdated mark: %v", err)
			}
			if mark, _, err := marks.Get(ctx, url); err != nil || mark.Request != "third" || mark.Done {
				t.Errorf("the mark is now %+v, %v", mark, err)
			}
		})
	}
}
