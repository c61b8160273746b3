package corpus

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// latin1 is a page whose encoding is declared only in a meta element.
const latin1 = "<meta charset=iso-8859-1><title>Caf\xe9</title><p>A small page."

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func zipped(content string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, content)
	w.Close()
	return b.String()
}

// tiny writes a corpus of two sets with three pages and returns its folder.
func tiny(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "README.md"), "not a set")
	write(t, filepath.Join(dir, "north", "truth.jsonl"),
		`{"id":"a","url":"https://north.example/a","title":"Café","authors":[],`+
			`"paragraphs":[{"text":"A small page.","optional":true,"role":"summary"}]}`+"\n\n"+
			`{"id":"b-2","url":"https://north.example/b"}`+"\n")
	write(t, filepath.Join(dir, "north", "pages", "a.html.gz"), zipped(latin1))
	write(t, filepath.Join(dir, "north", "pages", "b-2.html.gz"), zipped("<p>b"))
	write(t, filepath.Join(dir, "south", "truth.jsonl"), `{"id":"a","published":"2026-11-01"}`+"\n")
	write(t, filepath.Join(dir, "south", "pages", "a.html.gz"), zipped("<p>south"))
	return dir
}

func TestOpen(t *testing.T) {
	c, err := Open(tiny(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Sets()) != 2 || len(c.Pages()) != 3 {
		t.Fatalf("got %d sets and %d pages, want 2 and 3", len(c.Sets()), len(c.Pages()))
	}
	north, err := c.Set("north")
	if err != nil {
		t.Fatal(err)
	}
	a, b := north.Page("a"), north.Page("b-2")
	if a.Set != "north" || a.URL != "https://north.example/a" || a.Title != "Café" || !a.Paragraphs[0].Optional {
		t.Errorf("got %+v", a)
	}
	if a.Authors == nil || b.Authors != nil {
		t.Errorf("authors: got %#v and %#v, want none and unknown", a.Authors, b.Authors)
	}
	html, err := a.HTML()
	if err != nil || string(html) != latin1 {
		t.Errorf("HTML: got %q, %v", html, err)
	}
	if _, err := c.Set("west"); err == nil || !strings.Contains(err.Error(), `"north" "south"`) {
		t.Errorf("unknown set: got %v, want the names of the sets", err)
	}
}

func TestOpenErrors(t *testing.T) {
	page := zipped("<p>x")
	tests := map[string]struct {
		truth, page string
		want        string
	}{
		"no set":       {"", page, "has no sets"},
		"bad JSON":     {"{\"id\":\"a\"}\n{", page, "set s: truth.jsonl, line 2"},
		"no id":        {"{}", page, "line 1: id \"\""},
		"path in id":   {`{"id":"../a"}`, page, "not a file name"},
		"id twice":     {"{\"id\":\"a\"}\n{\"id\":\"a\"}", page, "line 2: id \"a\""},
		"page missing": {`{"id":"b"}`, page, "b.html.gz"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "s", "pages", "a.html.gz"), test.page)
			if test.truth != "" {
				write(t, filepath.Join(dir, "s", "truth.jsonl"), test.truth)
			}
			if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want error containing %q", err, test.want)
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "nowhere")
	if _, err := Open(missing); err == nil || err.Error() != "corpus not found at "+missing+"; pass --corpus" {
		t.Errorf("got %v", err)
	}
}

// get returns the status, the header and the body of a response.
func get(t *testing.T, address, encoding string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", encoding)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(body)
}

func TestHandler(t *testing.T) {
	c, err := Open(tiny(t))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)

	_, header, body := get(t, server.URL+"/north/a", "gzip")
	if body != zipped(latin1) || header.Get("Content-Encoding") != "gzip" ||
		header.Get("Content-Type") != "text/html" {
		t.Errorf("gzip: got %d bytes, %v; want the stored bytes", len(body), header)
	}
	_, header, body = get(t, server.URL+"/north/a", "identity")
	if body != latin1 || header.Get("Content-Encoding") != "" ||
		header.Get("Content-Type") != "text/html" {
		t.Errorf("identity: got %q, %v", body, header)
	}
	for _, path := range []string{"/north/zzz", "/west/a", "/urls.txt?set=west"} {
		if status, _, _ := get(t, server.URL+path, "identity"); status != http.StatusNotFound {
			t.Errorf("%s: got status %d, want 404", path, status)
		}
	}
	if _, _, body := get(t, server.URL+"/robots.txt", "identity"); body != "User-agent: *\nAllow: /\n" {
		t.Errorf("robots.txt: got %q", body)
	}
	_, _, body = get(t, server.URL+"/urls.txt?set=south", "identity")
	if body != server.URL+"/south/a\n" {
		t.Errorf("urls.txt of a set: got %q", body)
	}
	_, _, body = get(t, server.URL+"/urls.txt", "identity")
	for _, u := range strings.Fields(body) {
		if status, _, _ := get(t, u, "gzip"); status != http.StatusOK {
			t.Errorf("%s: got status %d", u, status)
		}
	}
}

func TestURLsRotateOverOrigins(t *testing.T) {
	c, err := Open(tiny(t))
	if err != nil {
		t.Fatal(err)
	}
	got := URLs(c.Pages(), "http://x", "http://y")
	want := []string{"http://x/north/a", "http://y/north/b-2", "http://x/south/a"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDamagedPage(t *testing.T) {
	dir := tiny(t)
	write(t, filepath.Join(dir, "north", "pages", "a.html.gz"), "not gzip")
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	status, _, body := get(t, server.URL+"/north/a", "identity")
	if status != http.StatusInternalServerError || !strings.Contains(body, "decompressing page north/a") {
		t.Errorf("got %d, %q", status, body)
	}
}
