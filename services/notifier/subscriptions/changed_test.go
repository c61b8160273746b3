package subscriptions_test

import (
	"strconv"
	"testing"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestChanged reads more subscriptions than are read at once, and then only those that have changed.
func TestChanged(t *testing.T) {
	inBothStores(t, func(t *testing.T, all *subscriptions.Subscriptions) {
		const count = 1001
		for i := range count {
			add(t, all, "s"+strconv.Itoa(i))
		}
		changed := func(version int64) map[string]bool {
			t.Helper()
			page, err := all.Changed(t.Context(), version)
			if err != nil {
				t.Fatal(err)
			}
			ids := map[string]bool{}
			for _, one := range page {
				ids[one.ID] = true
			}
			if len(ids) != len(page) {
				t.Errorf("%d of %d subscriptions are different", len(ids), len(page))
			}
			return ids
		}
		if got := len(changed(-1)); got != count {
			t.Errorf("%d subscriptions, want %d", got, count)
		}
		before, err := all.Progress(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := len(changed(before.Version)); got != 0 {
			t.Errorf("%d subscriptions have changed since the last change, want 0", got)
		}
		id := add(t, all, "s7")
		if got := changed(before.Version); len(got) != 1 || !got[id] {
			t.Errorf("%v have changed, want %s", got, id)
		}
		if n, err := all.Count(t.Context()); err != nil || n != count {
			t.Errorf("%d subscriptions, %v; want %d", n, err, count)
		}
	})
}
