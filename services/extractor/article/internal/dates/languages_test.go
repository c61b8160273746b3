package dates

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readLines returns the lines of a file in testdata, without comments.
func readLines(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		t.Fatalf("%s has no lines", name)
	}
	return lines
}

// readPairs returns the texts of a file in testdata with the results that are
// expected of them.
func readPairs(t *testing.T, name string) map[string]string {
	t.Helper()
	pairs := make(map[string]string)
	for _, line := range readLines(t, name) {
		text, want, ok := strings.Cut(line, " = ")
		if !ok {
			t.Fatalf("%s: line %q has no result", name, line)
		}
		pairs[text] = strings.TrimPrefix(want, "-")
	}
	return pairs
}

func TestFindReadsManyLanguages(t *testing.T) {
	t.Parallel()
	for _, text := range readLines(t, "march_5_2020.txt") {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got, ok := Find(text, false)
			if day := got.Time.Format("2006-01-02"); !ok || day != "2020-03-05" {
				t.Errorf("got %s, %v, want 2020-03-05", day, ok)
			}
		})
	}
}

func TestFindReadsManyMonthsAndCalendars(t *testing.T) {
	t.Parallel()
	for text, want := range readPairs(t, "days.txt") {
		got, ok := Find(text, false)
		day := ""
		if ok {
			day = got.Time.Format("2006-01-02")
		}
		if day != want {
			t.Errorf("%s: got %q, want %q", text, day, want)
		}
	}
}

func TestFindReadsTimesOfManyLanguages(t *testing.T) {
	t.Parallel()
	for _, text := range readLines(t, "march_5_2020_15_07.txt") {
		got, ok := Find(text, true)
		if got.Time.Format("2006-01-02") == "2020-05-03" {
			got, ok = Find(text, false)
		}
		if at := got.Time.Format("2006-01-02 15:04"); !ok || at != "2020-03-05 15:07" {
			t.Errorf("%s: got %s, %v, want 2020-03-05 15:07", text, at, ok)
		}
	}
}
