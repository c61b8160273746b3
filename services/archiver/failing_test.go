package archiver

import (
	"fmt"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestStepsFailWhileArchiving has single requests to NATS or statements fail, or only their responses, while pages are
// archived and erased one after another. Each page is in the files and in the index once, and has one outcome.
func TestStepsFailWhileArchiving(t *testing.T) {
	t.Parallel()
	var ends []func()
	storetest.Pieces(t, topology.Limits{Archive: true}, func(failing, sound storetest.Access) failtest.Program {
		r := &room{js: failing.JS, store: failing.Store, dir: t.TempDir()}
		stop := run(t, r.archiver(t, r.config()))
		program, end := archiving(t, &room{js: sound.JS, store: sound.Store, dir: r.dir}, stop)
		ends = append(ends, end)
		return program
	})
	for _, end := range ends {
		end()
	}
}

// archiving publishes two pages with the same body and a failed attempt as a piece, and erases one of the piece before.
// end stops the archiver and checks its files.
func archiving(t *testing.T, r *room, stop func()) (program failtest.Program, end func()) {
	t.Helper()
	index := captures.Of(r.store)
	url := func(piece int) string { return fmt.Sprintf("http://example.com/%d", piece) }
	at := func(piece int) time.Time { return noon.Add(time.Duration(piece) * time.Second) }
	pieces := 0
	program.Start = func(piece int) {
		pieces++
		if piece > 0 {
			if n, _, err := index.Erase(t.Context(), nil, url(piece-1), noon); err != nil || n != 1 {
				t.Errorf("erasing %s: %d captures, %v; want one", url(piece-1), n, err)
			}
		}
		body := fmt.Sprint(story, piece) // the second page refers to the body of the first
		r.publish(t, page(t, fmt.Sprint("first", piece), url(piece)+"?first", body))
		r.publish(t, page(t, fmt.Sprint("second", piece), url(piece), body))
		attempt := failed(url(piece)+"?failed", at(piece))
		msg, err := ledger.Message(subject.Exchanges("com.example"), fmt.Sprint(piece), attempt)
		if err == nil {
			_, err = r.js.PublishMsg(t.Context(), msg)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	program.Await = func(piece int) {
		natstest.AwaitEndings(t, r.js, map[string]int{"archive produced": 3 * (piece + 1)})
		natstest.AwaitProcessed(t, r.js, subject.StreamPages, subject.ConsumerArchive)
		natstest.AwaitProcessed(t, r.js, subject.StreamExchanges, subject.ConsumerArchive)
		for _, id := range []string{fmt.Sprint("first", piece), fmt.Sprint("second", piece)} {
			if body, err := r.body(t, r.archived(), id); err != nil || body != fmt.Sprint(story, piece) {
				t.Errorf("page %s has the body %q, %v", id, body, err)
			}
		}
	}
	return program, func() {
		natstest.Eventually(t, "the records are overwritten", func() bool {
			left, err := index.Erasing(t.Context())
			return err == nil && left == 0
		})
		stop()
		found := map[string]int{}
		for _, id := range r.ids(t) {
			if id != "" { // otherwise the record stands for the response of a failed attempt
				found[id]++
			}
		}
		for id, n := range found {
			if n != 1 {
				t.Errorf("page %s is in the files %d times", id, n)
			}
		}
		if len(found) != 3*pieces {
			t.Errorf("%d pages are in the files, want %d", len(found), 3*pieces)
		}
	}
}
