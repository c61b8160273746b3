package fetcher_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeNamesTests checks that each row of the table of behaviours names existing tests.
func TestReadmeNamesTests(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	declaration := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	mention := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	declared := map[string]bool{}
	roots := []string{".", "../../internal/weburl", "../../internal/contenttype"}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, m := range declaration.FindAllStringSubmatch(string(source), -1) {
				declared[m[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	rows := 0
	_, table, _ := strings.Cut(string(readme), "## Behaviour")
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| situation") || strings.HasPrefix(line, "|--") {
			continue
		}
		names := mention.FindAllStringSubmatch(line, -1)
		if len(names) == 0 {
			t.Errorf("row names no test: %q", line)
		}
		for _, m := range names {
			if !declared[m[1]] {
				t.Errorf("README names %s, which does not exist", m[1])
			}
		}
		rows++
	}
	if rows < 30 {
		t.Errorf("%d rows, want at least 30", rows)
	}
}
