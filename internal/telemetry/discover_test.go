package telemetry_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
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
	var groups []struct {
		Targets []string
		Labels  map[string]string
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &groups); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, group := range groups {
		if len(group.Targets) != 1 {
			t.Fatalf("a group has the targets %q", group.Targets)
		}
		host, port, err := net.SplitHostPort(group.Targets[0])
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		if names, err := net.DefaultResolver.LookupAddr(t.Context(), host); err == nil && len(names) > 0 {
			want = strings.Split(names[0], ".")[0]
		}
		if isAddress := net.ParseIP(host) != nil; isAddress != (group.Labels["job"] == "localhost") ||
			group.Labels["instance"] != want {
			t.Errorf("the target %s has the labels %v, want the instance %q", group.Targets[0], group.Labels, want)
		}
		if one := port + " of " + group.Labels["job"]; !slices.Contains(listed, one) { // IPv4 and IPv6
			listed = append(listed, one)
		}
	}
	want := []string{"9464 of localhost", "9465 of localhost", "9466 of absent.invalid"}
	if !slices.Equal(listed, want) {
		t.Errorf("listed %q, want %q: all but the optional service that does not run", listed, want)
	}
}
