package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// newCorpus writes a corpus of one set with one page and returns its folder.
func newCorpus(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "north", "pages"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "north", "truth.jsonl"), []byte(`{"id":"a"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(dir, "north", "pages", "a.html.gz"))
	if err != nil {
		t.Fatal(err)
	}
	w := gzip.NewWriter(file)
	_, _ = io.WriteString(w, "<p>a page")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// get returns the body of a response.
func get(t *testing.T, url string) (string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestRunServesUntilStopped(t *testing.T) {
	dir := newCorpus(t)
	list := filepath.Join(t.TempDir(), "urls.txt")
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"--corpus", dir, "--set", "north", "--urls", list}, in, io.Discard)
		in.CloseWithError(err)
		ended <- err
	}()
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address, rest, _ := strings.Cut(line, " ")
	if rest != "(1 pages, 1 hosts)\n" {
		t.Errorf("printed %q", line)
	}
	urls, err := os.ReadFile(list)
	if err != nil || string(urls) != address+"/north/a\n" {
		t.Errorf("list of URLs: got %q, %v", urls, err)
	}
	body, err := get(t, strings.TrimSpace(string(urls)))
	if err != nil || body != "<p>a page" {
		t.Errorf("page: got %q, %v", body, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run returned %v", err)
	}
	if _, err := get(t, address+"/robots.txt"); err == nil {
		t.Error("the server still answers after the end")
	}
}

func TestRunErrors(t *testing.T) {
	dir := newCorpus(t)
	for want, args := range map[string][]string{
		"pass --corpus":          {"--corpus", filepath.Join(dir, "nowhere")},
		"--corpus is not set":    {},
		`no set "south"`:         {"--corpus", dir, "--set", "north,south"},
		"--hosts is 251":         {"--hosts", "251"},
		`argument "north"`:       {"north"},
		"listening on nonsense":  {"--corpus", dir, "--addr", "nonsense"},
		"writing the list of UR": {"--corpus", dir, "--urls", filepath.Join(dir, "no", "folder")},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("run %q: got %v, want error containing %q", args, err, want)
		}
	}
}
