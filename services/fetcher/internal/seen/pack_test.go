package seen

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// opened opens the marks of a server as another process would. It reads each edition at once, and does not wait
// before it removes the entries of packed marks.
func opened(t *testing.T, js jetstream.JetStream) *Marks {
	t.Helper()
	marks, err := Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	marks.editionAge = 0
	marks.awaitRemoval = func(context.Context) error { return nil }
	return marks
}

// mustClaim claims URLs, all of which must be free.
func mustClaim(t *testing.T, marks *Marks, request string, urls ...string) []Mark {
	t.Helper()
	var claims []Claim
	for _, url := range urls {
		claims = append(claims, Claim{Key: url, Mark: Mark{Request: request, Input: request, Time: time.Now()}})
	}
	var claimed []Mark
	for i, c := range marks.ClaimAll(t.Context(), claims) {
		if c.Err != nil || !c.OK || c.Again {
			t.Fatalf("claiming %s: %+v", urls[i], c)
		}
		claimed = append(claimed, c.Mark)
	}
	return claimed
}

// atMost keeps at most n marks outside of leaves.
func atMost(n int) func(int) int { return func(int) int { return n } }

// packAll packs every mark.
func packAll(t *testing.T, marks *Marks) {
	t.Helper()
	for rounds := 1; ; rounds++ {
		if rounds > 1000 {
			t.Fatal("marks are left after 1,000 rounds")
		}
		packed, err := marks.pack(t.Context(), atMost(-100)) // the number of those that wait is not exact
		if err != nil {
			t.Fatal(err)
		}
		if packed.Left == 0 {
			break
		}
	}
	if keys := entryKeys(t, marks); len(keys) > 0 {
		t.Fatalf("%d marks still have entries", len(keys))
	}
}

