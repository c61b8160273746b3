package seen

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
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
			first := marks.ClaimAll(ctx, []Claim{{Key: url, Mark: Mark{Request: "first", Input: "1", Time: now}}})[0]
			if first.Err != nil || !first.OK {
				t.Fatalf("the first claim returned %+v", first)
			}
			second := marks.ClaimAll(ctx, []Claim{{Key: url, Mark: Mark{Request: "second", Input: "2", Time: now}}})[0]
			if second.Err != nil || second.OK || second.Mark.Request != "first" {
				t.Errorf("the second claim returned %+v", second)
			}
			forced := Claim{Key: url, Mark: Mark{Request: "third", Input: "3", Time: now}, Force: true}
			third := marks.ClaimAll(ctx, []Claim{forced})[0]
			if third.Err != nil || !third.OK {
				t.Errorf("the forced claim returned %+v", third)
			}
			if err := marks.Finish(ctx, url, first.Mark, "first", Version{}, now); err != nil {
				t.Errorf("finishing with an outdated mark: %v", err)
			}
			if mark, _, err := marks.Get(ctx, url); err != nil || mark.Request != "third" || mark.Done {
				t.Errorf("the mark is now %+v, %v", mark, err)
			}
		})
	}
}

// TestClaimAll claims URLs of every kind together: one that nobody has claimed, one whose
// mark was removed, one that has expired, and those that are claimed already.
func TestClaimAll(t *testing.T) {
	_, js := natstest.Start(t)
	marks, err := Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	ctx, now := t.Context(), time.Now()
	claim := func(url, request string, at time.Time) Claim {
		return Claim{Key: url, Mark: Mark{Request: request, Input: "input of " + request, Time: at}}
	}
	for _, c := range marks.ClaimAll(ctx, []Claim{
		claim("removed", "old", now), claim("expired", "old", now.Add(-marks.freshness)), claim("taken", "old", now),
		claim("forced", "old", now), claim("again", "new", now),
	}) {
		if c.Err != nil || !c.OK || c.Again {
			t.Fatalf("a first claim returned %+v", c)
		}
	}
	if err := marks.Forget(ctx, "removed"); err != nil {
		t.Fatal(err)
	}
	forced := claim("forced", "new", now)
	forced.Force = true
	claims := []Claim{
		claim("free", "new", now), claim("removed", "new", now), claim("expired", "new", now), claim("taken", "new", now),
		forced, claim("again", "new", now),
	}
	got := marks.ClaimAll(ctx, claims)
	for i, want := range []Claimed{{OK: true}, {OK: true}, {OK: true}, {}, {OK: true}, {OK: true, Again: true}} {
		url := claims[i].Key
		if got[i].Err != nil || got[i].OK != want.OK || got[i].Again != want.Again {
			t.Errorf("%s: %+v, want %+v", url, got[i], want)
		}
		stored, exists, err := marks.Get(ctx, url)
		if err != nil || !exists || stored.revision != got[i].Mark.revision || stored.Request != got[i].Mark.Request {
			t.Errorf("%s: the result is %+v, but %+v is stored (%v, %v)", url, got[i].Mark, stored, exists, err)
		}
		if owner := map[bool]string{true: "new", false: "old"}[want.OK]; stored.Request != owner {
			t.Errorf("%s belongs to the request %q, want %q", url, stored.Request, owner)
		}
	}
}

// TestClaimAllAtOnce lets several processes claim the same URLs at the same time: each
// URL goes to one of them.
func TestClaimAllAtOnce(t *testing.T) {
	_, js := natstest.Start(t)
	marks, err := Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	const urls, processes = 50, 4
	var claiming sync.WaitGroup
	var won [processes][]Claimed
	for p := range processes {
		claiming.Go(func() {
			var claims []Claim
			for i := range urls {
				mark := Mark{Request: strconv.Itoa(p), Input: strconv.Itoa(p), Time: time.Now()}
				claims = append(claims, Claim{Key: strconv.Itoa((i + p*urls/processes) % urls), Mark: mark})
			}
			won[p] = marks.ClaimAll(t.Context(), claims)
		})
	}
	claiming.Wait()
	total := 0
	for _, results := range won {
		for _, c := range results {
			if c.Err != nil {
				t.Error(c.Err)
			}
			if c.OK {
				total++
			}
		}
	}
	if total != urls {
		t.Errorf("%d claims of %d URLs succeeded", total, urls)
	}
}

// TestCarriedMark checks that an entry of the frontier carries a mark unchanged, so that
// conditional requests have the right validators.
func TestCarriedMark(t *testing.T) {
	want := Mark{
		Request: "request", Input: "input", Time: time.Date(2026, time.March, 1, 6, 0, 0, 0, time.UTC), revision: 7,
		Version: Version{URL: "url", ETag: "etag", LastModified: "modified"},
	}
	carried := want.Proto()
	if carried.GetEtag() != "etag" || carried.GetLastModified() != "modified" {
		t.Errorf("the entry carries %v", carried)
	}
	got, ok := Carried(&datelinev1.FrontierEntry{
		Request: &datelinev1.FetchRequest{RequestId: want.Request}, AdmitTime: timestamppb.New(want.Time), Mark: carried,
	})
	if !ok || got != want {
		t.Errorf("got %+v (%t), want %+v", got, ok, want)
	}
	if _, ok := Carried(&datelinev1.FrontierEntry{}); ok {
		t.Error("an entry without a mark carries one")
	}
}
