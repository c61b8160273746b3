// Command vulnerabilities reads the JSON of govulncheck from standard input:
//
//	govulncheck -format json ./... | vulnerabilities
//
// It prints each vulnerable function that the code calls. It fails for those of modules.
// Those of the standard library are only reported, because a newer Go release on the
// building machine fixes them, not a commit.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "vulnerabilities:", err)
		os.Exit(1)
	}
}

// message is the part of govulncheck's output that this program reads:
// https://pkg.go.dev/golang.org/x/vuln/internal/govulncheck#Message.
type message struct {
	Config  *struct{ DB string }
	Finding *struct {
		OSV          string
		FixedVersion string `json:"fixed_version"`
		Trace        []struct {
			Module, Version, Package, Function string
		}
	}
}

// stdlib is the name that govulncheck gives to the standard library's module.
const stdlib = "stdlib"

func run(in io.Reader, out io.Writer) error {
	found := map[string]bool{} // the lines; true for modules other than the standard library
	scanned := false
	for decoder := json.NewDecoder(in); decoder.More(); {
		var m message
		if err := decoder.Decode(&m); err != nil {
			return fmt.Errorf("reading the output of govulncheck: %w", err)
		}
		scanned = scanned || m.Config != nil
		// A finding without a function means that the vulnerable code is never
		// called.
		if m.Finding == nil || len(m.Finding.Trace) == 0 || m.Finding.Trace[0].Function == "" {
			continue
		}
		called := m.Finding.Trace[0]
		line := fmt.Sprintf("%s in %s %s", m.Finding.OSV, called.Module, called.Version)
		if m.Finding.FixedVersion != "" {
			line += ", fixed in " + m.Finding.FixedVersion
		}
		found[line] = called.Module != stdlib
	}
	if !scanned {
		return errors.New("no output of govulncheck to read: did it fail?")
	}
	lines := make([]string, 0, len(found))
	var failing []string
	for line, fails := range found {
		lines = append(lines, line)
		if fails {
			failing = append(failing, line)
		}
	}
	slices.Sort(lines)
	for _, line := range lines {
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	if len(failing) > 0 {
		slices.Sort(failing)
		return fmt.Errorf("the code calls vulnerable functions of modules; upgrade them: %s", strings.Join(failing, "; "))
	}
	return nil
}
