package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// checker is where "make bin/vale" puts the prose checker.
const checker = "../../bin/vale"

// TestRulesFindPlantedSentences checks pairs of sentences. Each line of planted.txt names
// a rule, a sentence that the rule must find, and one that it must not find.
func TestRulesFindPlantedSentences(t *testing.T) {
	vale, err := filepath.Abs(checker)
	if err != nil {
		t.Fatal(err)
	}
	planted, err := os.ReadFile("testdata/planted.txt")
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for line := range strings.Lines(string(planted)) {
		columns := strings.Split(strings.TrimSpace(line), "\t")
		if len(columns) != 3 {
			t.Fatalf("line %q has %d columns, want 3", line, len(columns))
		}
		rule := columns[0]
		tested[rule] = true
		t.Run(rule, func(t *testing.T) {
			for i, sentence := range columns[1:] {
				want := i == 0
				if got := findings(t, vale, sentence); strings.Contains(got, "Dateline."+rule) != want {
					t.Errorf("%q: found %v, want %v; output: %s", sentence, !want, want, got)
				}
			}
		})
	}
	rules, err := filepath.Glob("styles/Dateline/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules {
		if name := strings.TrimSuffix(filepath.Base(rule), ".yml"); !tested[name] {
			t.Errorf("rule %s has no planted sentence", name)
		}
	}
}

// findings returns the output of vale for a sentence. Vale fails exactly if it finds
// something.
func findings(t *testing.T, vale, sentence string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), vale,
		"--config", "../../.vale.ini", "--output", "line", "--ext", ".txt", sentence)
	out, err := command.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("running vale (build it with make bin/vale): %v", err)
	}
	if (err != nil) != (len(out) > 0) {
		t.Fatalf("vale ended with %v and printed %q", err, out)
	}
	return string(out)
}
