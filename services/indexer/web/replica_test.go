package web_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// TestPagesAreReadFromReplica changes something while the replica is behind, and stops the primary.
func TestPagesAreReadFromReplica(t *testing.T) {
	primary, standby := postgrestest.Replicated(t)
	articles := storetest.Open(t, primary.URL("postgres"))
	for _, name := range []string{"north", "south"} {
		storetest.Put(t, articles, article(name, "Ferry "+name, "The ferry left.", noon))
	}
	reads, err := replica.Open(t.Context(), articles, replica.Config{URL: standby.URL("postgres"), MaxLag: time.Hour},
		prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reads.Close() })
	_, js := natstest.Start(t)
	serve := func() *testServer {
		listener := httptest.NewServer(web.Handler(web.Config{OperateToken: "operator-operator-0"}, web.Dependencies{
			Library: library.New(reads, js), Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
		}))
		t.Cleanup(listener.Close)
		return &testServer{Server: listener, store: articles, js: js}
	}
	server := serve()
	count := func(headers ...string) (int, http.Header) {
		t.Helper()
		status, h, body := server.request(t, http.MethodGet, "/api/v1/articles", headers...)
		var found struct{ Articles []struct{} }
		if err := json.Unmarshal([]byte(body), &found); err != nil || status != http.StatusOK {
			t.Fatalf("status %d: %v: %s", status, err, body)
		}
		return len(found.Articles), h
	}
	await(t, func() bool {
		n, h := count()
		return n == 2 && h.Get("Dateline-Read-From") == replica.Replica
	})
	if _, h := count(); h.Get("Dateline-Read-Age") == "" {
		t.Error("a response from the replica does not tell its age")
	}
	if n, h := count(replica.PositionHeader, replica.Newest); n != 2 || h.Get(replica.FromHeader) != replica.Primary {
		t.Errorf("with the newest position, there are %d articles from the %s", n, h.Get(replica.FromHeader))
	}
	if page := server.get(t, "/"); !strings.Contains(page, "From a replica of the database, as of ") {
		t.Error("the footer does not name the replica")
	}

	standby.Execute("SELECT pg_wal_replay_pause()")
	const operate = "Bearer operator-operator-0"
	status, h, body := server.request(t, http.MethodDelete, "/api/v1/articles/id-north-0000", "Authorization", operate)
	if status != http.StatusOK {
		t.Fatalf("erasing: status %d: %s", status, body)
	}
	position := h.Get("Dateline-Position")
	cookie := strings.Split(h.Get("Set-Cookie"), ";")[0]
	if at, err := strconv.ParseUint(position, 10, 64); err != nil || at == 0 || cookie != "dateline_position="+position {
		t.Errorf("a change has the position %q and the cookie %q", position, cookie)
	}
	if n, h := count(); n != 1 || h.Get("Dateline-Read-From") != replica.Primary {
		t.Errorf("after erasing, the server has %d articles, from the %s", n, h.Get("Dateline-Read-From"))
	}
	standby.Execute("SELECT pg_wal_replay_resume()")
	await(t, func() bool {
		n, h := count("Cookie", cookie)
		return n == 1 && h.Get("Dateline-Read-From") == replica.Replica
	})

	primary.Kill()
	await(t, func() bool { return reads.State().PrimaryProblem != "" })
	if n, _ := count("Dateline-Position", position); n != 1 {
		t.Errorf("without the primary, there are %d articles", n)
	}
	if page := server.get(t, "/"); !strings.Contains(page, "The database is unavailable.") {
		t.Error("the footer does not state what is unavailable")
	}
	var state library.State
	if err := json.Unmarshal([]byte(server.get(t, "/api/v1/state")), &state); err != nil || state.Reads == nil ||
		state.Reads.From != replica.Replica || state.Reads.PrimaryProblem == "" {
		t.Errorf("the state is %+v, %v", state.Reads, err)
	}
	for _, path := range []string{
		"/sources", "/pipeline", "/searches", "/subscriptions", "/discovery", "/articles/id-south-0000",
	} {
		server.get(t, path)
	}
	status, _, _ = server.request(t, http.MethodDelete, "/api/v1/articles/id-south-0000", "Authorization", operate)
	if status < http.StatusInternalServerError {
		t.Errorf("erasing without the primary: status %d", status)
	}
}

// await waits until a condition holds.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	for !holds() {
		select {
		case <-t.Context().Done():
			t.Fatal("the condition does not hold in time")
		case <-time.After(50 * time.Millisecond):
		}
	}
}
