package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// savedPage is a page with an article.
const savedPage = `<html lang="en"><head><title>Old pier closes for the winter</title></head>
<body><nav class="menu"><a href="/">Home</a></nav>
<article><h1>Old pier closes for the winter</h1>
<p>The harbour board voted on Monday to close the old pier for the winter,
after divers found cracks in nine of its piles.</p>
<p>Ferries will land at the fish market until March, said the harbour master,
who expects no change to the timetable.</p></article>
<script>alert(1)</script></body></html>`

// writeFiles writes files into a new folder and returns its path.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestExtractFormats(t *testing.T) {
	t.Parallel()
	page := filepath.Join(writeFiles(t, map[string]string{"page.html": savedPage}), "page.html")
	for _, c := range []struct {
		name string
		args []string
		want []string
		not  string
	}{
		{
			"html", []string{"--format", "html"},
			[]string{"<h1>Old pier closes for the winter</h1>", "<p>Ferries will land"}, "alert(1)",
		},
		{
			"explain", []string{"--explain"},
			[]string{"Ferries will land", "body", "classifier", "title", "article > p", "proposed by", "because"}, "alert(1)",
		},
		{
			"overlay", []string{"--explain", "--format", "html"},
			[]string{`data-dateline="body`, "Content-Security-Policy"}, "alert(1)",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := dateline(t, append([]string{"extract", page}, c.args...)...)
			if code != 0 {
				t.Fatalf("exit code %d: %s", code, errs)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("the output lacks %q:\n%s", want, out)
				}
			}
			if strings.Contains(out, c.not) {
				t.Errorf("the output contains %q:\n%s", c.not, out)
			}
		})
	}
	code, out, errs := dateline(t, "extract", page, "--explain", "--format", "json")
	var explained struct {
		Regions []struct{ Chosen bool }
		Lines   []struct {
			Why    string
			Causes []struct{ Feature string }
		}
	}
	err := json.Unmarshal([]byte(out), &explained)
	if err != nil || code != 0 || len(explained.Lines) < 3 || len(explained.Regions) == 0 {
		t.Errorf("exit code %d, %v, %s%s", code, err, out, errs)
	}
	code, _, errs = dateline(t, "extract", page, "--explain", "--format", "markdown")
	if code != 2 || !strings.Contains(errs, "with --explain json, html or text") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

func TestRulesCommand(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{
		"page.html":       savedPage,
		"good/pier.yaml":  "hosts: [pier.example]\ntitle: title\nbody: article p:first-of-type\n",
		"stale/pier.yaml": "hosts: [pier.example]\ntitle: h2.hed\n",
		"bad/pier.yaml":   "hosts: [pier.example]\ntitle: 'h1['\n",
	})
	page, url := filepath.Join(dir, "page.html"), "https://www.pier.example/a"
	for _, c := range []struct {
		name, rules, url string
		code             int
		out, errs        string
	}{
		{"good", "good", url, 0, "The harbour board voted", ""},
		{"stale", "stale", url, 1, "h2.hed", "a selector matches nothing"},
		{"bad", "bad", url, 2, "", "title of pier.example is not a CSS selector"},
		{"another host", "good", "https://else.example/", 1, "", "no rules for the host of https://else.example/"},
		{"no folder", "none", url, 2, "", "rules-dir"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := dateline(t, "rules", page, "--url", c.url, "--extractor-rules-dir", filepath.Join(dir, c.rules))
			if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) {
				t.Errorf("exit code %d, want %d\n%s%s", code, c.code, out, errs)
			}
		})
	}
	_, out, _ := dateline(t, "rules", page, "--url", url, "--extractor-rules-dir", filepath.Join(dir, "good"))
	if strings.Contains(out, "Ferries will land") {
		t.Errorf("text outside the rule's selector is kept: %s", out)
	}
	if code, _, errs := dateline(t, "rules", page); code != 2 || !strings.Contains(errs, "--extractor-rules-dir") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
