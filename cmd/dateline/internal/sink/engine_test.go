package sink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// stored is a document in the engine, or the tombstone of one.
type stored struct {
	version int64
	source  json.RawMessage // nil if it was deleted
}

// engine is a made server with the parts of the protocol of OpenSearch that the package uses. It fails the test if a
// request is not exactly as the protocol describes.
type engine struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	indexes map[string]map[string]stored
	// actions are those of all bulk requests, such as "index a".
	actions []string
	// answer, if not nil, answers a request instead of the engine and returns true.
	answer func(w http.ResponseWriter, r *http.Request, body []byte) bool
	// status, if not nil, returns a status with which an action fails, or 0.
	status func(action string) int
	// limit is the maximum size of a request, or 0.
	limit int
}

const (
	engineSecret        = "dateline:geheim"
	engineAuthorization = "Basic ZGF0ZWxpbmU6Z2VoZWlt"
)

func newEngine(t *testing.T) *engine {
	e := &engine{t: t, indexes: map[string]map[string]stored{}}
	e.Server = httptest.NewServer(http.HandlerFunc(e.serve))
	t.Cleanup(e.Close)
	return e
}

// target returns the index "articles" of the engine.
func (e *engine) target() *OpenSearch {
	e.t.Helper()
	o, err := NewOpenSearch(Config{To: e.URL + "/articles", Secret: engineSecret + "\n", AllowPrivate: true})
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(o.Close)
	return o
}

