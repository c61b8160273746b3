package web_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	readToken    = "the-token-of-readers"
	operateToken = "the-token-of-operators"
)

// house is a library with a web server in front of it.
type house struct {
	*httptest.Server
	store store.Store
	js    jetstream.JetStream
}

func open(t *testing.T, config web.Config) *house {
	t.Helper()
	_, js := natstest.Start(t)
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "articles.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(web.Handler(config, library.New(s, js), prometheus.NewRegistry(), slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	return &house{server, s, js}
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func article(name, title, text string, at time.Time) *datelinev1.Article {
	a := &datelinev1.Article{
		Id: "id-" + name + "-0000", CanonicalUrl: "https://example.com/" + name, RequestedUrl: "https://example.com/" + name,
		FinalUrl: "https://example.com/" + name, Host: "example.com", SiteName: "The Example", Title: title, Text: text, Language: "en",
		Section: "Coast", Tags: []string{"sea"}, Authors: []*datelinev1.Author{{Name: "Maria Vance"}}, WordCount: int32(len(strings.Fields(text))),
		ContentHash: fmt.Sprintf("%x", title+text), FetchTime: timestamppb.New(at), ExtractTime: timestamppb.New(at), RequestId: "request-" + name,
		Published:  &datelinev1.PublicationTime{Value: timestamppb.New(at), Precision: datelinev1.TimePrecision_TIME_PRECISION_MINUTE},
		Provenance: map[string]*datelinev1.Provenance{"title": {Source: datelinev1.FieldSource_FIELD_SOURCE_JSON_LD, Confidence: 0.97}},
	}
	for _, paragraph := range strings.Split(text, "\n\n") {
		a.Body = append(a.Body, &datelinev1.Block{Kind: datelinev1.BlockKind_BLOCK_KIND_PARAGRAPH, Text: paragraph})
	}
	return a
}

func (h *house) put(t *testing.T, articles ...*datelinev1.Article) {
	t.Helper()
	results, err := h.store.Put(t.Context(), articles)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
}

// ask sends a request and returns the answer's status, head and body.
func (h *house) ask(t *testing.T, method, path string, head ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(head); i += 2 {
		if r.Header.Set(head[i], head[i+1]); head[i] == "Host" {
			r.Host = head[i+1]
		}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(body)
}

func (h *house) get(t *testing.T, path string) string {
	t.Helper()
	status, _, body := h.ask(t, http.MethodGet, path)
	if status != http.StatusOK {
		t.Fatalf("%s answers %d: %s", path, status, body)
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
