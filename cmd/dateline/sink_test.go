package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestSinkOnce fills an index from a data folder on which no pipeline runs. The made search engine keeps what is put,
// and accepts one article. The tests of package sink verify the protocol.
func TestSinkOnce(t *testing.T) {
	dir := t.TempDir()
	const url = "https://example.com/ferry"
	article := &datelinev1.Article{
		Id: "id-ferry", CanonicalUrl: url, RequestedUrl: url, FinalUrl: url, Host: "example.com", Title: "Ferry",
		Text: "The ferry sails again.", ContentHash: "ferry",
	}
	storetest.Put(t, openStore(t, dir), article)
	var mu sync.Mutex
	kept := map[string][]byte{} // by path
	status := http.StatusCreated
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(r.Body) // an incomplete body fails the test below
		switch _, password, _ := r.BasicAuth(); {
		case password != "geheim":
			w.WriteHeader(http.StatusUnauthorized)
		case r.Method == http.MethodPut:
			kept[r.URL.Path] = body
		case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/_bulk"):
			kept[r.URL.Path] = body
			fmt.Fprintf(w, `{"items":[{"index":{"_id":"id-ferry","status":%d}}]}`, status)
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, `{"total":0}`)
		case kept[r.URL.Path] == nil:
			w.WriteHeader(http.StatusNotFound)
		default:
			fmt.Fprintf(w, `{"_source":%s}`, kept[r.URL.Path])
		}
	}))
	t.Cleanup(engine.Close)
	secret := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(secret, []byte("dateline:geheim\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(wantCode int, wantOut string, args ...string) {
		t.Helper()
		code, out, errs := dateline(t, append([]string{
			"sink", "--data", dir, "--to", engine.URL + "/articles", "--allow-private", "--once", "--secret-file", secret,
		}, args...)...)
		if code != wantCode || out != wantOut || strings.Contains(errs, "geheim") {
			t.Errorf("exit code %d, want %d: %s%s", code, wantCode, out, errs)
		}
	}
	run(0, "1 article sent, 0 deleted, 0 refused\n")
	if got := kept["/articles/_bulk"]; !bytes.Contains(got, []byte("The ferry sails again.")) {
		t.Errorf("the engine got %s", got)
	}
	run(0, "0 articles sent, 0 deleted, 0 refused\n")
	status = http.StatusBadRequest
	run(1, "0 articles sent, 0 deleted, 1 refused\n", "--reload")
}

// TestSinkFromAPI fills an index from the API of a deployment, whose database may have a replica. What the replica does
// not have yet would be missing from the index until the next revision.
func TestSinkFromAPI(t *testing.T) {
	nats, err := natsembed.Start(natsembed.Config{Dir: t.TempDir(), Addr: "127.0.0.1:0", Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nats.Stop)
	_, js := natstest.Connect(t, nats)
	natstest.Reconcile(t, js, topology.Limits{})
	var positions []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		positions = append(positions, r.Header.Get(replica.PositionHeader))
		_, _ = io.WriteString(w, `{"articles":[]}`)
	}))
	t.Cleanup(api.Close)
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			_, _ = io.WriteString(w, `{"total":0}`)
		case http.MethodGet:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(engine.Close)
	u := user{t.TempDir(), t.TempDir()}
	u.writeContext(t, "remote", "nats: {url: "+nats.ClientURL()+"}\nclient: {web: "+api.URL+"}\n")
	code, out := u.run(t.Context(), t, "sink", "--context", "remote", "--allow-private", "--once",
		"--to", engine.URL+"/articles")
	if code != 0 || !strings.HasSuffix(out, "0 articles sent, 0 deleted, 0 refused\n") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if len(positions) == 0 || slices.ContainsFunc(positions, func(p string) bool { return p != replica.Newest }) {
		t.Errorf("the API was asked for the positions %q, want the newest", positions)
	}
}