func (e *engine) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client was killed
	}
	e.mu.Lock()
	answer := e.answer
	e.mu.Unlock()
	if answer != nil && answer(w, r, body) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Header.Get("Authorization") != engineAuthorization {
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	if e.limit > 0 && len(body) > e.limit {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	index := parts[0]
	call := r.Method + " " + strings.Join(parts[1:], "/")
	if len(parts) == 3 {
		call = r.Method + " " + parts[1]
	}
	_, exists := e.indexes[index]
	switch call {
	case "HEAD ":
		if !exists {
			w.WriteHeader(http.StatusNotFound)
		}
	case "PUT ":
		if exists || !json.Valid(body) {
			http.Error(w, `{"error":{"type":"resource_already_exists_exception"}}`, http.StatusBadRequest)
			return
		}
		e.indexes[index] = map[string]stored{}
	case "PUT _doc", "GET _doc", "DELETE _doc":
		e.single(w, r.Method, index, parts[2], body)
	case "POST _refresh":
		fmt.Fprint(w, `{"_shards":{"failed":0}}`)
	case "POST _delete_by_query":
		e.deleteByQuery(w, r, index, body)
	case "POST _bulk":
		e.bulk(w, r, index, body)
	default:
		e.t.Errorf("the engine has no %s %s", r.Method, r.URL)
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// single serves requests for a single document, without versions.
func (e *engine) single(w http.ResponseWriter, method, index, id string, body []byte) {
	one, found := e.indexes[index][id]
	switch {
	case method == http.MethodPut && !json.Valid(body):
		e.t.Errorf("%s/%s is put as %s", index, id, body)
	case method == http.MethodPut:
		if e.indexes[index] == nil {
			e.indexes[index] = map[string]stored{}
		}
		e.indexes[index][id] = stored{version: one.version + 1, source: body}
		fmt.Fprint(w, `{"result":"updated"}`)
	case !found || one.source == nil:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"found":false}`)
	case method == http.MethodDelete:
		delete(e.indexes[index], id)
	default:
		fmt.Fprintf(w, `{"found":true,"_source":%s}`, one.source)
	}
}

func (e *engine) deleteByQuery(w http.ResponseWriter, r *http.Request, index string, body []byte) {
	var query struct {
		Query struct {
			Range struct {
				Generation struct{ Lt int64 }
			}
		}
	}
	lines := json.NewDecoder(bytes.NewReader(body))
	lines.DisallowUnknownFields()
	if err := lines.Decode(&query); err != nil || r.URL.Query().Get("conflicts") != "proceed" {
		e.t.Errorf("the query %s %s: %v", r.URL, body, err)
	}
	const step = 2 // fewer than asked for, so that there are several requests
	total := 0
	for id, one := range e.indexes[index] {
		var source struct{ Generation *int64 }
		if json.Unmarshal(one.source, &source) == nil && source.Generation != nil && total < step &&
			*source.Generation < query.Query.Range.Generation.Lt {
			e.indexes[index][id] = stored{version: one.version + 1}
			total++
		}
	}
	fmt.Fprintf(w, `{"total":%d,"deleted":%[1]d,"failures":[]}`, total)
}

func (e *engine) bulk(w http.ResponseWriter, r *http.Request, index string, body []byte) {
	if r.Header.Get("Content-Type") != "application/x-ndjson" || !bytes.HasSuffix(body, []byte("\n")) {
		e.t.Errorf("a bulk request is %s and ends with %q", r.Header.Get("Content-Type"), body[max(0, len(body)-1):])
	}
	lines := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
	var items []string
	for i := 0; i < len(lines); i++ {
		var line map[string]struct {
			ID          string `json:"_id"`
			Version     int64  `json:"version"`
			VersionType string `json:"version_type"`
		}
		strict := json.NewDecoder(bytes.NewReader(lines[i]))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&line); err != nil || len(line) != 1 {
			e.t.Errorf("line %d is %.200s: %v", i, lines[i], err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		for name, one := range line {
			if one.ID == "" || one.VersionType != "external_gte" || one.Version < 0 {
				e.t.Errorf("the action is %s", lines[i])
			}
			var source json.RawMessage
			if name == "index" {
				if i++; i == len(lines) || json.Unmarshal(lines[i], &map[string]any{}) != nil {
					e.t.Errorf("the document of %s is not an object in one line", one.ID)
					return
				}
				source = lines[i]
			} else if name != "delete" {
				e.t.Errorf("the action is %s", name)
			}
			items = append(items, e.apply(index, name, one.ID, stored{one.Version, source}))
		}
	}
	fmt.Fprintf(w, `{"items":[%s]}`, strings.Join(items, ","))
}

// apply applies an action and returns its item in the answer.
func (e *engine) apply(index, name, id string, next stored) string {
	e.actions = append(e.actions, name+" "+id)
	item := func(status int, kind string) string {
		return fmt.Sprintf(`{%q:{"_id":%q,"status":%d,"error":{"type":%q,"reason":"made by the test"}}}`, name, id, status,
			kind)
	}
	if e.status != nil {
		if status := e.status(name + " " + id); status != 0 {
			return item(status, "made_exception")
		}
	}
	if e.indexes[index] == nil {
		e.indexes[index] = map[string]stored{}
	}
	current, found := e.indexes[index][id]
	if found && current.version > next.version {
		return item(http.StatusConflict, "version_conflict_engine_exception")
	}
	e.indexes[index][id] = next
	status := http.StatusOK
	if name == "delete" && current.source == nil {
		status = http.StatusNotFound
	}
	return fmt.Sprintf(`{%q:{"_id":%q,"status":%d}}`, name, id, status)
}

// set changes how the engine answers.
func (e *engine) set(change func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change()
}

// titles returns the titles of the articles in the index, in their order.
func (e *engine) titles() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []string
	for _, one := range e.indexes["articles"] {
		var source struct{ Record struct{ Title string } }
		if json.Unmarshal(one.source, &source) == nil {
			all = append(all, source.Record.Title)
		}
	}
	return strings.Join(slices.Sorted(slices.Values(all)), " ")
}

// taken returns the actions since the last call, by their number.
func (e *engine) taken() map[string]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	counts := map[string]int{}
	for _, one := range e.actions {
		counts[one]++
	}
	e.actions = nil
	return counts
}
