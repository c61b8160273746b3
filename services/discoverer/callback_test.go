package discoverer

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// A hub that is refused for now is told when to come again.
func TestRefusedPushes(t *testing.T) {
	d := &Discoverer{log: slog.New(slog.DiscardHandler), pushing: make(chan struct{})} // has no place
	full, failed := httptest.NewRecorder(), httptest.NewRecorder()
	push := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
	d.takePush(full, push, sources.Subscription{})
	d.refuse(failed, http.StatusInsufficientStorage, "storing a push failed", errors.New("no space"))
	for answer, status := range map[*httptest.ResponseRecorder]int{
		full: http.StatusServiceUnavailable, failed: http.StatusInsufficientStorage,
	} {
		if answer.Code != status || answer.Header().Get("Retry-After") != "60" {
			t.Errorf("status %d, want %d, Retry-After %q", answer.Code, status, answer.Header().Get("Retry-After"))
		}
	}
}
