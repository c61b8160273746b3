package web_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// injections are texts that a site may put into any field to run code in the
// browser of a reader.
var injections = []string{
	`<script>alert(1)</script>`,
	`"><script>alert(1)</script>`,
	`'><img src=x onerror=alert(1)>`,
	`<img src=x onerror="alert(1)">`,
	`<svg/onload=alert(1)>`,
	`</title><script>alert(1)</script>`,
	`</textarea><iframe src=javascript:alert(1)>`,
	`" onmouseover="alert(1)" x="`,
	`' onfocus='alert(1)' autofocus='`,
	`javascript:alert(1)`,
	`JaVaScRiPt:alert(1)`,
	"java\tscript:alert(1)",
	`data:text/html,<script>alert(1)</script>`,
	`vbscript:msgbox(1)`,
	`]]><script>alert(1)</script>`,
	`<!--<script>alert(1)</script>-->`,
	`<![CDATA[<script>alert(1)</script>]]>`,
	`{{.}} ${alert(1)} <%= 1 %>`,
	`&lt;script&gt;alert(1)&lt;/script&gt;`,
	`<style>@import url(https://evil.test)</style>`,
	`<base href="https://evil.test/">`,
	`<meta http-equiv="refresh" content="0;url=https://evil.test">`,
	`<form action="https://evil.test"><button>`,
	"\x00<script>\x01alert(1)</script>\x1b[31m\u202e\u2028\ufffe",
	"\xff\xfe<script>alert(1)</script>\xc3(",
	strings.Repeat("<div>", 2000),
}

// fillWith sets every string of a message to a text, including those in maps,
// lists and nested messages.
func fillWith(m protoreflect.Message, text string, depth int) {
	const maxDepth = 3
	value := protoreflect.ValueOfString(text)
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.IsMap() && field.MapValue().Kind() == protoreflect.StringKind:
			m.Mutable(field).Map().Set(value.MapKey(), value)
		case field.IsMap() || field.Message() != nil && field.Message().FullName() == "google.protobuf.Timestamp":
		case field.IsList() && field.Kind() == protoreflect.StringKind:
			m.Mutable(field).List().Append(value)
		case field.IsList() && field.Message() != nil && depth < maxDepth:
			fillWith(m.Mutable(field).List().AppendMutable().Message(), text, depth+1)
		case field.Kind() == protoreflect.StringKind && !field.IsList():
			m.Set(field, value)
		}
	}
}

// inject stores an injection in every field of two revisions of an article, a
// dead letter and an outcome. It returns the article's id.
func (server *testServer) inject(t *testing.T, i int, injection string) (id string) {
	t.Helper()
	id = fmt.Sprintf("id-%08d", i)
	for _, revision := range []string{"first", "second"} {
		a := &datelinev1.Article{}
		text := injection
		if revision == "second" {
			text += " changed"
		}
		fillWith(a.ProtoReflect(), text, 0)
		a.Id, a.CanonicalUrl, a.RawPage, a.ContentHash = id, fmt.Sprintf("https://example.com/%d", i), nil, revision
		for kind := range datelinev1.BlockKind_name {
			a.Body = append(a.Body, &datelinev1.Block{
				Kind: datelinev1.BlockKind(kind), Text: text, Items: []string{text}, EmbedUrl: text,
				Rows: []*datelinev1.TableRow{{Cells: []string{text}, Header: true}},
				Links: []*datelinev1.Link{
					{Start: -5, End: 1 << 30, Url: text}, {Start: 0, End: 1 << 30, Url: text}, {Start: 0, End: 3, Url: text},
				},
			})
		}
		a.Images = []*datelinev1.Image{{Url: text, Alt: text, Caption: text, Credit: text, Lead: true}, {Url: text}}
		server.put(t, a)
	}
	dead := &datelinev1.DeadLetter{}
	fillWith(dead.ProtoReflect(), strings.ToValidUTF8(injection, "?"), 0)
	dead.Stage = datelinev1.Stage_STAGE_INTAKE
	server.send(t, subject.Dead(dead.GetStage(), "malformed"), fmt.Sprint(i), dead)
	if err := server.store.Record(t.Context(), []*datelinev1.Outcome{{
		Stage: datelinev1.Stage_STAGE_FETCH, InputId: injection, Host: injection, Reason: injection,
		Verdict: datelinev1.Verdict_VERDICT_DEAD, Url: injection,
	}}); err != nil {
		t.Fatal(err)
	}
	return id
}

// injectionPaths returns the paths of the pages that show an injection, which is
// also in their parameters.
func injectionPaths(id, injection string) []string {
	query := url.QueryEscape(injection)
	name := strings.ReplaceAll(injection[:min(len(injection), 900)], "\x00", "")
	return []string{
		"/articles/" + id, "/articles/" + id + "?pictures=1", "/articles/" + id + "/changes?from=1&to=2",
		"/?q=" + url.QueryEscape(strings.ReplaceAll(injection, `"`, "")), "/?q=a+" + url.QueryEscape(`"`+injection),
		"/urls?url=" + query, "/urls?url=https://example.com/" + query, "/hosts/" + url.PathEscape(name),
		"/sources/" + url.PathEscape(name),
		"/?tag=" + query, "/?from=" + query, "/articles/" + url.PathEscape(name), "/login?next=" + query,
	}
}

