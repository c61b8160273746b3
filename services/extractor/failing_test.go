package extractor

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestRequestsFailWhileExtracting has single requests to NATS fail, or only their responses, while articles of three
// pages are extracted one after another. Each page has one outcome, and an article has one record of its first page
// and one of all pages.
func TestRequestsFailWhileExtracting(t *testing.T) {
	t.Parallel()
	start := func(name string, losesResponses bool) func() failtest.Program {
		return func() failtest.Program {
			requests, failing, js := natstest.StartFailing(t, topology.Limits{}, losesResponses)
			runExtractor(t, failing)
			a := &articles{T: t, js: js}
			return failtest.Program{Name: name, Steps: &requests.Steps, Start: a.start, Await: a.await}
		}
	}
	failtest.Pieces(t, start("requests", false), start("responses", true))
}

// runExtractor runs an extractor until the test ends.
func runExtractor(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	e, err := New(t.Context(), DefaultConfig(), dependencies(js))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// articles publishes the pages of articles as the fetcher does.
type articles struct {
	*testing.T

	js jetstream.JetStream
}

// start publishes the pages of an article. The body of the first one is in the object store.
func (a *articles) start(piece int) {
	a.Helper()
	request := following(fmt.Sprint("r", piece))
	page := voyagePage(1, request)
	bodies, err := a.js.ObjectStore(a.Context(), subject.BucketBodies)
	if err != nil {
		a.Fatal(err)
	}
	if _, err := bodies.PutBytes(a.Context(), page.GetId(), page.GetBody()); err != nil {
		a.Fatal(err)
	}
	page.Body, page.BodyObject = nil, &datelinev1.ObjectReference{Bucket: subject.BucketBodies, Name: page.GetId()}
	before := []uint64{storePage(a.T, a.js, page).Sequence}
	for _, number := range []int{2, 3} {
		next := proto.CloneOf(request)
		next.Continuation = &datelinev1.Continuation{PageSequences: slices.Clone(before), FirstUrl: voyageURL}
		before = append(before, storePage(a.T, a.js, voyagePage(number, next)).Sequence)
	}
}

// await waits until all pages are extracted.
func (a *articles) await(piece int) {
	a.Helper()
	natstest.AwaitEndings(a, a.js, map[string]int{
		"extract produced": piece + 1, "extract produced continued": piece + 1, "extract produced joined": piece + 1,
	})
	natstest.AwaitProcessed(a, a.js, subject.StreamPages, subject.ConsumerExtract)
	if got := natstest.Count(a, a.js, subject.StreamURLs); got != 2*(piece+1) {
		a.Errorf("%d pages are requested, want %d", got, 2*(piece+1))
	}
	first, complete := map[string]int{}, map[string]int{}
	for _, msg := range natstest.Messages(a, a.js, subject.StreamArticles) {
		record := &datelinev1.Article{}
		if err := proto.Unmarshal(msg.Data, record); err != nil {
			a.Fatal(err)
		}
		if record.GetComplete() {
			complete[record.GetRequestId()]++
		} else {
			first[record.GetRequestId()]++
		}
	}
	for i := range piece + 1 {
		if id := fmt.Sprint("r", i); first[id] != 1 || complete[id] != 1 {
			a.Errorf("article %s has %d records of its first page and %d of all pages, want one of each", id, first[id],
				complete[id])
		}
	}
}