// entryKeys returns the keys of the marks that have entries of their own.
func entryKeys(t *testing.T, marks *Marks) (keys []string) {
	t.Helper()
	for from := uint64(1); ; {
		msg, err := marks.next(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		if msg == nil {
			return keys
		}
		keys = append(keys, msg.Subject)
		from = msg.Sequence + 1
	}
}

// request returns the request that has claimed a URL, and whether it is done.
func request(t *testing.T, marks *Marks, url string) (string, bool) {
	t.Helper()
	mark, _, err := marks.Get(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return mark.Request, mark.Done
}

// TestPackedMarks checks that packed marks behave as those with entries of their own.
func TestPackedMarks(t *testing.T) {
	_, js := natstest.Start(t)
	marks, other := opened(t, js), opened(t, js)
	ctx := t.Context()
	mustClaim(t, marks, "old", "taken", "again", "forced", "expired", "forgotten", "finished", "later")
	now := time.Now() // later than the marks
	version := Version{URL: "expired", ETag: "tag"}
	if err := marks.Finish(ctx, "expired", Mark{}, "old", version, now); err != nil {
		t.Fatal(err)
	}
	feed := mustClaim(t, marks, "poll", "feed.1")[0]
	packAll(t, marks)
	if mark, _, err := marks.Get(ctx, "feed.1"); err != nil || mark.revision != feed.revision {
		t.Errorf("the mark of an endpoint is now %+v (%v)", mark, err)
	}

	if err := other.Forget(ctx, "forgotten"); err != nil {
		t.Fatal(err)
	}
	if err := other.Finish(ctx, "finished", Mark{}, "old", Version{URL: "x", ETag: "y"}, now); err != nil {
		t.Fatal(err)
	}
	claim := func(url, request string, at time.Time, force bool) Claim {
		return Claim{Key: url, Mark: Mark{Request: request, Input: request, Time: at}, Force: force}
	}
	got := other.ClaimAll(ctx, []Claim{
		claim("taken", "new", now, false), claim("again", "old", now, false), claim("forced", "new", now, true),
		claim("expired", "new", now.Add(marks.freshness), false), claim("forgotten", "new", now, false),
		claim("free", "new", now, false), claim("finished", "old", now, false),
	})
	for i, want := range []Claimed{
		{}, {OK: true, Again: true}, {OK: true}, {OK: true}, {OK: true}, {OK: true}, {OK: true, Again: true},
	} {
		if got[i].Err != nil || got[i].OK != want.OK || got[i].Again != want.Again {
			t.Errorf("claim %d: %+v, want %+v", i, got[i], want)
		}
	}
	if got[0].Mark.Request != "old" || got[3].Mark.Version != version || !got[6].Mark.Done {
		t.Errorf("the claims returned the marks %+v", got)
	}
	if err := other.Finish(ctx, "later", got[0].Mark, "new", Version{}, now); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for url, want := range map[string]string{
			"taken": "old", "again": "old", "forced": "new", "expired": "new", "forgotten": "new", "free": "new",
			"later": "old",
		} {
			if got, done := request(t, marks, url); got != want || done {
				t.Errorf("%s belongs to %q (done: %t), want %q", url, got, done, want)
			}
		}
		packAll(t, other)
	}
	if mark, _, err := marks.Get(ctx, "finished"); err != nil || !mark.Done || mark.Version.ETag != "y" {
		t.Errorf("the finished mark is %+v, %v", mark, err)
	}
}

// TestForgottenMarksAreRemoved checks that the removal of a packed mark takes no memory after the next round.
func TestForgottenMarksAreRemoved(t *testing.T) {
	_, js := natstest.Start(t)
	marks := opened(t, js)
	mustClaim(t, marks, "r", "a", "b")
	packAll(t, marks)
	if err := marks.Forget(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	packAll(t, marks)
	if got, _ := request(t, marks, "a"); got != "" {
		t.Errorf("the removed mark has the request %q", got)
	}
	if e := marks.edition; e.Marks != 1 {
		t.Errorf("%d marks are packed, want 1", e.Marks)
	}
}

// TestPackedMarkExpires checks that a packed mark expires as if it still had an entry.
func TestPackedMarkExpires(t *testing.T) {
	_, js := natstest.Start(t)
	marks := opened(t, js)
	mustClaim(t, marks, "r", "a")
	packAll(t, marks)
	marks.ttl = -2 * time.Second // all marks are older
	if got, _ := request(t, marks, "a"); got != "" {
		t.Errorf("the expired mark has the request %q", got)
	}
	mustClaim(t, marks, "r2", "a", "b")
	packAll(t, marks)
	if e := marks.edition; e.Marks != 0 {
		t.Errorf("%d expired marks are packed", e.Marks)
	}
}

// TestMarksOfEarlierVersions has entries as earlier versions wrote them.
func TestMarksOfEarlierVersions(t *testing.T) {
	_, js := natstest.Start(t)
	marks := opened(t, js)
	now := time.Now().Format(time.RFC3339Nano)
	stored := fmt.Sprintf(`{"request": "old", "input": "1-a", "done": true, "time": %q}`, now)
	for key, data := range map[string]string{"url": stored, "damaged": "{"} {
		if _, err := marks.kv.Put(t.Context(), key, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if got, done := request(t, marks, "url"); got != "old" || !done {
			t.Errorf("the mark has the request %q (done: %t)", got, done)
		}
		if got, _ := request(t, marks, "damaged"); got != "" {
			t.Errorf("the damaged mark has the request %q", got)
		}
		packAll(t, marks)
	}
	mustClaim(t, marks, "new", "damaged")
}

// TestClaimWithAnEarlierEdition has a URL claimed by a process that does not know yet that its mark was packed.
func TestClaimWithAnEarlierEdition(t *testing.T) {
	_, js := natstest.Start(t)
	late, fast, packer := opened(t, js), opened(t, js), opened(t, js)
	late.editionAge = time.Hour
	for _, url := range []string{"first", "second"} { // without and with packed marks before
		if got, _ := request(t, late, url); got != "" {
			t.Fatalf("%s has the request %s", url, got)
		}
		known := late.edition
		mustClaim(t, fast, "fast", url)
		claims := []Claim{{Key: url, Mark: Mark{Request: "late", Input: "late", Time: time.Now()}}}
		packer.awaitRemoval = func(context.Context) error {
			if c := late.ClaimAll(t.Context(), claims)[0]; c.Err != nil || c.OK || c.Mark.revision == 0 {
				t.Errorf("before the entry is removed, the claim of %s returned %+v", url, c)
			}
			return nil
		}
		packAll(t, packer)
		if late.edition != known {
			t.Error("the edition was read again")
		}
		late.edition.read = time.Now().Add(-late.editionAge)
		if c := late.ClaimAll(t.Context(), claims)[0]; c.Err != nil || c.OK || c.Mark.Request != "fast" {
			t.Errorf("after the entry was removed, the claim of %s returned %+v", url, c)
		}
	}
}

// TestFinishOfPackedMark finishes a URL whose mark was packed since it was claimed.
func TestFinishOfPackedMark(t *testing.T) {
	_, js := natstest.Start(t)
	marks, other := opened(t, js), opened(t, js)
	known := mustClaim(t, marks, "r", "mine", "lost")
	packAll(t, other)
	if c := other.ClaimAll(t.Context(), []Claim{{
		Key: "lost", Mark: Mark{Request: "next", Input: "next", Time: time.Now()}, Force: true,
	}})[0]; !c.OK {
		t.Fatalf("%+v", c)
	}
	packAll(t, other)
	for i, url := range []string{"mine", "lost"} {
		if err := marks.Finish(t.Context(), url, known[i], "r", Version{URL: url, ETag: "tag"}, time.Now()); err != nil {
			t.Error(err)
		}
	}
	if mark, _, err := other.Get(t.Context(), "mine"); err != nil || !mark.Done || mark.Version.ETag != "tag" {
		t.Errorf("the finished mark is %+v, %v", mark, err)
	}
	if got, done := request(t, other, "lost"); got != "next" || done {
		t.Errorf("the mark of the next request has the request %q (done: %t)", got, done)
	}
}

// startRound starts a round of packing every mark.
func startRound(t *testing.T, marks *Marks) *round {
	t.Helper()
	e, err := marks.refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	token, err := marks.startPacking(t.Context())
	if err != nil || token == 0 {
		t.Fatalf("token %d, %v", token, err)
	}
	return &round{Marks: marks, edition: e, token: token, expired: time.Now().Add(-marks.ttl)}
}

// TestPackingIsInterrupted stops a round after each of its steps, changes marks, and has another process pack
// the rest.
func TestPackingIsInterrupted(t *testing.T) {
	_, js := natstest.Start(t)
	urls := []string{"kept", "forced", "forgotten"}
	for step := range 3 {
		t.Run(strconv.Itoa(step), func(t *testing.T) {
			crashed, other := opened(t, js), opened(t, js)
			prefix := fmt.Sprintf("url-%d-", step)
			for _, url := range urls {
				mustClaim(t, crashed, "old", prefix+url)
			}
			r := startRound(t, crashed)
			if _, err := r.collect(t.Context(), 1000); err != nil {
				t.Fatal(err)
			}
			if step > 0 {
				if err := r.writeGroup(t.Context(), 0, segments, 0); err != nil {
					t.Fatal(err)
				}
			}
			if step > 1 {
				if err := r.publish(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			c := other.ClaimAll(t.Context(), []Claim{{
				Key: prefix + "forced", Mark: Mark{Request: "new", Input: "new", Time: time.Now()}, Force: true,
			}})[0]
			if !c.OK {
				t.Fatalf("%+v", c)
			}
			if err := other.Forget(t.Context(), prefix+"forgotten"); err != nil {
				t.Fatal(err)
			}
			// The lease of the process that has stopped ends.
			if err := r.endPacking(t.Context(), r.token); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				for i, want := range []string{"old", "new", ""} {
					if got, _ := request(t, other, prefix+urls[i]); got != want {
						t.Errorf("%s has the request %q, want %q", urls[i], got, want)
					}
				}
				packAll(t, other)
			}
		})
	}
}

// TestTakenOverRoundStoresNothing has another process take over a round.
func TestTakenOverRoundStoresNothing(t *testing.T) {
	_, js := natstest.Start(t)
	marks := opened(t, js)
	mustClaim(t, marks, "r", "a")
	r := startRound(t, marks)
	if token, err := opened(t, js).startPacking(t.Context()); token != 0 || err != nil {
		t.Errorf("two processes pack at the same time (%v)", err)
	}
	if _, err := r.collect(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
	takeover := update(keyPacker, []byte("another"), r.token)
	if _, err := bus.PublishBatch(t.Context(), js, []*nats.Msg{takeover}); err != nil {
		t.Fatal(err)
	}
	if err := r.writeGroup(t.Context(), 0, segments, 0); !bus.IsConflict(err) {
		t.Errorf("storing leaves returned %v", err)
	}
	if err := r.publish(t.Context()); !bus.IsConflict(err) {
		t.Errorf("starting an edition returned %v", err)
	}
	if err := r.endPacking(t.Context(), r.token); err != nil {
		t.Error(err)
	}
	if e, err := marks.refresh(t.Context()); err != nil || e.revision != 0 {
		t.Errorf("the edition is %+v, %v", e, err)
	}
}

// TestLeavesAreDivided packs marks into more and fewer leaves, while a process knows the earlier ones.
func TestLeavesAreDivided(t *testing.T) {
	_, js := natstest.Start(t)
	marks, other := opened(t, js), opened(t, js)
	var urls []string
	for _, bits := range []int{0, 2, 1, 0} {
		url := fmt.Sprint("url-", len(urls))
		urls = append(urls, url)
		mustClaim(t, other, "r", url)
		r := startRound(t, marks)
		last, err := r.collect(t.Context(), 1000)
		if err == nil {
			err = errors.Join(r.writeGroup(t.Context(), 0, segments, bits), r.finish(t.Context(), last))
		}
		if err = errors.Join(err, r.endPacking(t.Context(), r.token)); err != nil {
			t.Fatal(err)
		}
		for _, url := range urls {
			mark := Mark{Request: "x", Input: "x", Time: time.Now()}
			if c := other.ClaimAll(t.Context(), []Claim{{Key: url, Mark: mark}})[0]; c.Err != nil || c.OK {
				t.Errorf("%d bits: claiming %s returned %+v", bits, url, c)
			}
		}
		leaves := subject.KVKey(subject.BucketSeen, "packed.leaf.>")
		info, err := marks.stream.Info(t.Context(), jetstream.WithSubjectFilter(leaves))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(info.State.Subjects), len(urls)<<bits; got != want {
			t.Errorf("%d bits: %d leaves, want %d", bits, got, want)
		}
	}
}

// TestRestart opens the packed marks after a restart of the server.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	urls := []string{"a", "b", "c"}
	for run := range 2 {
		server := natstest.Server(t, dir)
		nc, js := natstest.Connect(t, server)
		natstest.Reconcile(t, js, topology.Limits{})
		marks := opened(t, js)
		if run == 0 {
			mustClaim(t, marks, "r", urls...)
			packAll(t, marks)
		}
		for _, url := range urls {
			if got, _ := request(t, marks, url); got != "r" {
				t.Errorf("run %d: %s has the request %q", run, url, got)
			}
		}
		nc.Close()
		server.Stop()
	}
}

// TestPackKeepsRecentMarks checks which marks are packed.
func TestPackKeepsRecentMarks(t *testing.T) {
	_, js := natstest.Start(t)
	marks := opened(t, js)
	var urls []string
	for i := range 30 {
		urls = append(urls, fmt.Sprint("url-", i))
	}
	mustClaim(t, marks, "r", urls[:20]...)
	if packed, err := marks.pack(t.Context(), atMost(20)); err != nil || packed.Marks != 0 {
		t.Errorf("20 marks: %+v, %v", packed, err)
	}
	mustClaim(t, marks, "r", urls[20:]...)
	if packed, err := marks.pack(t.Context(), atMost(20)); err != nil || packed != (Packed{20, 20, 10}) {
		t.Errorf("30 marks: %+v, %v", packed, err)
	}
	keys := entryKeys(t, marks)
	for i, url := range urls {
		if slices.Contains(keys, subject.KVKey(subject.BucketSeen, url)) != (i >= 20) {
			t.Errorf("%s is packed, or not, against expectation", url)
		}
	}
}
