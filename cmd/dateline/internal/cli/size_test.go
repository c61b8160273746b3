package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestScalingHasWhatSizePrints compares the table of docs/scaling.md with the output of the command
// above it.
func TestScalingHasWhatSizePrints(t *testing.T) {
	t.Setenv("COLUMNS", "120")
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "scaling.md"))
	if err != nil {
		t.Fatal(err)
	}
	code, want, stderr := call(t, "size", "--pages-per-day", "10k,100k,1M,10M", "--retention", "90d")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	_, block, _ := strings.Cut(string(text), "```text\n")
	if block, _, _ = strings.Cut(block, "```"); block != want {
		t.Errorf("docs/scaling.md has\n%s\nand the command prints\n%s", block, want)
	}
}

func TestSizeNamesTheMeasurements(t *testing.T) {
	code, stdout, stderr := call(t, "size", "--pages-per-day", "1.5M", "--retention", "720h", "--json")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var got struct {
		Estimates []struct {
			PagesPerDay   int64             `json:"pages_per_day"`
			RetentionDays float64           `json:"retention_days"`
			Settings      map[string]string `json:"settings"`
			Needs         []struct {
				From []string `json:"from"`
			} `json:"needs"`
		} `json:"estimates"`
		Figures []struct {
			Name, Section, Quote string
		} `json:"figures"`
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range got.Figures {
		names[f.Name] = f.Section != "" && f.Quote != ""
	}
	if len(got.Estimates) != 1 || got.Estimates[0].PagesPerDay != 1_500_000 || got.Estimates[0].RetentionDays != 30 ||
		got.Estimates[0].Settings["indexer.keep-outcomes"] != "720h" {
		t.Errorf("estimates %+v", got.Estimates)
	}
	for _, need := range got.Estimates[0].Needs {
		for _, name := range need.From {
			if !names[name] {
				t.Errorf("the figure %q is not listed with its source", name)
			}
		}
	}
}

func TestSizeRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"size":                                       "Set --pages-per-day",
		"size --pages-per-day many":                  `has "many"`,
		"size --pages-per-day 0":                     "from 1",
		"size --pages-per-day NaN":                   "from 1",
		"size --pages-per-day 1000001M":              "from 1",
		"size --pages-per-day 10k --retention never": "--retention",
		"size --pages-per-day 10k --retention 0d":    "--retention",
	} {
		if code, _, stderr := call(t, strings.Fields(line)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d and %q, want %d and %q", line, code, stderr, exitUsage, want)
		}
	}
}
