package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/dateline-news/dateline/cmd/dateline/internal/newsroom"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/natstest"
)

// mcpAnswer calls a tool and returns its structured answer without what differs between
// two calls.
func mcpAnswer(t *testing.T, session *mcp.ClientSession, tool string, args map[string]any) string {
	t.Helper()
	result, err := session.CallTool(natstest.Context(t), &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	if result.IsError {
		t.Fatalf("%s fails: %+v", tool, result.Content[0])
	}
	answer, ok := result.StructuredContent.(map[string]any)
	if !ok {
		t.Fatalf("the answer of %s is not structured: %T", tool, result.StructuredContent)
	}
	fence, _ := answer["fence"].(string)
	delete(answer, "counted")
	data, err := json.MarshalIndent(answer, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if fence != "" {
		data = bytes.ReplaceAll(data, []byte(fence), []byte("CODE"))
	}
	return string(data)
}

// TestMCP starts the program as a client of the Model Context Protocol does: with the store
// on standard streams, with the HTTP API of a deployment, and as a server over HTTP. All
// must answer the same.
func TestMCP(t *testing.T) {
	t.Parallel()
	room, err := newsroom.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close()
	dir, id := t.TempDir(), ""
	_, ends := ingest(t, dir, room.URLs()...)
	for _, all := range ends {
		for _, one := range all {
			if one.Article != nil {
				id = one.Article.ID
			}
		}
	}
	const token = "ReadTokenOfTheTest"
	cfg := testConfig(dir)
	cfg.Data.NATSAddr, cfg.HTTP.Addr, cfg.HTTP.ReadToken = "127.0.0.1:0", natstest.FreeAddr(t), token
	runPipeline(t, cfg, slog.New(slog.DiscardHandler))

	ctx := natstest.Context(t)
	client := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil)
	sessions := map[string]*mcp.ClientSession{}
	connect := func(name string, transport mcp.Transport) {
		session, err := client.Connect(ctx, transport, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sessions[name] = session
	}
	defer func() {
		for name, session := range sessions {
			if err := session.Close(); err != nil {
				t.Errorf("%s: the program ends with %v", name, err)
			}
		}
	}()
	connect("store", &mcp.CommandTransport{Command: program(ctx, t, "mcp", "--data-dir", dir)})
	remote := program(ctx, t, "mcp", "--context", "remote")
	u := user{config: configOf(remote)}
	u.writeContext(t, "remote", "nats: {url: nats://"+closedAddr+"}\nclient: {web: http://"+cfg.HTTP.Addr+"}\n"+
		"http: {read-token: "+token+"}\n")
	connect("API", &mcp.CommandTransport{Command: remote})

	addr := natstest.FreeAddr(t)
	server := program(ctx, t, "mcp", "--data-dir", dir, "--listen", addr, "--http-read-token", token)
	var errText bytes.Buffer
	server.Stderr = &errText
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	url := "http://" + addr + "/mcp"
	for status := 0; status != http.StatusUnauthorized; loop.Sleep(ctx, 10*time.Millisecond) {
		response, err := http.Get(url) //nolint:noctx // the loop ends with ctx
		if err == nil {
			status = response.StatusCode
			response.Body.Close()
		}
		if ctx.Err() != nil {
			t.Fatal("the server does not start:", errText.String())
		}
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	connect("HTTP", &mcp.StreamableClientTransport{
		Endpoint: url, HTTPClient: &http.Client{Transport: withToken{token, transport}},
	})

	for _, c := range []struct {
		tool string
		args map[string]any
	}{
		{"search", map[string]any{"query": "ferry", "limit": 5}},
		{"search", map[string]any{"query": "ferry OR boat", "order": "rank", "language": []string{"en"}}},
		{"search", map[string]any{"since": "2026-11-01", "before": "2026-11-20"}},
		{"article", map[string]any{"id": id}},
		{"article", map[string]any{"id": id[:12], "revision": 1, "length": 100}},
		{"history", map[string]any{"id": id}},
		{"story", map[string]any{"id": id}},
		{"counts", map[string]any{}},
		{"sources", map[string]any{"limit": 3}},
		{"sources", map[string]any{"host": "nosuch.example"}},
	} {
		want := mcpAnswer(t, sessions["store"], c.tool, c.args)
		if c.tool == "search" && !strings.Contains(want, `"passage"`) {
			t.Errorf("search %v finds no passages: %s", c.args, want)
		}
		for _, name := range []string{"API", "HTTP"} {
			if got := mcpAnswer(t, sessions[name], c.tool, c.args); got != want {
				t.Errorf("%s %v: the answers differ.\n%s:\n%s\nstore:\n%s", c.tool, c.args, name, got, want)
			}
		}
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("after SIGTERM, the server ends with %v: %s", err, errText.String())
	}
}

// withToken adds a token to requests.
type withToken struct {
	token string
	next  http.RoundTripper
}

func (w withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer "+w.token)
	return w.next.RoundTrip(r)
}

// configOf returns the folder in which a program looks for contexts.
func configOf(cmd *exec.Cmd) string {
	folder := ""
	for _, variable := range cmd.Env {
		if value, ok := strings.CutPrefix(variable, "XDG_CONFIG_HOME="); ok {
			folder = value
		}
	}
	return folder
}

func TestMCPRefusesOpenAddresses(t *testing.T) {
	code, _, errText := dateline(t, "mcp", "--data-dir", t.TempDir(), "--listen", "0.0.0.0:0")
	if code != 2 || !strings.Contains(errText, "read-token") {
		t.Errorf("exit code %d: %s", code, errText)
	}
	if code, _, errText := dateline(t, "mcp", "--data-dir", t.TempDir()); code != 1 ||
		!strings.Contains(errText, "there is no store") {
		t.Errorf("without a store: exit code %d: %s", code, errText)
	}
}

// TestServicesDoNotLinkMCP keeps what only the command needs out of the services' images.
func TestServicesDoNotLinkMCP(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "../../services/...")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(out)) {
		if strings.HasPrefix(name, "github.com/modelcontextprotocol/") || strings.HasPrefix(name, "golang.org/x/oauth2") {
			t.Errorf("a service links %s", name)
		}
	}
	if !strings.Contains(string(out), fmt.Sprintln("github.com/dateline-news/dateline/services/indexer/cmd/indexer")) {
		t.Error("the list of packages lacks the services")
	}
}
