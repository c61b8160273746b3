package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// asProgram is the environment variable that turns the test binary into the
// program. Tests that need a process of their own start the test binary with it,
// which saves building the program and brings the race detector along.
const asProgram = "DATELINETEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	// Set once and here, because tests that call t.Setenv cannot run in parallel. Tests
	// must not find the contexts of the person who runs them.
	os.Setenv("XDG_CONFIG_HOME", filepath.Join(os.TempDir(), "dateline-tests-have-no-contexts"))
	setNATSPasswords()
	goleak.VerifyTestMain(m)
}

// program returns a command that runs the program in a process of its own, without
// contexts. The process is killed when ctx ends.
func program(ctx context.Context, t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "XDG_CONFIG_HOME="+t.TempDir())
	return cmd
}
