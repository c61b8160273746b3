package web_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// injections are what a page may hold in any field to have something run.
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

// fillWith puts a text into every text of a message.
func fillWith(m protoreflect.Message, text string, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.IsMap() && field.MapValue().Kind() == protoreflect.StringKind:
			m.Mutable(field).Map().Set(protoreflect.ValueOfString(text).MapKey(), protoreflect.ValueOfString(text))
		case field.IsMap() || field.Message() != nil && field.Message().FullName() == "google.protobuf.Timestamp":
		case field.IsList() && field.Kind() == protoreflect.StringKind:
			m.Mutable(field).List().Append(protoreflect.ValueOfString(text))
		case field.IsList() && field.Message() != nil && depth < 3:
			one := m.Mutable(field).List().AppendMutable().Message()
			fillWith(one, text, depth+1)
		case field.Kind() == protoreflect.StringKind && !field.IsList():
			m.Set(field, protoreflect.ValueOfString(text))
		}
	}
}

// TestInjections stores every injection in every field, and reads every page,
// feed and form of the articles as a browser would.
func TestInjections(t *testing.T) {
	server := newTestServer(t, web.Config{OperateToken: operateToken})
	token := []string{"Authorization", "Bearer " + operateToken}
	var paths []string
	for i, injection := range injections {
		a := &datelinev1.Article{}
		fillWith(a.ProtoReflect(), injection, 0)
		a.Id, a.CanonicalUrl = fmt.Sprintf("id-%08d", i), fmt.Sprintf("https://example.com/%d", i)
		a.RawPage = nil
		a.ContentHash = "first"
		for kind := range datelinev1.BlockKind_name {
			one := &datelinev1.Block{Kind: datelinev1.BlockKind(kind), Text: injection, Items: []string{injection},
				EmbedUrl: injection,
				Rows:     []*datelinev1.TableRow{{Cells: []string{injection}, Header: true}},
				Links: []*datelinev1.Link{{Start: 0, End: 3, Url: injection},
					{Start: -5, End: 1 << 30, Url: injection}}}
			a.Body = append(a.Body, one)
		}
		a.Images = []*datelinev1.Image{{Url: injection, Alt: injection, Caption: injection, Credit: injection,
			Lead: true}, {Url: injection}}
		server.put(t, a)
		changed := &datelinev1.Article{}
		fillWith(changed.ProtoReflect(), injection+" changed", 0)
		changed.Id, changed.CanonicalUrl, changed.RawPage, changed.ContentHash = a.Id, a.CanonicalUrl, nil, "second"
		changed.FetchTime = a.FetchTime
		server.put(t, changed)
		path := "/articles/" + a.GetId()
		paths = append(paths, path, path+"?pictures=1", path+"/changes?from=1&to=2",
			"/?q="+url.QueryEscape(strings.ReplaceAll(injection, `"`, "")),
			"/?tag="+url.QueryEscape(injection), "/?q=a+"+url.QueryEscape(`"`+injection),
			"/?from="+url.QueryEscape(injection),
			"/articles/"+url.PathEscape(strings.ReplaceAll(injection[:min(len(injection), 900)], "\x00", "")),
			"/login?next="+url.QueryEscape(injection))
		dead := &datelinev1.DeadLetter{}
		fillWith(dead.ProtoReflect(), strings.ToValidUTF8(injection, "?"), 0)
		dead.Stage = datelinev1.Stage_STAGE_INTAKE
		send(t, server, subject.Dead(dead.GetStage(), "malformed"), fmt.Sprint(i), dead)
		if err := server.store.Record(t.Context(),
			[]*datelinev1.Outcome{{Stage: datelinev1.Stage_STAGE_FETCH, InputId: injection, Host: injection,
				Reason: injection, Verdict: datelinev1.Verdict_VERDICT_DEAD, Url: injection}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range append(paths, "/", "/sources", "/pipeline", "/dead-letters") {
		status, head, body := server.request(t, "GET", path, token...)
		if status >= 500 {
			t.Errorf("%.100q answers %d: %.300s", path, status, body)
		}
		if got := head.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; style-src 'self'; form-action 'self'") ||
			strings.Contains(got, "script") {
			t.Errorf("%.100q has the policy %q", path, got)
		}
		wantTame(t, path, body)
	}
	for _, form := range []string{"/api/v1/feed.json", "/api/v1/articles?limit=1000", "/api/v1/sources",
		"/api/v1/dead-letters"} {
		if body := server.get(t, form); !json.Valid([]byte(body)) {
			t.Errorf("%s is no JSON", form)
		}
	}
	feed := xml.NewDecoder(strings.NewReader(server.get(t, "/api/v1/feed.atom?limit=200")))
	entries := 0
	for {
		token, err := feed.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the Atom feed: %v", err)
		}
		if element, ok := token.(xml.StartElement); ok {
			switch name := element.Name.Local; {
			case name == "entry":
				entries++
			case strings.Contains("script img svg iframe base meta form style div", name) && name != "":
				t.Errorf("the Atom feed has an element %s", name)
			}
		}
	}
	if entries != len(injections) {
		t.Errorf("the Atom feed has %d entries, want %d", entries, len(injections))
	}
	if n := strings.Count(server.get(t, "/api/v1/export"), "\n"); n != len(injections) {
		t.Errorf("the export has %d lines, want %d", n, len(injections))
	}
}

// wantTame parses a page as a browser does, and looks for what could run or
// lead astray.
func wantTame(t *testing.T, path, body string) {
	t.Helper()
	document, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range document.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script", "iframe", "object", "embed", "svg", "base", "style":
			t.Errorf("%.100q has an element %s", path, n.Data)
		case "div":
			if len(n.Attr) == 0 && n.Parent.Data != "dl" {
				t.Errorf("%.100q has an element of a text", path)
			}
		}
		for _, a := range n.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "http-equiv", a.Key == "autofocus":
				t.Errorf("%.100q has an attribute %s", path, a.Key)
			case a.Key == "action" && !strings.HasPrefix(value, "/"):
				t.Errorf("%.100q sends a form to %q", path, a.Val)
			case (a.Key == "href" || a.Key == "src") && value != "":
				if u, err := url.Parse(value); err != nil || u.Scheme != "" && u.Scheme != "https" &&
					u.Scheme != "http" {
					t.Errorf("%.100q leads to %q", path, a.Val)
				}
			}
		}
	}
}
