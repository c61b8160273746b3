package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// The results of a test run with a mutant.
const (
	noticed     = "noticed"
	timedOut    = "timed out"
	survived    = "survived"
	notExecuted = "not executed" // no test executes the place, so that none was run
	unfinished  = "unfinished"   // the time for all tests is over
)

const (
	// minLimit is the minimum time limit of a run of tests, and limitFactor the limit as a multiple of the time
	// that the tests take without a fault.
	minLimit    = 30 * time.Second
	limitFactor = 5
	// waitDelay bounds the wait for the output of a killed test.
	waitDelay = 10 * time.Second
	// firstSeconds is the total time of the tests that run first: those that take the least time.
	firstSeconds = 4
)

// runner runs tests.
type runner struct {
	module   *module
	cache    string // folder of the measurements
	temp     string
	short    bool
	budget   time.Duration // maximum time, without a fault, of the tests that run for a fault per package
	progress func(format string, args ...any)

	planted      []string // the overlays with all mutants
	instrumented func(ctx context.Context) (overlay string, err error)
	mu           sync.Mutex
	suites       map[string]*known
	number       int // of temporary files
}

// known is what is known of the tests of a package.
type known struct {
	sync.Mutex
	suite    *suite
	programs map[int]string // with the mutants of a layer
}

func newRunner(ctx context.Context, root, cache, temp string) (*runner, error) {
	m, err := list(ctx, root)
	if err != nil {
		return nil, err
	}
	r := &runner{module: m, cache: cache, temp: temp, suites: map[string]*known{}, progress: func(string, ...any) {}}
	var once sync.Mutex
	var overlay string
	r.instrumented = func(ctx context.Context) (string, error) {
		once.Lock()
		defer once.Unlock()
		if overlay != "" {
			return overlay, nil
		}
		folder := filepath.Join(temp, "instrumented")
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return "", err
		}
		var err error
		overlay, err = m.instrument(ctx, folder)
		return overlay, err
	}
	return r, os.MkdirAll(cache, 0o700)
}

// temporary returns a path that nobody else uses.
func (r *runner) temporary() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.number++
	return filepath.Join(r.temp, fmt.Sprint(r.number))
}

// known returns what is known of a package's tests, which the caller must unlock.
func (r *runner) known(ctx context.Context, pkg string) (*known, error) {
	r.mu.Lock()
	k := r.suites[pkg]
	if k == nil {
		k = &known{programs: map[int]string{}}
		r.suites[pkg] = k
	}
	r.mu.Unlock()
	k.Lock()
	if k.suite == nil {
		s, err := r.measure(ctx, pkg)
		if err != nil {
			k.Unlock()
			return nil, err
		}
		k.suite = s
	}
	return k, nil
}

// compile compiles the tests of a package, and returns the path of the program.
func (r *runner) compile(ctx context.Context, pkg, overlay string) (program string, err error) {
	program = r.temporary()
	command := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-o", program, "./"+pkg)
	if overlay != "" {
		command.Args = slices.Insert(command.Args, 3, "-overlay="+overlay)
	}
	command.Dir, command.WaitDelay = r.module.dir, waitDelay
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compiling the tests of %s: %w\n%s", pkg, err, output)
	}
	return program, nil
}

// run runs tests of a program, and returns the tests that failed. A test that was running when the program ended
// otherwise has failed, too.
func (r *runner) run(
	ctx context.Context, pkg, program string, m *mutant, tests []*test,
) (result string, failed []string) {
	var seconds float64
	for _, t := range tests {
		seconds += t.seconds
	}
	limit := max(minLimit, time.Duration(limitFactor*seconds*float64(time.Second)))
	command := exec.CommandContext(ctx, program, "-test.failfast",
		"-test.timeout", limit.String(), "-test.run", pattern(tests))
	if r.short {
		command.Args = append(command.Args, "-test.short")
	}
	command.Dir, command.WaitDelay = filepath.Join(r.module.dir, pkg), waitDelay
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%d", faultVariable, m.number),
		strings.TrimSpace("GOFLAGS="+os.Getenv("GOFLAGS")+" -overlay="+r.planted[m.layer])) // for tests that build a program
	output, err := outputOf(command)
	switch {
	case ctx.Err() != nil:
		return unfinished, nil
	case err == nil:
		return survived, nil
	case strings.Contains(string(output), "panic: test timed out"):
		return timedOut, failing(string(output))
	}
	return noticed, failing(string(output))
}

// outputOf runs a program of tests. When it has ended, no process that it started is left, such as those of a test
// that ran into its time limit.
func outputOf(command *exec.Cmd) ([]byte, error) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	kill := func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.Cancel = kill
	output, err := command.CombinedOutput()
	if command.Process != nil {
		_ = kill() // fails if nothing is left
	}
	return output, err
}

