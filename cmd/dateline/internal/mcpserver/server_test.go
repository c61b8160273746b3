package mcpserver

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

func TestToolsAreDescribed(t *testing.T) {
	session := connect(t, nil)
	if got := session.InitializeResult(); got.ServerInfo.Name != "dateline" ||
		!strings.Contains(got.Instructions, "untrusted") {
		t.Errorf("the server introduces itself as %+v with the instructions %q", got.ServerInfo, got.Instructions)
	}
	list, err := session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
		if tool.Title == "" || tool.Description == "" || !tool.Annotations.ReadOnlyHint {
			t.Errorf("the tool %s has no title or description, or may change something: %+v", tool.Name, tool)
		}
		for what, value := range map[string]any{"input": tool.InputSchema, "output": tool.OutputSchema} {
			schema := &jsonschema.Schema{}
			data, err := json.Marshal(value)
			if err == nil {
				err = json.Unmarshal(data, schema)
			}
			if err == nil {
				_, err = schema.Resolve(nil)
			}
			if err != nil || schema.Type != "object" {
				t.Errorf("the %s schema of the tool %s is invalid: type %q, %v", what, tool.Name, schema.Type, err)
			}
			for name, property := range schema.Properties {
				if what == "input" && property.Description == "" {
					t.Errorf("the argument %s of the tool %s is not described", name, tool.Name)
				}
			}
		}
	}
	if got := strings.Join(names, " "); got != "article counts history search sources story" {
		t.Errorf("the tools are %s", got)
	}
}

func TestReading(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		text := "The ferry sails to the island."
		for i := range 300 {
			text += fmt.Sprintf(" Passenger %d of cabin %d pays %d crowns.", i, i*7%90, i*i)
		}
		first := record("ferry", "The ferry sails", text, 0)
		changed := record("ferry", "The ferry sails again", text+"Correction: it sails at one.", 2)
		copied := record("copy", "The ferry sails", text, 1)
		copied.CanonicalUrl = "https://other.example/copy"
		copied.RequestedUrl, copied.FinalUrl, copied.Host = copied.CanonicalUrl, copied.CanonicalUrl, "other.example"
		storetest.Put(t, s, first)
		storetest.Put(t, s, copied, record("train", "The train waits", "The train waits in the station.", 3))
		storetest.Put(t, s, changed)
		session := connect(t, OfStore(s))

		var found searchOutput
		call(t, session, "search", map[string]any{"query": "ferries", "host": []string{"example.com"}}, &found)
		if len(found.Articles) != 1 || found.Articles[0].URL != "https://example.com/ferry" ||
			!found.Articles[0].Fetched.Equal(noon.Add(2*time.Hour)) || !found.Articles[0].FirstFetched.Equal(noon) ||
			!strings.Contains(found.Articles[0].Passage, found.Fence) || found.Articles[0].Revisions != 2 {
			t.Fatalf("search finds %+v", found)
		}
		call(t, session, "search", map[string]any{"limit": 2}, &found)
		page := len(found.Articles)
		next := searchOutput{}
		call(t, session, "search", map[string]any{"limit": 2, "cursor": found.Next}, &next)
		if page != 2 || len(next.Articles) != 1 || next.Next != "" {
			t.Errorf("the pages of a search have %d and %d articles, then %q", page, len(next.Articles), next.Next)
		}

		whole, offset := "", 0
		for parts := 1; ; parts++ {
			var part articleOutput
			call(t, session, "article", map[string]any{"id": first.GetId()[:12], "offset": offset, "length": 5000}, &part)
			lines := strings.Split(part.Text, "\n")
			whole += strings.Join(lines[1:len(lines)-1], "\n")
			if !strings.Contains(lines[0], part.Fence) || part.Revision != 2 || !part.Newest {
				t.Fatalf("part %d: %+v", parts, part)
			}
			if offset = part.NextOffset; offset == 0 || parts > 10 {
				break
			}
		}
		if whole != changed.GetText() {
			t.Errorf("the parts of the text are %d bytes, want %d", len(whole), len(changed.GetText()))
		}
		var old articleOutput
		call(t, session, "article", map[string]any{"id": "https://example.com/ferry", "revision": 1}, &old)
		if old.Title != "The ferry sails" || old.Newest || !old.Fetched.Equal(noon) {
			t.Errorf("revision 1 is %+v", old)
		}

		checkFacts(t, session, first.GetId())
	})
}

