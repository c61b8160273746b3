package indexer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/indexer/progress"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestStepsFailWhileIndexing has single requests to NATS or statements fail, or only their responses, while articles
// and changes to them are stored one after another. Each record is stored and announced once, and its outcome is in
// the ledger once.
func TestStepsFailWhileIndexing(t *testing.T) {
	t.Parallel()
	storetest.Pieces(t, topology.Limits{}, func(failing, sound storetest.Access) failtest.Program {
		t.Cleanup(run(t, failing.JS, failing.Store))
		return indexing(t, sound.JS, sound.Store)
	})
}

// indexing publishes the two versions of an article as a piece.
func indexing(t *testing.T, js jetstream.JetStream, s store.Store) failtest.Program {
	t.Helper()
	return failtest.Program{
		Start: func(piece int) {
			article := fmt.Sprint("a", piece)
			publish(t, js, article+"/1", record(article, "First "+article, noon))
			publish(t, js, article+"/2", record(article, "Second "+article, noon.Add(time.Hour)))
		},
		Await: func(piece int) {
			n := piece + 1
			natstest.AwaitEndings(t, js, map[string]int{"index produced new": n, "index produced changed": n})
			natstest.AwaitProcessed(t, js, subject.StreamArticles, subject.ConsumerIndex)
			natstest.AwaitProcessed(t, js, subject.StreamOutcomes, subject.ConsumerLedger)
			if got := natstest.Count(t, js, subject.StreamRevisions); got != 2*n {
				t.Errorf("%d revisions are announced, want %d", got, 2*n)
			}
			tally, err := s.Tally(t.Context())
			for _, c := range tally {
				if c.Count != int64(n) {
					err = fmt.Errorf("the ledger has %d outcomes %q, want %d", c.Count, c.Reason, n)
				}
			}
			if err != nil || len(tally) != 2 {
				t.Errorf("the ledger: %v, %v", tally, err)
			}
			hit, err := s.Article(t.Context(), fmt.Sprintf("https://example.com/a%d", piece))
			if err != nil || hit.Revisions != 2 || hit.Article.GetTitle() != fmt.Sprintf("Second a%d", piece) {
				t.Errorf("article %d has %d revisions, the newest with the title %q, %v; want two", piece, hit.Revisions,
					hit.Article.GetTitle(), err)
			}
			states, err := progress.Compare(t.Context(), js, s)
			for _, state := range states {
				if state.Messages() > 0 {
					t.Errorf("the store lacks %v of stream %s", state.Missing, state.Stream)
				}
			}
			if err != nil {
				t.Error(err)
			}
		},
	}
}
