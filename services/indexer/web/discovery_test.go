package web_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/web"
)

// call sends a JSON body to the API, and decodes the response into answer unless it is nil.
func (server *testServer) call(t *testing.T, method, path, token, body string, answer any) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer != nil {
		if err := json.NewDecoder(bytes.NewReader(data)).Decode(answer); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, data)
		}
	}
	return response.StatusCode
}

// TestDiscovery manages sources of discovery with the API.
func TestDiscovery(t *testing.T) {
	server := newTestServer(t, web.Config{ReadToken: readToken, OperateToken: operateToken})
	const path = "/discovery/sources"
	if status := server.call(t, "POST", path, readToken, `{"url":"https://example.com"}`, nil); status != 403 {
		t.Errorf("adding with the read token: %d", status)
	}
	if status := server.call(t, "POST", path, operateToken, `{"url":"not a URL"}`, nil); status != 400 {
		t.Errorf("adding what is not a URL: %d", status)
	}
	var source struct {
		ID, URL, State string
		Labels         map[string]string
		Policy         struct{ Exclude []string }
		Endpoints      []struct{ URL, Kind, State string }
	}
	added := `{"url":"https://Example.com","labels":{"a":"b"},"policy":{"exclude":["/ads/*"]}}`
	if status := server.call(t, "POST", path, operateToken, added, &source); status != 200 ||
		source.URL != "https://example.com/" || len(source.Endpoints) != 2 || source.Policy.Exclude[0] != "/ads/*" {
		t.Fatalf("adding a source: %d, %+v", status, source)
	}
	one := path + "/" + source.ID
	for _, test := range []struct {
		method, path, token, body string
		want                      int
	}{
		{"PUT", one + "/policy", operateToken, `{"include":["/news/*"],"articles_per_day":5}`, 200},
		{"PUT", one + "/policy", operateToken, `{"include":["news"]}`, 400},
		{"PUT", one + "/policy", readToken, `{}`, 403},
		{"POST", one + "/pause", operateToken, ``, 204},
		{"POST", path + "/unknown/pause", operateToken, ``, 404},
		{"GET", path + "/unknown", readToken, ``, 404},
		{"POST", one + "/backfill", readToken, `{}`, 403},
		{"POST", one + "/backfill", operateToken, `{"since":"2024-02-01T00:00:00Z","until":"2024-01-01T00:00:00Z"}`, 400},
		{"POST", path + "/unknown/backfill", operateToken, `{}`, 404},
		{"DELETE", one + "/backfill", operateToken, ``, 409},
		{"POST", one + "/backfill", operateToken, `{"since":"2024-01-01T00:00:00Z"}`, 200},
		{"POST", one + "/backfill", operateToken, `{}`, 409},
		{"DELETE", one + "/backfill", operateToken, ``, 204},
	} {
		if status := server.call(t, test.method, test.path, test.token, test.body, nil); status != test.want {
			t.Errorf("%s %s %s: %d, want %d", test.method, test.path, test.body, status, test.want)
		}
	}
	var list []struct {
		ID, State string
		Policy    struct {
			Include []string
		}
	}
	if status := server.call(t, "GET", path, readToken, "", &list); status != 200 || len(list) != 1 ||
		list[0].State != "paused" || len(list[0].Policy.Include) != 1 {
		t.Errorf("the list: %d, %+v", status, list)
	}
	server.call(t, "POST", one+"/resume", operateToken, "", nil)
	if server.call(t, "GET", one, readToken, "", &source); source.State != "active" {
		t.Errorf("after resuming, the source is %s", source.State)
	}
	if status := server.call(t, "DELETE", one, operateToken, "", nil); status != 204 {
		t.Errorf("removing: %d", status)
	}
	if status := server.call(t, "GET", one, readToken, "", nil); status != 404 {
		t.Errorf("a removed source: %d", status)
	}
}

// TestDiscoveryLabels verifies that labels are refused with which intake would refuse every
// article of the site.
func TestDiscoveryLabels(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	many := map[string]string{}
	for i := range 64 {
		many[strconv.Itoa(i)] = "v"
	}
	add := func(labels map[string]string) int {
		body, err := json.Marshal(map[string]any{"url": "https://example.com", "labels": labels})
		if err != nil {
			t.Fatal(err)
		}
		return server.call(t, "POST", "/discovery/sources", operateToken, string(body), nil)
	}
	if status := add(many); status != 200 {
		t.Errorf("64 labels: %d, want 200", status)
	}
	many["one more"] = "x"
	if status := add(many); status != 400 {
		t.Errorf("65 labels: %d, want 400", status)
	}
	if status := add(map[string]string{"long": strings.Repeat("v", 1025)}); status != 400 {
		t.Errorf("a label of 1,025 bytes: %d, want 400", status)
	}
}
