package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// checker is where "make bin/vale" puts the prose checker.
const checker = "../../bin/vale"

// TestRulesFindPlantedSentences plants one sentence for each rule and an inconspicuous
// one beside it.
func TestRulesFindPlantedSentences(t *testing.T) {
	vale, err := filepath.Abs(checker)
	if err != nil {
		t.Fatal(err)
	}
	for rule, sentences := range map[string]struct{ bad, good string }{
		"Alone":         {"The flag is for tests alone.", "The flag is only for tests. Leave it alone."},
		"Archaic":       {"The names are parted by commas.", "The names are separated by commas."},
		"Because":       {"It waits, for there is no more.", "It waits for messages."},
		"FreeRelatives": {"It stores what came of the batch.", "It stores the results of the batch."},
		"NoNouns":       {"An empty list is none.", "There is no list, and it is no longer empty."},
		"Quantity":      {"After so many failures the host rests.", "There were so many failures that it stopped."},
		"Release":       {"It lets go of the lease.", "It releases the lease."},
		"Reports":       {"The function says whether it is valid.", "The function reports whether it is valid."},
		"Stands":        {"The name stands in the second column.", "The name is in the second column. It stands for a host."},
		"Unavailable":   {"The server cannot be had.", "The server is unavailable."},
		"Where":         {"Where it is empty, nothing happens.", "If it is empty, nothing happens. See where the file is."},
	} {
		t.Run(rule, func(t *testing.T) {
			for sentence, found := range map[string]bool{sentences.bad: true, sentences.good: false} {
				command := exec.Command(vale, "--config", "../../.vale.ini", "--output", "line", "--ext", ".txt", sentence)
				out, err := command.CombinedOutput()
				if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
					t.Fatalf("running vale (build it with make bin/vale): %v", err)
				}
				if got := strings.Contains(string(out), "Dateline."+rule); got != found || (err != nil) != found {
					t.Errorf("%q: found %v, failed %v, want %v; output: %s", sentence, got, err != nil, found, out)
				}
			}
		})
	}
}
