package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
)

// TestTablesFit renders tables with long texts, some of them in wide letters or written
// from right to left, for outputs of several widths.
func TestTablesFit(t *testing.T) {
	const id, at = "4138e9184a69", "2026-11-28T22:10:00Z"
	long := "https://news.example.com/2026/11/28/world/a-very-long-name-of-a-story-that-does-not-end.html?page=12345"
	for _, columns := range []int{80, 100, 120, 200} {
		for name, g := range map[string]*grid{
			"articles": newArticleTable(columns),
			"letters":  newTable(columns, "number", "time", "stage", "reason", "attempts", "URL", "details"),
			"ends":     newTable(columns, "stage", "verdict", "reason", "URL", "id", "details"),
			"sources":  newTable(columns, "URL", "state", "endpoints", "articles", "last new", "labels"),
			"source":   newTable(columns, "kind", "state", "articles", "last new", "last poll", "next poll", "endpoint"),
			"retired":  newTable(columns, "kind", "articles", "endpoint", "retired because"),
			"doctor":   newTable(columns, "", "check", "finding", "what to do"),
		} {
			for i, words := range []string{
				strings.Repeat("港口重新开放，渡轮恢复航行。", 6), strings.Repeat("قطار الوادي يعود بعد غياب ", 6),
				strings.Repeat("After eleven years, the ferry returns ", 6), "short",
			} {
				row := make([]any, len(g.header))
				for j, header := range g.header {
					row[j] = map[any]any{
						"id": id, "URL": long, "endpoint": long, "number": 40_000 + i, "words": 1000, "attempts": 4, "lang": "zh-Hans",
						"published": "2026-11-28 22:10", "time": at,
						"last new": at, "last poll": at, "next poll": at, "kind": "sitemap", "state": "publishing", "endpoints": 12,
						"articles": 1000, "stage": "extract", "verdict": "rejected",
						"reason": "too_many_requests", "check": "dead letters", "": "problem",
					}[header]
					if row[j] == nil {
						row[j] = words
					}
				}
				g.AppendRow(row)
			}
			out := g.Render()
			for line := range strings.Lines(out) {
				if n := text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n")); n > columns {
					t.Errorf("%s at %d columns: a line has %d:\n%s", name, columns, n, out)
					break
				}
			}
			if has := fmt.Sprint(g.header); strings.Contains(has, "id") && name != "doctor" && strings.Count(out, id) != 4 {
				t.Errorf("%s at %d columns: an id is broken:\n%s", name, columns, out)
			}
			if strings.Contains(out, "\x1b") {
				t.Errorf("%s at %d columns: escape codes in a pipe:\n%q", name, columns, out)
			}
		}
	}
}

func TestElide(t *testing.T) {
	for _, test := range []struct {
		text    string
		columns int
		want    string
	}{
		{"https://example.com/a", 30, "https://example.com/a"},
		{"https://example.com/world/2026/cut-cable.html", 24, "https://example…ble.html"},
		{"港口港口港口", 7, "港口…口"},
		{"abc", 1, "…"},
	} {
		if got := elide(test.text, test.columns); got != test.want {
			t.Errorf("elide(%q, %d) = %q, want %q", test.text, test.columns, got, test.want)
		}
	}
}