// plant writes overlays that have all mutants, each of which the environment turns on by its number. Mutants whose
// places overlap are in different overlays.
func (r *runner) plant(mutants []*mutant) error {
	var layers [][]*mutant
	for i, m := range mutants {
		m.number = i + 1
		m.layer = slices.IndexFunc(layers, func(layer []*mutant) bool { return !slices.ContainsFunc(layer, m.overlaps) })
		if m.layer < 0 {
			m.layer = len(layers)
			layers = append(layers, nil)
		}
		layers[m.layer] = append(layers[m.layer], m)
	}
	for i, layer := range layers {
		overlay, err := plantLayer(filepath.Join(r.temp, fmt.Sprintf("planted%d", i)), layer)
		if err != nil {
			return err
		}
		r.planted = append(r.planted, overlay)
	}
	return nil
}

func (m *mutant) overlaps(other *mutant) bool {
	return other.path == m.path && other.from < m.to && m.from < other.to
}

func plantLayer(folder string, mutants []*mutant) (list string, err error) {
	o := overlay{folder: folder, replace: map[string]string{}}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", err
	}
	edits := map[string][]edit{}
	for _, m := range mutants {
		edits[m.path] = append(edits[m.path], edit{m.from, m.to, m.switched()})
		o.write(filepath.Join(filepath.Dir(m.path), switchName), switchSource(m.pkg.Name))
	}
	for path, list := range edits {
		source, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		o.write(path, replaced(source, list))
	}
	return o.finish()
}

// try runs the tests of packages that execute the place of a mutant, and returns the result.
func (r *runner) try(ctx context.Context, m *mutant, packages []string) (result string, err error) {
	result = notExecuted
	for _, pkg := range packages {
		one, err := r.tryPackage(ctx, m, pkg)
		switch {
		case ctx.Err() != nil:
			return unfinished, nil //nolint:nilerr // what was interrupted says nothing about the mutant
		case err != nil:
			return "", err
		case one != notExecuted:
			result = one
		}
		if one == noticed || one == timedOut {
			break
		}
	}
	return result, nil
}

// tryPackage runs the tests of a package with a mutant, those that take the least time first.
func (r *runner) tryPackage(ctx context.Context, m *mutant, pkg string) (result string, err error) {
	tests, program, err := r.executing(ctx, m, pkg)
	if err != nil || len(tests) == 0 {
		return notExecuted, err
	}
	first, seconds := 0, 0.0
	for first < len(tests) && (first == 0 || seconds < firstSeconds) {
		seconds += tests[first].seconds
		first++
	}
	for _, batch := range [][]*test{tests[:first], tests[first:]} {
		for len(batch) > 0 {
			var failed []string
			result, failed = r.run(ctx, pkg, program, m, batch)
			if result == unfinished {
				return result, nil
			}
			if result == survived {
				break
			}
			m.By = strings.Join(append([]string{pkg}, failed...), " ")
			flaky := r.flaky(ctx, pkg, program, m, batch, failed)
			if len(flaky) == 0 {
				return result, nil
			}
			m.By = ""
			batch = slices.DeleteFunc(slices.Clone(batch), func(t *test) bool { return slices.Contains(flaky, t) })
		}
	}
	return survived, nil
}

// executing returns the tests of a package that execute the place of a mutant, and the program that runs them.
func (r *runner) executing(ctx context.Context, m *mutant, pkg string) (tests []*test, program string, err error) {
	k, err := r.known(ctx, pkg)
	if err != nil {
		return nil, "", err
	}
	defer k.Unlock()
	tests = r.bounded(k.suite.executing(*m))
	if len(tests) > 0 && k.programs[m.layer] == "" {
		k.programs[m.layer], err = r.compile(ctx, pkg, r.planted[m.layer])
	}
	return tests, k.programs[m.layer], err
}

// bounded returns the shortest tests, with a total time that is about the budget.
func (r *runner) bounded(tests []*test) []*test {
	var seconds float64
	for i, t := range tests {
		seconds += t.seconds
		if i > 0 && seconds > r.budget.Seconds() {
			return tests[:i]
		}
	}
	return tests
}

// flaky returns the tests among those that failed that also fail without the fault.
func (r *runner) flaky(ctx context.Context, pkg, program string, m *mutant, batch []*test, failed []string) []*test {
	suspects := among(batch, failed)
	if len(failed) == 0 { // such as a program that ran into its time limit before its first test
		suspects = batch
	}
	if len(suspects) == 0 {
		return nil
	}
	result, again := r.run(ctx, pkg, program, &mutant{layer: m.layer}, suspects)
	if result == survived || result == unfinished {
		return nil
	}
	if some := among(suspects, again); len(some) > 0 {
		suspects = some
	}
	for _, t := range suspects {
		t.failed = true
		r.progress("%s: %s also fails without a fault, and is left out", pkg, t.name)
	}
	return suspects
}

// among returns the tests that have one of the names, or a subtest that has. A test fails if one of its subtests does.
// Therefore, the name of a test stands for all its subtests only if the names include none of them.
func among(tests []*test, names []string) []*test {
	within := func(name, parent string) bool { return strings.HasPrefix(name, parent+"/") }
	var found []*test
	for _, t := range tests {
		if slices.ContainsFunc(names, func(name string) bool {
			return name == t.name || within(name, t.name) || within(t.name, name) &&
				!slices.ContainsFunc(names, func(other string) bool { return within(other, name) })
		}) {
			found = append(found, t)
		}
	}
	return found
}
