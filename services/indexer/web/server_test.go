package web_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/indexer/web"
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return goleak.Find() }))
}

const (
	readToken    = "the-token-of-readers"
	operateToken = "the-token-of-operators"
)

// testServer serves a library with its own store and streams.
type testServer struct {
	*httptest.Server
	store   store.Store
	js      jetstream.JetStream
	metrics prometheus.Gatherer
}

func newTestServer(t *testing.T, config web.Config) *testServer {
	t.Helper()
	return newTestServerWith(t, config, func(*http.Server) {})
}

// newTestServerWith changes the HTTP server before it starts.
func newTestServerWith(t *testing.T, config web.Config, change func(*http.Server)) *testServer {
	t.Helper()
	return newTestServerOf(t, config, web.Dependencies{}, change)
}

// newTestServerOf adds a library to the dependencies of the server.
func newTestServerOf(
	t *testing.T, config web.Config, deps web.Dependencies, changes ...func(*http.Server),
) *testServer {
	t.Helper()
	_, js := natstest.Start(t)
	return newTestServerOn(t, storetest.SQLite(t), js, config, deps, changes...)
}

// newTestServerOn has the articles in the store with a DSN.
func newTestServerOn(
	t *testing.T, dsn string, js jetstream.JetStream, config web.Config, deps web.Dependencies,
	changes ...func(*http.Server),
) *testServer {
	t.Helper()
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	metrics := prometheus.NewRegistry()
	deps.Library, deps.Registry, deps.Log = library.New(s, js), metrics, slog.New(slog.DiscardHandler)
	server := httptest.NewUnstartedServer(web.Handler(config, deps))
	for _, change := range changes {
		change(server.Config)
	}
	server.Start()
	t.Cleanup(server.Close)
	return &testServer{server, s, js, metrics}
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// article returns the record of an article, with a paragraph for each part of
// the text that is separated by a blank line.
func article(name, title, text string, at time.Time) *datelinev1.Article {
	url := "https://example.com/" + name
	a := &datelinev1.Article{
		Id: "id-" + name + "-0000", CanonicalUrl: url, RequestedUrl: url, FinalUrl: url,
		Host: "example.com", SiteName: "The Example", Title: title, Text: text, Language: "en",
		Section: "Coast", Tags: []string{"sea"}, Authors: []*datelinev1.Author{{Name: "Maria Vance"}},
		WordCount: int32(len(strings.Fields(text))), ContentHash: fmt.Sprintf("%x", title+text),
		FetchTime: timestamppb.New(at), ExtractTime: timestamppb.New(at), RequestId: "request-" + name,
		Published: &datelinev1.PublicationTime{
			Value: timestamppb.New(at), Precision: datelinev1.TimePrecision_TIME_PRECISION_MINUTE,
		},
		Provenance: map[string]*datelinev1.Provenance{
			"title": {Source: datelinev1.FieldSource_FIELD_SOURCE_JSON_LD, Confidence: 0.97},
		},
	}
	for _, paragraph := range strings.Split(text, "\n\n") {
		a.Body = append(a.Body, &datelinev1.Block{Kind: datelinev1.BlockKind_BLOCK_KIND_PARAGRAPH, Text: paragraph})
	}
	return a
}

func (server *testServer) put(t *testing.T, articles ...*datelinev1.Article) {
	t.Helper()
	results, err := server.store.Put(t.Context(), articles)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
}

// request sends a request and returns the response's status, headers and body.
// headers are pairs of a name and a value.
func (server *testServer) request(t *testing.T, method, path string, headers ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	client := http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(body)
}

// get returns the body of a successful response.
func (server *testServer) get(t *testing.T, path string) string {
	t.Helper()
	status, _, body := server.request(t, http.MethodGet, path)
	if status != http.StatusOK {
		t.Fatalf("GET %s: status %d: %s", path, status, body)
	}
	return body
}

func decode[T any](t *testing.T, body string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Fatalf("%v: %.300s", err, body)
	}
	return value
}

// list is a page of articles in the API.
type list struct {
	Articles []struct {
		ID, Title, Published string
		TitleMatches         [][2]int `json:"title_matches"`
		Snippet              struct {
			Text    string
			Matches [][2]int
		}
	}
	Next   string
	Facets *struct {
		Articles int
		Complete bool
		Fields   map[string][]store.FacetValue
	}
}

func (l list) ids() string {
	var ids []string
	for _, a := range l.Articles {
		ids = append(ids, strings.TrimSuffix(strings.TrimPrefix(a.ID, "id-"), "-0000"))
	}
	return strings.Join(ids, " ")
}
