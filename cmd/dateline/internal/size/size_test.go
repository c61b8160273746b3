package size_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/cmd/dateline/internal/size"
)

// TestFiguresAreMeasured checks that docs/benchmarks.md has every figure in the section that is named.
func TestFiguresAreMeasured(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "benchmarks.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range size.Figures() {
		_, section, found := strings.Cut(string(text), "\n## "+f.Section+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		if !found || !strings.Contains(strings.Join(strings.Fields(section), " "), f.Quote) {
			t.Errorf("%s: section %q of docs/benchmarks.md does not contain %q", f.Name, f.Section, f.Quote)
		}
	}
}

func TestNeedsGrowWithPages(t *testing.T) {
	const retention = 90 * 24 * time.Hour
	small, large := size.Of(10_000, retention), size.Of(10_000_000, retention)
	for i, need := range large.Needs {
		if need.Name != small.Needs[i].Name || need.Value < small.Needs[i].Value {
			t.Errorf("need %d is %+v, and %+v for fewer pages", i, need, small.Needs[i])
		}
	}
	if len(small.Limits) != 0 || !strings.HasPrefix(small.Settings["store.url"], "sqlite:") {
		t.Errorf("10,000 pages a day need %v and have the limits %v", small.Settings, small.Limits)
	}
	if len(large.Limits) != 3 || large.Settings["indexer.copies-memory"] != "2862MiB" {
		t.Errorf("10 million pages a day need %v and have the limits %v", large.Settings, large.Limits)
	}
	if got := size.Of(10_000, retention/2).Settings["indexer.keep-outcomes"]; got != "1080h" {
		t.Errorf("outcomes are kept for %q, want 1080h", got)
	}
}
