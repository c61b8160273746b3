package seen

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
)

// TestClaimsWhilePacking has several processes claim, finish and forget the same URLs while another one packs. A
// URL that is claimed must be free in the model, and all marks are as in the model in the end.
func TestClaimsWhilePacking(t *testing.T) {
	const processes, rounds = 8, 3
	server := natstest.Server(t, t.TempDir())
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{})
	model := &model{owners: map[string]string{}, finished: map[string]bool{}}
	var packed atomic.Int64
	working, stop := context.WithCancel(t.Context())
	defer stop()
	var packer, workers sync.WaitGroup
	packer.Go(func() {
		defer stop()
		marks := opened(t, js)
		marks.awaitRemoval = func(context.Context) error {
			model.using.Lock()
			defer model.using.Unlock()
			return nil
		}
		for packed.Load() < rounds {
			result, err := marks.pack(t.Context(), atMost(20))
			if err != nil {
				t.Error(err)
				return
			}
			packed.Add(int64(min(1, result.Marks)))
		}
	})
	for p := range processes {
		_, js := natstest.Connect(t, server)
		marks := opened(t, js)
		workers.Go(func() {
			var mine []string
			for step := 0; working.Err() == nil && !t.Failed(); step++ {
				mine = model.work(t, marks, fmt.Sprintf("%d-%d", p, step), mine)
			}
		})
	}
	workers.Wait()
	packer.Wait()
	marks := opened(t, js)
	for range 2 {
		for i := range modelURLs {
			url := fmt.Sprint("url-", i)
			mark, _, err := marks.Get(t.Context(), url)
			if err != nil || mark.Request != model.owners[url] || mark.Done != model.finished[url] ||
				mark.Done && mark.Version.ETag != model.owners[url] {
				t.Errorf("the mark of %s is %+v (%v), want the request %q", url, mark, err, model.owners[url])
			}
		}
		packAll(t, marks)
	}
}

// modelURLs is the number of URLs of a model.
const modelURLs = 400

// model records the requests that have claimed URLs.
type model struct {
	// using is held for reading by what takes less than the delay before entries are removed.
	using    sync.RWMutex
	mu       sync.Mutex
	owners   map[string]string
	finished map[string]bool
}

// work claims some URLs for a request, finishes some of them, and forgets some of those that a process has
// claimed. It returns those that the process has then.
func (m *model) work(t *testing.T, marks *Marks, request string, mine []string) []string {
	const batch, forgotten = 12, 5
	var claims []Claim
	for _, i := range rand.Perm(modelURLs)[:batch] {
		mark := Mark{Request: request, Input: request, Time: time.Now()}
		claims = append(claims, Claim{Key: fmt.Sprint("url-", i), Mark: mark})
	}
	m.using.RLock()
	claimed := marks.ClaimAll(t.Context(), claims)
	m.using.RUnlock()
	for i, c := range claimed {
		url := claims[i].Key
		if c.Err != nil || c.Again {
			t.Errorf("claiming %s: %+v", url, c)
		}
		if !c.OK {
			continue
		}
		finish := rand.IntN(2) == 0
		m.mu.Lock()
		if by := m.owners[url]; by != "" {
			t.Errorf("%s was claimed by %s and by %s", url, by, request)
		}
		m.owners[url], m.finished[url] = request, finish
		m.mu.Unlock()
		mine = append(mine, url)
		if finish {
			m.using.RLock()
			err := marks.Finish(t.Context(), url, c.Mark, request, Version{URL: url, ETag: request}, time.Now())
			m.using.RUnlock()
			if err != nil {
				t.Error(err)
			}
		}
	}
	rand.Shuffle(len(mine), func(i, k int) { mine[i], mine[k] = mine[k], mine[i] })
	for _, url := range mine[:min(forgotten, len(mine))] {
		m.mu.Lock()
		delete(m.owners, url)
		delete(m.finished, url)
		m.mu.Unlock()
		if err := marks.Forget(t.Context(), url); err != nil {
			t.Error(err)
		}
	}
	return mine[min(forgotten, len(mine)):]
}
