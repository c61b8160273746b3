package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/postgrestest"
)

func TestMain(m *testing.M) {
	builtWith = os.Environ()
	// Set once and here, because tests that call t.Setenv cannot run in parallel. Tests
	// must not find the contexts of the person who runs them.
	os.Setenv("XDG_CONFIG_HOME", filepath.Join(os.TempDir(), "dateline-tests-have-no-contexts"))
	setNATSPasswords()
	// The servers end before the goroutines are counted.
	code := postgrestest.Main(m, func() error { return nil })
	if err := os.RemoveAll(builtIn); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// builtIn is the folder with the program, once a test has built it. builtWith is the environment of the build, which
// may have settings of the go command below XDG_CONFIG_HOME.
var (
	builtIn   string
	builtWith []string
)

// built builds the program, and returns its path. It is built without the race detector, which would multiply the
// time that each process takes: the tests that run pipelines in their own process have it.
var built = sync.OnceValues(func() (path string, err error) {
	if builtIn, err = os.MkdirTemp("", "dateline-program"); err != nil {
		return "", err
	}
	path = filepath.Join(builtIn, "dateline")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", path, ".")
	build.Env = builtWith
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return path, nil
})

// program returns a command that runs the program in a process of its own, without
// contexts. The process is killed when ctx ends.
func program(ctx context.Context, t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+t.TempDir())
	return cmd
}
