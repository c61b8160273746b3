package notifier

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestMatchingWhileSubscriptionsChange stores articles while others add, change and remove subscriptions without a
// pause. Matches that were found with outdated subscriptions are not stored, and nothing is missed. Each change makes
// matching start again, and may keep it from making progress until the changes end.
func TestMatchingWhileSubscriptionsChange(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		hook := newTarget(t, nil)
		r.run()
		r.subscribe("ferries", "ferry", hook.URL)
		var changes sync.WaitGroup
		changes.Go(func() {
			for i := range 200 {
				spec := subscriptions.Spec{
					Name: "other" + strconv.Itoa(i%10), Query: subscriptions.Query{Text: "tug" + strconv.Itoa(i)}, To: hook.URL,
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
