package telemetry_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/dateline-news/dateline/internal/telemetry"
)

// TestOptionalServicesAreListedWhileTheyRun lists services with and without an address.
func TestOptionalServicesAreListedWhileTheyRun(t *testing.T) {
	config := telemetry.DefaultConfig()
	config.Discover = []string{"localhost:9464", "localhost:9465?", "absent.invalid:9466", "absent.invalid:9467?"}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/targets", nil)
	config.Targets().Handler.ServeHTTP(answer, request)
	var groups []struct{ Targets []string }
	if err := json.Unmarshal(answer.Body.Bytes(), &groups); err != nil {
		t.Fatal(err)
	}
	ports := map[string]bool{}
	for _, group := range groups {
		for _, target := range group.Targets {
			ports[target[len(target)-4:]] = true
		}
	}
	if !ports["9464"] || !ports["9465"] || !ports["9466"] || ports["9467"] {
		t.Errorf("listed %s; want all but the optional service that does not run", answer.Body)
	}
}
