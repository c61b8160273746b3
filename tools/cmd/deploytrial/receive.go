package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// hook accepts the deliveries of subscriptions. A GET returns how many different ones it has accepted, and how many
// were repeated, such as "500 2". Its memory is lost when the process ends.
type hook struct {
	mu       sync.Mutex
	accepted map[string]bool // by the id of the message
	repeated int
}

// maxBody is the maximum size of a delivery in bytes.
const maxBody = 8 << 20

func newHook() *hook { return &hook{accepted: map[string]bool{}} }

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("Webhook-Id")
	if r.Method == http.MethodPost {
		// What the notifier has not sent to its end was not delivered.
		if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody)); err != nil || id == "" {
			http.Error(w, "no delivery", http.StatusBadRequest)
			return
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Method != http.MethodPost {
		fmt.Fprintln(w, len(h.accepted), h.repeated)
		return
	}
	if h.accepted[id] {
		h.repeated++
	}
	h.accepted[id] = true
}

// received prints what a hook has accepted.
func received(ctx context.Context, url string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	defer answer.Body.Close()
	_, err = io.Copy(out, io.LimitReader(answer.Body, maxBody))
	return err
}
