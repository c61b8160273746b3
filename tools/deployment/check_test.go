package deployment

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const good = "kQzWvTnbLmPxRdYcHsJfGaUe"

// check runs check.sh as a container does, as this user or another, and returns its
// output.
func check(t *testing.T, as *syscall.Credential, env []string, args ...string) (output string, ok bool) {
	t.Helper()
	script, err := filepath.Abs(filepath.Join(deploy, "check", "check.sh"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{script}, args...)...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// refused asserts that a check fails with a single line that contains all of these
// words.
func refused(t *testing.T, env []string, words []string, args ...string) {
	t.Helper()
	refusedAs(t, nil, env, words, args...)
}

func refusedAs(t *testing.T, as *syscall.Credential, env []string, words []string, args ...string) {
	t.Helper()
	output, ok := check(t, as, env, args...)
	if ok || strings.Count(output, "\n") != 1 {
		t.Errorf("got %q (passed: %v), want a refusal in one line", output, ok)
	}
	for _, word := range words {
		if !strings.Contains(output, word) {
			t.Errorf("output %q lacks %q", output, word)
		}
	}
}

func passes(t *testing.T, env []string, args ...string) {
	t.Helper()
	if output, ok := check(t, nil, env, args...); !ok || output != "" {
		t.Errorf("check %q: refused: %s", args, output)
	}
}

func TestWeakSecretsAreRefused(t *testing.T) {
	passes(t, []string{"A_PASSWORD=" + good, "B_TOKEN=" + strings.ToLower(good) + "x"}, "settings")
	for name, test := range map[string]struct{ value, want string }{
		"short":    {"Abcdefg123", "has 10 characters"},
		"empty":    {"", "has 0 characters"},
		"repeated": {strings.Repeat("abc", 12), "only 3 different characters"},
		"symbols":  {good + "$(id)", "other than letters and digits"},
		"digit":    {"1" + good, "starts with a digit"},
		"shared":   {good, "equals another secret"},
	} {
		t.Run(name, func(t *testing.T) {
			env := []string{"A_PASSWORD=" + good, "NATS_X_PASSWORD=" + test.value}
			refused(t, env, []string{"NATS_X_PASSWORD", test.want}, "settings")
		})
	}
}

func TestGeneratedSettingsPass(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	if out, err := generateEnv(t, "Trial/1.0 (+https://example.com/bot)", file); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the secrets: %v, %v", info.Mode(), err)
	}
	var env []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			env = append(env, line)
		}
	}
	passes(t, env, "settings")
}

func TestGeneratedSettingsArePrivateFromTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	// What an earlier run left, or another user prepared, at the place of the new file.
	if err := errors.Join(os.WriteFile(file+".partial", nil, 0o600), os.Chmod(file+".partial", 0o666)); err != nil {
		t.Fatal(err)
	}
	if out, err := generateEnv(t, "Trial/1.0 (+https://example.com/bot)", file); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the secrets: %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(file + ".*"); len(left) != 1 {
		t.Errorf("files are left: %v", left)
	}
}

func TestUserAgentsThatWouldAddSettingsAreRefused(t *testing.T) {
	for _, agent := range []string{"a\nNATS_PORT=1", "a\rb", "a\x1bb", "it's", "", "a\n"} {
		file := filepath.Join(t.TempDir(), "env")
		out, err := generateEnv(t, agent, file)
		if exit, is := errors.AsType[*exec.ExitError](err); !is || exit.ExitCode() != 2 || out == "" {
			t.Errorf("%q: %v, want exit code 2: %s", agent, err, out)
		}
		if left, _ := filepath.Glob(file + "*"); left != nil {
			t.Errorf("%q: %v was written", agent, left)
		}
	}
}

func generateEnv(t *testing.T, agent, file string) (output string, err error) {
	t.Helper()
	script := filepath.Join(deploy, "generate-env.sh")
	out, err := exec.CommandContext(t.Context(), "sh", script, agent, file).CombinedOutput()
	return string(out), err
}

func TestVolumesThatCannotServeAreRefused(t *testing.T) {
	env := []string{"DEPLOYMENT_ID=one", "COMPOSE_PROJECT_NAME=dateline"}
	folder := t.TempDir()
	passes(t, env, "nats", folder)
	passes(t, env, "nats", folder) // a second start

	other := []string{"DEPLOYMENT_ID=two", "COMPOSE_PROJECT_NAME=dateline"}
	refused(t, other, []string{"another deployment", "COMPOSE_PROJECT_NAME"}, "nats", folder)
	refused(t, append(env, "MIN_FREE_MIB=999999999"), []string{"volume nats has", "free space on"}, "nats", folder)

	later := time.Now().Add(time.Hour).Unix()
	started := []byte("one " + strconv.FormatInt(later, 10) + "\n")
	if err := os.WriteFile(filepath.Join(folder, "deployment"), started, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, env, []string{"the clock is", "behind the last start"}, "nats", folder)
}

// The volume belongs to another user. The check runs as the server's user.
func TestAVolumeThatCannotBeWrittenIsRefused(t *testing.T) {
	folder := t.TempDir()
	if err := errors.Join(os.Chmod(filepath.Dir(folder), 0o755), os.Chmod(folder, 0o555)); err != nil {
		t.Fatal(err)
	}
	var as *syscall.Credential
	if os.Getuid() == 0 { // root can write everywhere
		as = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	words := []string{"volume nats is not writable", "with mode 555", "chown -R 0:0"}
	refusedAs(t, as, []string{"DEPLOYMENT_ID=one"}, words, "nats", folder)
}

func TestAnOlderDatabaseIsRefused(t *testing.T) {
	programs := t.TempDir()
	program := []byte("#!/bin/sh\necho 'postgres (PostgreSQL) 17.2 (Debian 17.2-1)'\n")
	if err := os.WriteFile(filepath.Join(programs, "postgres"), program, 0o700); err != nil {
		t.Fatal(err)
	}
	env := []string{fmt.Sprintf("PATH=%s:%s", programs, os.Getenv("PATH"))}
	folder := t.TempDir()
	passes(t, env, "postgres", folder)
	for version, ok := range map[string]bool{"17": true, "15": false, "18": false} {
		if err := os.WriteFile(filepath.Join(folder, "PG_VERSION"), []byte(version+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if ok {
			passes(t, env, "postgres", folder)
		} else {
			refused(t, env, []string{"created by PostgreSQL " + version, "by version 17", "docs/backup.md"}, "postgres", folder)
		}
	}
}
