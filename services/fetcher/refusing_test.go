package fetcher

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestRefusingHosts(t *testing.T) {
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	hosts := &refusingHosts{now: func() time.Time { return now }, since: map[string]time.Time{}}
	expect := func(want int) {
		t.Helper()
		if got := hosts.count(); got != want {
			t.Errorf("%d refusing hosts, want %d", got, want)
		}
	}
	hosts.answered("a.example", http.StatusForbidden)
	hosts.answered("b.example", http.StatusTooManyRequests)
	hosts.answered("c.example", http.StatusServiceUnavailable)
	expect(2)
	hosts.answered("a.example", http.StatusOK)
	expect(1)
	now = now.Add(refusingFor)
	hosts.answered("a.example", http.StatusForbidden)
	now = now.Add(time.Second)
	expect(1) // the last response of b is more than an hour old

	for i := range maxRefusing + 10 {
		hosts.answered(fmt.Sprint(i, ".example"), http.StatusForbidden)
	}
	expect(maxRefusing)
	now = now.Add(refusingFor + time.Second)
	hosts.answered("late.example", http.StatusForbidden) // takes the place of those that are over
	expect(1)
}
