package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// evalSet writes a corpus with a set of two pages: one whose truth equals the page, and
// one whose truth has a paragraph that the page lacks. It returns the corpus.
func evalSet(t *testing.T) string {
	t.Helper()
	corpus := t.TempDir()
	set := filepath.Join(corpus, "harbour")
	if err := os.MkdirAll(filepath.Join(set, "pages"), 0o755); err != nil {
		t.Fatal(err)
	}
	paragraphs := []string{
		"The harbour board voted on Monday to close the old pier for the winter, " +
			"after divers found cracks in nine of its piles.",
		"Ferries will land at the fish market until March, said the harbour master, who expects no change to the timetable.",
		"Traders at the market had asked for a later date, since the weeks before the holidays are their best of the year.",
	}
	body := strings.Join(paragraphs, "\n\n")
	const title = "Old pier closes for the winter"
	html := "<html><head><title>" + title + "</title></head><body><article><h1>" + title + "</h1><p>" +
		strings.Join(paragraphs, "</p><p>") + "</p></article></body></html>"
	var truth bytes.Buffer
	for id, want := range map[string]string{"whole": body, "more": body + "\n\nNobody was hurt in the storm."} {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write([]byte(html)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(set, "pages", id+".html.gz"), packed.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		line, err := json.Marshal(map[string]any{
			"id": id, "url": "https://news.example/" + id, "body": want, "title": title,
			"with": []string{want[len(want)-20:], paragraphs[1]}, "without": []string{"cookies"},
		})
		if err != nil {
			t.Fatal(err)
		}
		truth.Write(append(line, '\n'))
	}
	if err := os.WriteFile(filepath.Join(set, "truth.jsonl"), truth.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return corpus
}

func TestEval(t *testing.T) {
	t.Parallel()
	corpus := evalSet(t)
	saved, extracts := filepath.Join(t.TempDir(), "figures.json"), filepath.Join(t.TempDir(), "extracts.jsonl")
	code, out, errs := dateline(t, "eval", "--corpus", corpus, "--worst", "1", "--calibration",
		"--save", saved, "--out", extracts)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{
		"harbour", "0.500", "0.7500", "made pages", "[-Nobody was hurt in the storm.-]", "expected calibration error",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	lines, err := os.ReadFile(extracts)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(lines), "\n"); n != 2 {
		t.Errorf("there are extracts of %d pages, want 2", n)
	}
	for _, want := range []string{`piles.\n\nFerries`, `"title":"Old pier`} {
		if !strings.Contains(string(lines), want) {
			t.Errorf("the extracts lack %q:\n%s", want, lines)
		}
	}

	// With a better figure for one page in the baseline, that page is worse now.
	raw, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	var figures map[string]map[string]any
	if err := json.Unmarshal(raw, &figures); err != nil {
		t.Fatal(err)
	}
	figures["harbour"]["page_f1"].(map[string]any)["more"] = 1
	if raw, err = json.Marshal(figures); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(saved, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	code, out, errs = dateline(t, "eval", "--corpus", filepath.Join(corpus, "harbour"), "--baseline", saved)
	if code != 0 || !strings.Contains(out, "0 pages better, 1 worse") {
		t.Errorf("exit code %d, want one page worse:\n%s%s", code, out, errs)
	}
}

func TestEvalRefuses(t *testing.T) {
	t.Parallel()
	corpus := evalSet(t)
	broken := filepath.Join(t.TempDir(), "figures.json")
	if err := os.WriteFile(broken, []byte("no figures"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no corpus":       {nil, "--corpus"},
		"empty folder":    {[]string{"--corpus", t.TempDir()}, "contains no set"},
		"no such set":     {[]string{"--corpus", corpus, "--set", "other"}, "no set of that name"},
		"no such part":    {[]string{"--corpus", corpus, "--part", "all"}, "choose open or held"},
		"cross of a part": {[]string{"--corpus", corpus, "--cross", "--part", "held"}, "leave out --part"},
		"broken baseline": {[]string{"--corpus", corpus, "--baseline", broken}, "--save"},
	} {
		code, _, errs := dateline(t, append([]string{"eval"}, c.args...)...)
		if code == 0 || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit code %d, %q; want a failure that says %q", name, code, errs, c.want)
		}
	}
}
