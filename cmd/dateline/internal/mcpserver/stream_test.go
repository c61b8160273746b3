package mcpserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestRequestsBeforeTheEndAreAnswered has a client write its requests and close its end at once,
// as a pipe from a file does.
func TestRequestsBeforeTheEndAreAnswered(t *testing.T) {
	const initialize = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18",` +
		`"capabilities":{},"clientInfo":{"name":"test","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
`
	const calls = 3
	var in strings.Builder
	in.WriteString(initialize)
	for id := range calls {
		fmt.Fprintf(&in, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"search",`+
			`"arguments":{"query":"ferry"}}}`+"\n", id+1)
	}
	library := fixed{hits: []store.Hit{{ID: "0123456789", Article: record("ferry", "The ferry sails", "At noon.", 0)}}}
	for end, rest := range map[string]string{"complete": "", "in a request": `{"jsonrpc":`} {
		t.Run(end, func(t *testing.T) {
			var out bytes.Buffer
			server := New(library, "test", slog.New(slog.DiscardHandler))
			err := ServeStream(t.Context(), server, io.NopCloser(strings.NewReader(in.String()+rest)), &out)
			if isCut := rest != ""; (err != nil) != isCut {
				t.Error("the server ended with", err)
			}
			answered := map[int]bool{}
			for decoder := json.NewDecoder(&out); decoder.More(); {
				var response struct {
					ID     int
					Result struct{ IsError bool }
					Error  json.RawMessage
				}
				if err := decoder.Decode(&response); err != nil {
					t.Fatal(err)
				}
				if answered[response.ID] = true; response.Error != nil || response.Result.IsError {
					t.Errorf("request %d failed: %s", response.ID, response.Error)
				}
			}
			if len(answered) != 1+calls {
				t.Errorf("answered are the requests %v, want 0 to %d", answered, calls)
			}
		})
	}
}
