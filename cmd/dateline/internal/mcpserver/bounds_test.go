package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestAnswersAreBounded reads an article whose fields are all as large as a site can make
// them.
func TestAnswersAreBounded(t *testing.T) {
	long := strings.Repeat("ŵord ", 20_000)
	var hits []store.Hit
	for range maxHits {
		a := record("long", long, long, 0)
		a.Summary, a.SiteName, a.Section, a.Host, a.CanonicalUrl = long, long, long, long, long
		for range 1000 {
			a.Tags = append(a.Tags, long)
			a.Authors = append(a.Authors, &datelinev1.Author{Name: long})
		}
		for range maxValues + 1 {
			a.Rights = append(a.Rights, &datelinev1.RightsSignal{Place: "meta", Name: "robots", Value: long[:2<<10]})
		}
		hits = append(hits, store.Hit{ID: a.GetId(), Article: a, Snippet: store.Snippet{Text: long}})
	}
	var revisions []store.Revision
	for i := range 1000 {
		revisions = append(revisions, store.Revision{Number: i + 1, Article: hits[0].Article})
	}
	var members []store.StoryMember
	for range 200 {
		members = append(members, store.StoryMember{URL: long, Title: long, Host: long})
	}
	session := connect(t, fixed{hits: hits, revisions: revisions, members: members})
	for tool, args := range map[string]map[string]any{
		"search": {"limit": maxHits}, "article": {"id": "long", "length": maxText}, "history": {"id": "long"},
		"story": {"id": "long"},
	} {
		var out any
		result := call(t, session, tool, args, &out)
		const most = 600_000 // bytes, documented in docs/mcp.md
		if size := len(textOf(result)); size > most {
			t.Errorf("the answer of %s has %d bytes, want at most %d", tool, size, most)
		}
	}
	var history historyOutput
	call(t, session, "history", map[string]any{"id": "long"}, &history)
	if len(history.Revisions) != maxRevisions || history.Total != 1000 || history.NextBefore != 951 {
		t.Errorf("the history has %d of %d revisions, the next precede %d",
			len(history.Revisions), history.Total, history.NextBefore)
	}
}

// fixed is a library with fixed answers.
type fixed struct {
	Library
	hits      []store.Hit
	revisions []store.Revision
	members   []store.StoryMember
}

func (f fixed) Search(context.Context, store.Query) (store.Page, error) {
	return store.Page{Hits: f.hits}, nil
}

func (f fixed) Article(context.Context, string) (store.Hit, error) { return f.hits[0], nil }

func (f fixed) Revisions(context.Context, string) ([]store.Revision, error) {
	return append([]store.Revision(nil), f.revisions...), nil
}

func (f fixed) Story(context.Context, string) ([]store.StoryMember, error) { return f.members, nil }

// blocked is a library whose searches end with their contexts.
type blocked struct {
	Library
	started, ended chan struct{}
}

func (b blocked) Search(ctx context.Context, _ store.Query) (store.Page, error) {
	b.started <- struct{}{}
	<-ctx.Done()
	b.ended <- struct{}{}
	return store.Page{}, ctx.Err()
}

func TestCancelledCallsEnd(t *testing.T) {
	b := blocked{started: make(chan struct{}, 1), ended: make(chan struct{}, 1)}
	session := connect(t, b)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "search"})
		failed <- err
	}()
	<-b.started
	cancel()
	if err := <-failed; err == nil {
		t.Error("the cancelled call succeeds")
	}
	<-b.ended
}

func TestCallsAreBounded(t *testing.T) {
	entered := make(chan struct{}, 1)
	handle := bound(1, 3*time.Second)(func(ctx context.Context, method string, _ mcp.Request) (mcp.Result, error) {
		if method != "tools/call" {
			return nil, nil
		}
		entered <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	first := make(chan error, 1)
	go func() {
		_, err := handle(t.Context(), "tools/call", nil)
		first <- err
	}()
	<-entered
	if _, err := handle(t.Context(), "ping", nil); err != nil {
		t.Errorf("what is not a call must not wait: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := handle(ended, "tools/call", nil); err == nil || !strings.Contains(err.Error(), "1 calls are running") {
		t.Errorf("a second call: %v", err)
	}
	if err := <-first; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call that takes too long: %v", err)
	}
}

func TestOversizedMessagesEndTheStream(t *testing.T) {
	in, client := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- ServeStream(t.Context(), New(fixed{}, "test", slog.New(slog.DiscardHandler)), in, io.Discard)
		in.Close()
	}()
	_, err := fmt.Fprintf(client, `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"%s"}}`+"\n",
		strings.Repeat("a", 4*maxMessage))
	if got := <-ended; got == nil || !strings.Contains(got.Error(), "maximum line length") {
		t.Errorf("after a message beyond the limit, the server ends with %v, and writing with %v", got, err)
	}
}
