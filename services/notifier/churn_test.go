package notifier

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestMatchingWhileSubscriptionsChange stores articles while others add, change and remove subscriptions without a
// pause, until all articles are delivered, also to a subscription whose query changes all the time but always matches.
func TestMatchingWhileSubscriptionsChange(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		hook := newTarget(t, nil)
		r.run()
		r.subscribe("ferries", "ferry", hook.URL)
		r.subscribe("restless", "ferry", hook.URL)
		var changes sync.WaitGroup
		end := make(chan struct{})
		changes.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-end:
					return
				default:
				}
				spec := subscriptions.Spec{
					Name: "other" + strconv.Itoa(i%10), Query: subscriptions.Query{Text: "tug" + strconv.Itoa(i)}, To: hook.URL,
				}
				if err := r.subs.Put(t.Context(), spec, nil, time.Now()); err != nil {
					t.Error(err)
					return
				}
				spec = subscriptions.Spec{
					Name: "restless", Query: subscriptions.Query{Text: "ferry -tug" + strconv.Itoa(i)}, To: hook.URL,
				}
				if err := r.subs.Put(t.Context(), spec, nil, time.Now()); err != nil {
					t.Error(err)
					return
				}
				if i%10 == 9 {
					if err := r.subs.Remove(t.Context(), "other5"); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
		for i := range 5 {
			r.put(strconv.Itoa(i), "Ferry "+strconv.Itoa(i))
		}
		r.until("all deliveries", "ferries", delivered(5))
		r.until("all deliveries", "restless", delivered(5))
		close(end)
		changes.Wait()
		// The queries are those of the last changes.
		r.subscribe("other1", "barge", hook.URL)
		if err := r.subs.Remove(t.Context(), "other2"); err != nil {
			t.Fatal(err)
		}
		r.put("barge", "Ferry and barge")
		r.until("a delivery", "other1", delivered(1))
		r.until("one more delivery", "ferries", delivered(6))
	})
}
