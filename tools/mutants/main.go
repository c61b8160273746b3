// Command mutants plants faults in packages, one at a time, and runs their tests: a fault
// that no test notices shows that nobody checks the behaviour there.
//
//	mutants [-n 20] [-seed 1] [-with ./cmd/dateline] [-for 20m] PACKAGE…
//
// The tree is not changed: the compiler reads the faulty file through an overlay.
// Patterns are relative to the root of the repository. A fault counts as noticed if a
// test fails or runs into its time limit. Faults that do not compile are drawn again.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	number := flags.Int("n", 20, "number of faults to draw")
	seed := flags.Uint64("seed", 1, "seed of the drawing")
	with := flags.String("with", "", "further packages whose tests may notice a fault, separated by commas")
	total := flags.Duration("for", 20*time.Minute, "maximum time for all tests")
	short := flags.Bool("short", false, "run the tests with -short")
	asJSON := flags.Bool("json", false, "print each fault as a line of JSON")
	dir := flags.String("dir", "..", "root of the module")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 || *number < 1 {
		return errors.New("name at least one package, such as ./internal/stage, and draw at least one fault")
	}
	root, err := filepath.Abs(*dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, *total)
	defer cancel()
	all, err := load(root, flags.Args())
	if err != nil {
		return err
	}
	tests := tester{dir: root, packages: flags.Args(), short: *short}
	if *with != "" {
		tests.packages = append(slices.Clone(flags.Args()), strings.Split(*with, ",")...)
	}
	if err := tests.baseline(ctx); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(*seed, 0))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	results, err := examine(ctx, tests, all, *number)
	if err != nil {
		return err
	}
	if *asJSON {
		return printLines(out, results)
	}
	return printTable(out, results, len(all))
}

// examine tests mutants until the wanted number of them has compiled, or the time is over.
func examine(ctx context.Context, tests tester, all []mutant, number int) ([]mutant, error) {
	var results []mutant
	for _, m := range all {
		if len(results) == number {
			break
		}
		result, err := tests.try(ctx, m)
		if err != nil {
			return nil, err
		}
		if result == unfinished {
			break
		}
		if result == notCompiled {
			continue
		}
		m.Result = result
		results = append(results, m)
	}
	return results, nil
}

func printLines(out io.Writer, results []mutant) error {
	lines := json.NewEncoder(out)
	for _, m := range results {
		if err := lines.Encode(m); err != nil {
			return err
		}
	}
	return nil
}

// printTable prints the score by kind, and then each fault that nothing noticed.
func printTable(out io.Writer, results []mutant, found int) error {
	type score struct{ noticed, all int }
	scores := map[string]*score{"all": {}}
	for _, m := range results {
		if scores[m.Kind] == nil {
			scores[m.Kind] = &score{}
		}
		for _, s := range []*score{scores[m.Kind], scores["all"]} {
			s.all++
			if m.Result != survived {
				s.noticed++
			}
		}
	}
	fmt.Fprintf(out, "%d possible faults, %d drawn\n", found, len(results))
	for _, kind := range []string{kindCondition, kindBound, kindError, kindArguments, kindCall, "all"} {
		if s := scores[kind]; s != nil && s.all > 0 {
			fmt.Fprintf(out, "%-10s %3d of %3d noticed (%d %%)\n", kind, s.noticed, s.all, 100*s.noticed/s.all)
		}
	}
	for _, m := range results {
		if m.Result == survived {
			if _, err := fmt.Fprintf(out, "not noticed: %s: %s: %s\n", m.Place, m.Kind, m.Change); err != nil {
				return err
			}
		}
	}
	return nil
}
