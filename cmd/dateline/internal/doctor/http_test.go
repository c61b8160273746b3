package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/telemetry"
)

// adminServer serves the admin endpoints of a service whose store check returns err.
func adminServer(t *testing.T, err error) *httptest.Server {
	t.Helper()
	checks := []telemetry.Check{
		{Name: "nats", Test: func(context.Context) error { return nil }},
		{Name: "store", Test: func(context.Context) error { return err }},
	}
	server := httptest.NewServer(telemetry.Handler(telemetry.NewRegistry("test"), checks))
	t.Cleanup(server.Close)
	return server
}

func TestServices(t *testing.T) {
	ready := adminServer(t, nil)
	unready := adminServer(t, errors.New("no route to the database"))
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	late := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	}))
	defer late.Close()
	admin := []string{ready.URL, unready.Listener.Addr().String(), other.URL, late.URL, "127.0.0.1:1"}
	wantLines(t, findings(t, examineAdmin, Target{Admin: admin}),
		"ok services: "+ready.URL+" is ready",
		"is not ready: store: no route to the database",
		other.URL+" answers 404 to /readyz",
		"problem clock: the clock of "+late.URL+" is -",
		"problem services: 127.0.0.1:1 does not answer",
	)
	wantLines(t, findings(t, examineWeb, Target{Web: other.URL}), "problem web: "+other.URL+" answers 404")
}
