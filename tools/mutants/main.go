// Command mutants plants faults in packages, one at a time, and runs the tests that execute the faulty place: a fault
// that no test notices shows that nobody checks the behaviour there.
//
//	mutants [-n 20] [-seed 1] [-with ./cmd/dateline] PACKAGE…
//	mutants -areas [-n 12] [-seed 1] [-only notifier]
//
// The tree is not changed: the compiler reads the faulty file through an overlay. Packages are relative to the root of
// the repository. The first run of a package's tests measures which blocks of the program each test executes, and keeps
// that until the tests or the code that they import change. All faults are compiled into one program per package, and
// an environment variable turns one of them on. A fault counts as noticed if a test that passes
// without it fails or runs into its time limit. Faults that do not compile are drawn again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	number := flags.Int("n", 0, "number of faults to draw: 20, or 12 per area, by default")
	seed := flags.Uint64("seed", 1, "seed of the drawing")
	with := flags.String("with", "", "further packages whose tests may notice a fault, separated by commas")
	all := flags.Bool("areas", false, "draw from every area of the product")
	only := flags.String("only", "", "draw only from these areas, separated by semicolons")
	total := flags.Duration("for", 4*time.Hour, "maximum time for all tests")
	budget := flags.Duration("budget", time.Minute, "maximum time of the tests of a package for a fault")
	jobs := flags.Int("jobs", 2, "number of areas that are examined at a time")
	short := flags.Bool("short", false, "run the tests with -short")
	asJSON := flags.Bool("json", false, "print each fault as a line of JSON")
	resume := flags.String("resume", "", "file of results to continue and add to, as lines of JSON")
	dir := flags.String("dir", "..", "root of the module")
	cache := flags.String("cache", "", "folder of measurements; by default in the cache folder of the user")
	if err := flags.Parse(args); err != nil {
		return err
	}
	drawn, err := drawing(*all, *only, *with, flags.Args())
	if err != nil {
		return err
	}
	if *number == 0 {
		*number = 20
		if *all {
			*number = 12
		}
	}
	root, err := filepath.Abs(*dir)
	if err != nil {
		return err
	}
	if *cache == "" {
		folder, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		*cache = filepath.Join(folder, "dateline-mutants")
	}
	temp, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	ctx, cancel := context.WithTimeout(ctx, *total)
	defer cancel()
	r, err := newRunner(ctx, root, *cache, temp)
	if err != nil {
		return err
	}
	r.short, r.budget = *short, *budget
	var mu sync.Mutex
	r.progress = func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(progress, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
	}
	e := &examination{runner: r, number: *number, seed: *seed, areas: drawn, results: make([][]mutant, len(drawn))}
	if err := e.open(*resume); err != nil {
		return err
	}
	defer e.close()
	if err := e.all(ctx, *jobs); err != nil {
		return err
	}
	if *asJSON {
		return printLines(out, slices.Concat(e.results...))
	}
	return printTables(out, e.areas, e.results)
}

// drawing returns the areas to draw faults from.
func drawing(all bool, only, with string, packages []string) ([]area, error) {
	if !all {
		if len(packages) == 0 {
			return nil, errors.New("name at least one package, such as ./internal/stage, or all areas with -areas")
		}
		a := area{Name: "all"}
		for _, p := range packages {
			a.Packages = append(a.Packages, path.Clean(p))
		}
		for p := range strings.SplitSeq(with, ",") {
			if p != "" {
				a.With = append(a.With, path.Clean(p))
			}
		}
		return []area{a}, nil
	}
	if only == "" {
		return areas, nil
	}
	var some []area
	for name := range strings.SplitSeq(only, ";") {
		i := slices.IndexFunc(areas, func(a area) bool { return a.Name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("no area is named %q", name)
		}
		some = append(some, areas[i])
	}
	return some, nil
}

// examination draws faults from areas and tries them.
type examination struct {
	runner  *runner
	number  int // of faults per area
	seed    uint64
	areas   []area
	results [][]mutant // by area

	mu    sync.Mutex
	known map[string]mutant // results of an earlier run
	file  *os.File          // of results
}

// all examines some areas at a time.
func (e *examination) all(ctx context.Context, jobs int) error {
	var packages []string
	for _, a := range e.areas {
		packages = append(packages, a.patterns()...)
	}
	slices.Sort(packages)
	found, err := load(e.runner.module.dir, slices.Compact(packages))
	if err != nil {
		return err
	}
	drawn := make([][]*mutant, len(e.areas))
	for i, a := range e.areas {
		if drawn[i], err = draw(a, found, e.number, e.seed); err != nil {
			return err
		}
	}
	if err := e.runner.plant(slices.Concat(drawn...)); err != nil {
		return err
	}
	e.runner.progress("%d possible faults, %d drawn", len(found), len(slices.Concat(drawn...)))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(jobs)
	for i := range e.areas {
		group.Go(func() error { return e.area(ctx, i, drawn[i]) })
	}
	return group.Wait()
}

// draw draws mutants of an area that compile.
func draw(a area, found []mutant, number int, seed uint64) ([]*mutant, error) {
	found = slices.DeleteFunc(slices.Clone(found), func(m mutant) bool {
		return !slices.Contains(a.Packages, filepath.Dir(m.file)) || !a.has(m.file)
	})
	name := fnv.New64a()
	name.Write([]byte(a.Name))
	random := rand.New(rand.NewPCG(seed, name.Sum64()))
	random.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	var drawn []*mutant
	for i := 0; i < len(found) && len(drawn) < number; i++ {
		m := &found[i]
		m.Area = a.Name
		compiles, err := m.compiles()
		if err != nil {
			return nil, err
		}
		if compiles {
			drawn = append(drawn, m)
		}
	}
	return drawn, nil
}

// area tries the mutants of an area, until the time is over.
func (e *examination) area(ctx context.Context, i int, drawn []*mutant) error {
	a := e.areas[i]
	for _, m := range drawn {
		started := time.Now()
		if known, ok := e.earlier(*m); ok {
			*m = known
		} else {
			packages := append([]string{filepath.Dir(m.file)}, a.With...)
			result, err := e.runner.try(ctx, m, slices.Compact(packages))
			if err != nil {
				return err
			}
			if result == unfinished {
				break
			}
			m.Result, m.Seconds = result, time.Since(started).Seconds()
			if err := e.keep(*m); err != nil {
				return err
			}
		}
		e.results[i] = append(e.results[i], *m)
		e.runner.progress("%s %d/%d: %s in %.0f s: %s: %s: %s", a.Name, len(e.results[i]), e.number, m.Result, m.Seconds,
			m.Place, m.Kind, m.Change)
	}
	return nil
}
