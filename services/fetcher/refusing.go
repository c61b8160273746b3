package fetcher

import (
	"net/http"
	"sync"
	"time"
)

const (
	// refusingFor is how long a host counts as refusing after its last response.
	refusingFor = time.Hour
	// maxRefusing is the maximum number of hosts that are remembered.
	maxRefusing = 20_000
)

// refusingHosts counts the hosts whose last response was a refusal.
type refusingHosts struct {
	now func() time.Time

	mu    sync.Mutex
	since map[string]time.Time // of the last refusal, by host
}

// answered records the status of a host's response.
func (h *refusingHosts) answered(host string, status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if status != http.StatusForbidden && status != http.StatusTooManyRequests {
		delete(h.since, host)
		return
	}
	if len(h.since) >= maxRefusing {
		h.forget()
	}
	if _, known := h.since[host]; known || len(h.since) < maxRefusing {
		h.since[host] = h.now()
	}
}

func (h *refusingHosts) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget()
	return len(h.since)
}

// forget drops the hosts without a recent refusal. The caller holds mu.
func (h *refusingHosts) forget() {
	for host, at := range h.since {
		if h.now().Sub(at) > refusingFor {
			delete(h.since, host)
		}
	}
}
