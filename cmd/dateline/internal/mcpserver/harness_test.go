package mcpserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/postgrestest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return goleak.Find() }))
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// record returns the record of a page that was fetched some hours after noon.
func record(path, title, text string, hours int, rights ...*datelinev1.RightsSignal) *datelinev1.Article {
	sum := sha256.Sum256([]byte(title + "\n" + text))
	id := sha256.Sum256([]byte(path))
	at := timestamppb.New(noon.Add(time.Duration(hours) * time.Hour))
	return &datelinev1.Article{
		Id: hex.EncodeToString(id[:]), CanonicalUrl: "https://example.com/" + path,
		RequestedUrl: "https://example.com/" + path, FinalUrl: "https://example.com/" + path, Host: "example.com",
		SiteName: "Example", Title: title, Summary: "The standfirst of " + path + ".", Text: text, Language: "en",
		Authors: []*datelinev1.Author{{Name: "Nora"}}, Tags: []string{"sea"}, Section: "News",
		ContentHash: hex.EncodeToString(sum[:]), WordCount: int32(len(strings.Fields(text))),
		FetchTime: at, ExtractTime: at, RequestId: "request-" + path, Rights: rights,
	}
}

// noAI is the statement of a site that reserves its text.
var noAI = &datelinev1.RightsSignal{Place: "header", Name: "x-robots-tag", Value: "noai, noimageai"}

// connect starts a server on a pipe and connects the official client to it.
func connect(t *testing.T, l Library) *mcp.ClientSession {
	t.Helper()
	toServer, fromClient := io.Pipe()
	toClient, fromServer := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		err := ServeStream(ctx, New(l, "test", slog.New(slog.DiscardHandler)), toServer, fromServer)
		fromServer.Close()
		ended <- err
	}()
	client := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil)
	session, err := client.Connect(ctx, &mcp.IOTransport{Reader: toClient, Writer: fromClient}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		session.Close()
		fromClient.Close()
		if err := <-ended; err != nil {
			t.Error("the server ended with", err)
		}
		stop()
	})
	return session
}

// call calls a tool and decodes its structured answer.
func call(t *testing.T, session *mcp.ClientSession, tool string, args map[string]any, out any) *mcp.CallToolResult {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	if result.IsError {
		t.Fatalf("%s: %s", tool, textOf(result))
	}
	data, err := json.Marshal(result.StructuredContent)
	if err == nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		t.Fatalf("%s: decoding the answer: %v", tool, err)
	}
	return result
}

func textOf(result *mcp.CallToolResult) string {
	var b strings.Builder
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			b.WriteString(text.Text)
		}
	}
	return b.String()
}
