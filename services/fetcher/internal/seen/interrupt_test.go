package seen

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
)

// TestInterruptedReads ends each read at each of its steps. A read must fail then, or have the right mark: a mark that
// is taken for missing would have its page fetched again.
func TestInterruptedReads(t *testing.T) {
	_, js := natstest.Start(t)
	marks := opened(t, js)
	mustClaim(t, marks, "r1", "packed-1", "packed-2", "packed-3")
	packAll(t, marks)
	mustClaim(t, marks, "r2", "entry")
	for name, url := range map[string]string{"an entry": "entry", "a packed mark": "packed-2", "no mark": "unknown"} {
		t.Run(name, func(t *testing.T) {
			want, found, err := marks.Get(t.Context(), url)
			if err != nil || found != (url != "unknown") {
				t.Fatal(found, err)
			}
			ctxtest.Interrupt(t, 1, func(ctx context.Context) error {
				// Another process has read neither the edition nor an index.
				fresh, err := Open(ctx, js)
				if err != nil {
					return err
				}
				got, ok, err := fresh.Get(ctx, url)
				if err == nil && (ok != found || got.Request != want.Request || !got.Time.Equal(want.Time)) {
					t.Errorf("the mark is %+v, %t, want %+v, %t", got, ok, want, found)
				}
				return err
			})
		})
	}
	t.Run("a claim of a packed mark", func(t *testing.T) {
		ctxtest.Interrupt(t, 1, func(ctx context.Context) error {
			fresh, err := Open(ctx, js)
			if err != nil {
				return err
			}
			claimed := fresh.ClaimAll(ctx, []Claim{{Key: "packed-1", Mark: Mark{Request: "other", Input: "other"}}})[0]
			if claimed.Err == nil && claimed.OK {
				t.Error("a URL that another request has claimed is claimed again")
			}
			return claimed.Err
		})
	})
}

// TestInterruptedPacking ends packing at each of its steps. No mark may be lost or change, whatever the step.
func TestInterruptedPacking(t *testing.T) {
	_, js := natstest.Start(t)
	marks := opened(t, js)
	var urls []string
	for i := range 8 {
		urls = append(urls, "url-"+strconv.Itoa(i))
	}
	mustClaim(t, marks, "r1", urls...)
	// A round reads 4,096 segments. The stride is a prime, so that it meets every kind of step.
	ctxtest.Interrupt(t, 2003, func(ctx context.Context) error {
		endLease(t, marks) // of a round that was interrupted while it began
		_, err := marks.pack(ctx, atMost(-100))
		if got, _ := request(t, marks, urls[3]); got != "r1" {
			t.Errorf("the mark's request is %q, want r1", got)
		}
		return err
	})
	packAll(t, marks)
	for _, url := range urls {
		if got, _ := request(t, marks, url); got != "r1" {
			t.Errorf("the request of %s is %q, want r1", url, got)
		}
	}
}

// TestFailingRequests has single requests to NATS fail. A read fails then, or has the right mark. A round of packing
// loses none.
func TestFailingRequests(t *testing.T) {
	nats := natstest.Server(t, t.TempDir())
	_, js := natstest.Connect(t, nats)
	natstest.Reconcile(t, js, topology.Limits{})
	requests, failing := natstest.Fail(t, nats)
	marks := opened(t, js)
	mustClaim(t, marks, "r1", "packed-1", "packed-2", "packed-3")
	packAll(t, marks)
	mustClaim(t, marks, "r2", "entry")
	want := map[string]string{"entry": "r2", "packed-2": "r1", "unknown": ""}
	for url, request := range want {
		requests.Each(t, func(ctx context.Context) error {
			fresh, err := Open(ctx, failing)
			if err != nil {
				return err
			}
			got, found, err := fresh.Get(ctx, url)
			if err == nil && (found != (request != "") || got.Request != request) {
				t.Errorf("the request of %s is %q, %t, want %q", url, got.Request, found, request)
			}
			return err
		}, func() {})
	}
	packing := opened(t, failing)
	const stride = 397 // of the thousands of requests of a round; a prime, so that it meets every kind of step
	for n, failed := 0, true; failed; n += stride {
		endLease(t, marks)
		requests.After(n)
		_, err := packing.pack(t.Context(), atMost(-100))
		if failed = requests.Failed(); !failed && err != nil {
			t.Fatalf("packing without a failure: %v", err)
		}
		fresh := opened(t, js)
		for url, request := range want {
			got, found, err := fresh.Get(t.Context(), url)
			if err != nil || found != (request != "") || got.Request != request {
				t.Errorf("after request %d failed: the request of %s is %q, %t, %v; want %q", n+1, url, got.Request, found,
					err, request)
			}
		}
	}
}

func endLease(t *testing.T, marks *Marks) {
	t.Helper()
	msg, err := marks.get(t.Context(), keyPacker)
	if err == nil && msg != nil {
		err = marks.endPacking(t.Context(), msg.Sequence)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestStoppedProcessEndsItsRound stops a process within a round. The next process need not wait for its lease to end.
func TestStoppedProcessEndsItsRound(t *testing.T) {
	_, js := natstest.Start(t)
	stopped := opened(t, js)
	mustClaim(t, stopped, "r1", "a", "b", "c")
	ctx, cancel := context.WithCancel(t.Context())
	stopped.awaitRemoval = func(ctx context.Context) error {
		cancel()
		return ctx.Err()
	}
	if _, err := stopped.pack(ctx, atMost(-100)); !errors.Is(err, context.Canceled) {
		t.Fatalf("packing ends with the error %v, want context canceled", err)
	}
	packAll(t, opened(t, js))
}
