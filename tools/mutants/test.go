package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The results of a test run with a mutant.
const (
	noticed     = "noticed"
	timedOut    = "timed out"
	survived    = "survived"
	notCompiled = "not compiled"
	unfinished  = "unfinished" // the time for all tests is over
)

const (
	// minLimit is the minimum time limit of the tests of a mutant.
	minLimit = time.Minute
	// limitFactor is the time limit as a multiple of the time without a fault.
	limitFactor = 5
	// waitDelay bounds the wait for the output of a killed test.
	waitDelay = 10 * time.Second
)

// tester runs the tests of packages.
type tester struct {
	dir      string
	packages []string
	short    bool
	limit    time.Duration
}

// baseline runs the tests without a fault, and sets the time limit.
func (t *tester) baseline(ctx context.Context) error {
	t.limit = 30 * time.Minute
	started := time.Now()
	if output, err := t.test(ctx); err != nil {
		return fmt.Errorf("the tests fail without a fault: %w\n%s", err, output)
	}
	t.limit = max(minLimit, limitFactor*time.Since(started))
	return nil
}

// test runs the tests with further flags.
func (t *tester) test(ctx context.Context, flags ...string) (output string, err error) {
	args := append([]string{"test", "-count=1", "-vet=off", "-failfast", "-timeout", t.limit.String()}, flags...)
	if t.short {
		args = append(args, "-short")
	}
	command := exec.CommandContext(ctx, "go", slices.Concat(args, t.packages)...)
	command.Dir, command.WaitDelay = t.dir, waitDelay
	all, err := command.CombinedOutput()
	return string(all), err
}

// try runs the tests with a mutant, and returns the result.
func (t *tester) try(ctx context.Context, m mutant) (result string, err error) {
	source, err := os.ReadFile(m.File)
	if err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(folder)
	faulty := slices.Concat(source[:m.Start], []byte(m.Replacement), source[m.End:])
	file, overlay := filepath.Join(folder, filepath.Base(m.File)), filepath.Join(folder, "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {m.File: file}})
	if err != nil {
		return "", err
	}
	for name, data := range map[string][]byte{file: faulty, overlay: list} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return "", err
		}
	}
	output, err := t.test(ctx, "-overlay", overlay)
	switch {
	case ctx.Err() != nil:
		return unfinished, nil
	case err == nil:
		return survived, nil
	case strings.Contains(output, "[build failed]"), strings.Contains(output, "[setup failed]"):
		return notCompiled, nil
	case strings.Contains(output, "panic: test timed out"):
		return timedOut, nil
	}
	return noticed, nil
}
