// Command licences checks the licences of all modules that the programs link:
//
//	licences PACKAGE...
//
// It runs in the root module, reads the licence files of each module in the packages'
// dependencies, and fails unless each module has a licence on the list of those that
// permit commercial use without copyleft. With --list it prints the modules as a table.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/google/licensecheck"
)

// permitted are the SPDX identifiers of the licences that linked modules may have.
// MPL-2.0 asks for the source of changed files only, and no file is changed here.
var permitted = []string{
	"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0", "Unlicense", "CC0-1.0",
}

// readByPeople are licence files that the scanner does not know. Somebody read them; the
// value is the result.
var readByPeople = map[string]string{
	"github.com/modelcontextprotocol/go-sdk/LICENSE": "Apache-2.0, MIT; CC-BY-4.0 for documents, not linked",

	"modernc.org/libc/LICENSE-3RD-PARTY.md": "musl, MIT with permissive parts",
	"modernc.org/memory/LICENSE-LOGO":       "logo, not linked",
	"modernc.org/sqlite/LICENSE-SQLITE":     "public domain",
}

// minCoverage is the share, in percent, of a licence file that must be known text. The
// rest is copyright lines and notices.
const minCoverage = 60

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("licences", flag.ContinueOnError)
	root := flags.String("root", "..", "`folder` of the module")
	list := flags.Bool("list", false, "print each module with its licences")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("usage: licences [--root FOLDER] [--list] PACKAGES")
	}
	modules, err := linked(ctx, *root, flags.Args())
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var problems []error
	for _, m := range modules {
		licences, err := licencesIn(m.Path, m.Dir)
		if err != nil {
			problems = append(problems, fmt.Errorf("module %s %s: %w", m.Path, m.Version, err))
			continue
		}
		if *list {
			fmt.Fprintf(table, "%s\t%s\t%s\n", m.Path, m.Version, strings.Join(licences, ", "))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return errors.Join(problems...)
}

type module struct {
	Path    string
	Version string
	Dir     string
	Main    bool
}

// linked returns the modules, without the main one, that the packages are built from.
func linked(ctx context.Context, root string, packages []string) ([]module, error) {
	args := append([]string{"list", "-deps", "-json=Module"}, packages...)
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = root
	command.Env = append(os.Environ(), "GOWORK=off")
	command.Stderr = os.Stderr
	text, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the dependencies of %s: %w", strings.Join(packages, " "), err)
	}
	seen := map[string]module{}
	for decoder := json.NewDecoder(strings.NewReader(string(text))); decoder.More(); {
		var p struct{ Module *module }
		if err := decoder.Decode(&p); err != nil {
			return nil, fmt.Errorf("reading the output of go list: %w", err)
		}
		if p.Module != nil && !p.Module.Main {
			seen[p.Module.Path] = *p.Module
		}
	}
	modules := make([]module, 0, len(seen))
	for _, m := range seen {
		modules = append(modules, m)
	}
	slices.SortFunc(modules, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}

// licencesIn returns the identifiers of the licences in a module's folder. The error
// names what is missing or not permitted.
func licencesIn(path, folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, entry := range entries {
		name := strings.ToUpper(entry.Name())
		if entry.IsDir() || !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "COPYING") &&
			!strings.HasPrefix(name, "UNLICENSE") {
			continue
		}
		if result, ok := readByPeople[path+"/"+entry.Name()]; ok {
			found = append(found, result)
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		coverage := licensecheck.Scan(text)
		if coverage.Percent < minCoverage {
			return nil, fmt.Errorf("%s is %.0f %% known licence text, less than %d %%: read it and list it in readByPeople",
				entry.Name(), coverage.Percent, minCoverage)
		}
		for _, match := range coverage.Match {
			if !slices.Contains(permitted, match.ID) {
				return nil, fmt.Errorf("%s contains %s, which is not permitted", entry.Name(), match.ID)
			}
			if !slices.Contains(found, match.ID) {
				found = append(found, match.ID)
			}
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no licence file found")
	}
	return found, nil
}