// TestInjectedPages parses every page as a browser does.
func TestInjectedPages(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken, Pictures: true})
	paths := []string{"/", "/sources", "/pipeline", "/dead-letters"}
	for i, injection := range injections {
		paths = append(paths, injectionPaths(server.inject(t, i, injection), injection)...)
	}
	const wantPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; "
	for _, path := range paths {
		status, headers, body := server.request(t, http.MethodGet, path, bearer(operateToken)...)
		if status >= http.StatusInternalServerError {
			t.Errorf("GET %.100q: status %d: %.300s", path, status, body)
		}
		policy := headers.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, wantPolicy) || strings.Contains(policy, "unsafe") {
			t.Errorf("GET %.100q: Content-Security-Policy %q", path, policy)
		}
		expectHarmless(t, path, body)
	}
}

// TestInjectedFormats reads every feed, export and other format.
func TestInjectedFormats(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	var ids []string
	for i, injection := range injections {
		ids = append(ids, server.inject(t, i, injection))
	}
	for _, path := range []string{
		"/api/v1/feed.json", "/api/v1/articles?limit=1000", "/api/v1/sources", "/api/v1/dead-letters",
	} {
		if body := server.get(t, path); !json.Valid([]byte(body)) {
			t.Errorf("GET %s: invalid JSON", path)
		}
	}
	entries := 0
	for path := "/api/v1/feed.atom?limit=200"; path != ""; {
		found, next := expectHarmlessAtom(t, server.get(t, path))
		entries, path = entries+found, strings.TrimPrefix(next, server.URL)
	}
	if entries != len(injections) {
		t.Errorf("the Atom feed has %d entries, want %d", entries, len(injections))
	}
	for _, id := range ids {
		ninjs := decode[struct {
			Bodies []struct{ Role, Value string }
		}](t,
			server.get(t, "/api/v1/articles/"+id+"/ninjs"))
		for _, body := range ninjs.Bodies {
			if body.Role == "richtext" {
				expectHarmless(t, id+"/ninjs", body.Value)
			}
		}
	}
	if n := strings.Count(server.get(t, "/api/v1/export"), "\n"); n != len(injections) {
		t.Errorf("the export has %d lines, want %d", n, len(injections))
	}
}

// expectHarmlessAtom verifies that a page of an Atom feed has no elements of HTML. It returns
// the number of its entries, and the URL of the next page.
func expectHarmlessAtom(t *testing.T, document string) (entries int, next string) {
	t.Helper()
	feed := xml.NewDecoder(strings.NewReader(document))
	for {
		token, err := feed.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("reading the Atom feed: %v", err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch element.Name.Local {
		case "entry":
			entries++
		case "link":
			if rel, href := element.Attr[0].Value, element.Attr[1].Value; rel == "next" {
				next = href
			}
		case "script", "img", "svg", "iframe", "base", "meta", "form", "style", "div":
			t.Errorf("the Atom feed has an element %s", element.Name.Local)
		}
	}
	return entries, next
}

// expectHarmless parses a page as a browser does, and verifies that it runs no
// code and that its links and forms are harmless.
func expectHarmless(t *testing.T, path, page string) {
	t.Helper()
	document, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range document.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script":
			if n.FirstChild != nil || !strings.HasPrefix(attribute(n, "src"), "/static/") {
				t.Errorf("%.100q has a script of an injection", path)
			}
		case "svg":
			if attribute(n, "class") == "" {
				t.Errorf("%.100q has an svg of an injection", path)
			}
		case "iframe", "object", "embed", "base", "style":
			t.Errorf("%.100q has an element %s", path, n.Data)
		case "div":
			if len(n.Attr) == 0 && n.Parent.Data != "dl" {
				t.Errorf("%.100q has a div of an injection", path)
			}
		}
		for _, a := range n.Attr {
			if problem := harm(a); problem != "" {
				t.Errorf("%.100q: %s", path, problem)
			}
		}
	}
}

// attribute returns the value of an element's attribute, or "".
func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// harm returns why an attribute is harmful, or "".
func harm(a html.Attribute) string {
	value := strings.ToLower(strings.TrimSpace(a.Val))
	switch {
	case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "http-equiv", a.Key == "autofocus":
		return "attribute " + a.Key
	case a.Key == "action" && !strings.HasPrefix(value, "/"):
		return "form sent to " + a.Val
	case (a.Key == "href" || a.Key == "src") && value != "":
		u, err := url.Parse(value)
		if err != nil || u.Scheme != "" && u.Scheme != "https" && u.Scheme != "http" {
			return "link to " + a.Val
		}
	}
	return ""
}