// checkFacts reads what TestReading stored, except for the texts.
func checkFacts(t *testing.T, session *mcp.ClientSession, id string) {
	t.Helper()
	var history historyOutput
	call(t, session, "history", map[string]any{"id": id}, &history)
	if history.Total != 2 || len(history.Revisions) != 2 || history.Revisions[0].Title != "The ferry sails again" ||
		!history.Revisions[1].FirstFetched.Equal(noon) || history.URL != "https://example.com/ferry" {
		t.Errorf("the history is %+v", history)
	}
	call(t, session, "history", map[string]any{"id": id, "before": 2}, &history)
	if len(history.Revisions) != 1 || history.Revisions[0].Number != 1 {
		t.Errorf("the history before revision 2 is %+v", history)
	}

	var story storyOutput
	call(t, session, "story", map[string]any{"id": id}, &story)
	if len(story.Copies) != 2 || story.More {
		t.Errorf("the story is %+v", story)
	}
	var counts countsOutput
	call(t, session, "counts", map[string]any{"query": "ferry"}, &counts)
	if counts.Articles != 2 || counts.Stories != 1 || !counts.Complete || len(counts.Hosts) != 2 ||
		counts.Authors[0] != (Count{"Nora", 2}) {
		t.Errorf("the counts are %+v", counts)
	}
	var sources sourcesOutput
	call(t, session, "sources", map[string]any{"limit": 1}, &sources)
	if len(sources.Sources) != 1 || sources.Sources[0].Host != "example.com" || sources.Sources[0].Articles != 2 ||
		sources.Next != "example.com" {
		t.Errorf("the first page of sources is %+v", sources)
	}
	call(t, session, "sources", map[string]any{"limit": 1, "after": sources.Next}, &sources)
	if len(sources.Sources) != 1 || sources.Sources[0].Host != "other.example" {
		t.Errorf("the second page of sources is %+v", sources)
	}
}

func TestBadCalls(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		storetest.Put(t, s, record("ferry", "The ferry sails", "The ferry sails to the island.", 0))
		session := connect(t, OfStore(s))
		for _, c := range []struct {
			tool string
			args map[string]any
			want string
		}{
			{"search", map[string]any{"limit": maxHits + 1}, "limit"},
			{"search", map[string]any{"limit": "many"}, "limit"},
			{"search", map[string]any{"limit": -1}, "limit"},
			{"search", map[string]any{"nosuch": 1}, "nosuch"},
			{"search", map[string]any{"query": strings.Repeat("a", maxArgument+1)}, "query"},
			{"search", map[string]any{"host": make([]string, maxValues+1)}, "host"},
			{"search", map[string]any{"access": []string{"stolen"}}, "access"},
			{"search", map[string]any{"cursor": "nosuch"}, "cursor"},
			{"search", map[string]any{"since": "soon"}, "since"},
			{"search", map[string]any{"label": []string{"a"}}, "key=value"},
			{"search", map[string]any{"query": "-ferry"}, "add a word"},
			{"article", nil, "id"},
			{"article", map[string]any{"id": ""}, "id"},
			{"article", map[string]any{"id": "ffffffffffff"}, "search finds articles"},
			{"article", map[string]any{"id": "https://example.com/ferry", "revision": 7}, "no revision 7"},
			{"article", map[string]any{"id": "https://example.com/ferry", "length": maxText + 1}, "length"},
			{"history", map[string]any{"id": "https://example.com/ferry", "before": 7}, "no revision 7"},
			{"sources", map[string]any{"hours": maxHours + 1}, "hours"},
		} {
			result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: c.tool, Arguments: c.args})
			if err != nil || !result.IsError || !strings.Contains(textOf(result), c.want) {
				t.Errorf("%s %.100v: %v, %+v, want an error about %s", c.tool, c.args, err, result, c.want)
			}
		}
		if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "erase"}); err == nil ||
			!strings.Contains(err.Error(), "unknown tool") {
			t.Errorf("an unknown tool: %v", err)
		}
		var found searchOutput
		if call(t, session, "search", nil, &found); len(found.Articles) != 1 {
			t.Errorf("after bad calls, a search finds %d articles", len(found.Articles))
		}
	})
}
