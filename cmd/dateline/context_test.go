package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
)

// user is somebody with a configuration folder and a working folder.
type user struct{ config, folder string }

// run runs a command as the user.
func (u user) run(ctx context.Context, t *testing.T, args ...string) (code int, output string) {
	t.Helper()
	cmd := program(ctx, t, args...)
	cmd.Env = append(cmd.Env, "XDG_CONFIG_HOME="+u.config)
	cmd.Dir = u.folder
	text, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// TestCommandsFindTheRunningPipeline starts the service in one folder and uses it from
// another.
func TestCommandsFindTheRunningPipeline(t *testing.T) {
	t.Parallel()
	ctx := natstest.Context(t)
	u := user{t.TempDir(), t.TempDir()}
	data, admin, web := filepath.Join(t.TempDir(), "data"), natstest.FreeAddr(t), natstest.FreeAddr(t)
	server := natstest.FreeAddr(t)
	const token = "ReadTokenOfTheTest"
	up := program(ctx, t, "up", "--data-dir", data, "--data-nats-addr", server, "--admin-addr", admin,
		"--http-addr", web, "--http-read-token", token)
	up.Env = append(up.Env, "XDG_CONFIG_HOME="+u.config)
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, admin)

	for _, name := range []string{"dateline", "dateline/contexts", "dateline/contexts/local.yaml", "dateline/context"} {
		info, err := os.Stat(filepath.Join(u.config, name))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v: others can read it", name, info, err)
		}
	}
	want := func(code int, parts []string, args ...string) {
		t.Helper()
		got, text := u.run(ctx, t, args...)
		for _, part := range parts {
			if got != code || !strings.Contains(text, part) {
				t.Errorf("dateline %s: exit code %d, want %d with %q:\n%s", strings.Join(args, " "), got, code, part, text)
			}
		}
		if strings.Contains(text, token) || strings.Contains(text, natsPassword(t, data)) {
			t.Errorf("dateline %s shows a secret:\n%s", strings.Join(args, " "), text)
		}
	}
	want(0, []string{"published 1 URL to nats://" + server, "context local"}, "publish", "http://"+closedAddr+"/")
	want(1, []string{"fetch", "blocked_port"}, "publish", "http://"+closedAddr+"/x", "--wait")
	want(0, []string{"local", data, "http://" + web, "1 context"}, "context", "ls")
	want(0, []string{"# local: ", "dir: " + data, "read-token: xxxxx", admin}, "context", "show")
	want(0, []string{"0 articles"}, "search")
	want(0, []string{"dead letter"}, "dead", "list")
	want(0, []string{`"processes":1`}, "top", "--json", "--interval", "100ms")
	want(0, []string{"healthy, ", "article", "no dead letters", "context local"}, "status", "--interval", "100ms")
	want(0, []string{`"problems":[]`, `"stage":"fetch"`}, "status", "--json", "--interval", "100ms")
	want(2, []string{`there is no context "nosuch": choose one of local`}, "context", "use", "nosuch")
	want(2, []string{"choose one of local"}, "dead", "list", "--context", "nosuch")

	if err := up.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := up.Wait(); err != nil {
		t.Fatal(err)
	}
	ended := []string{"the pipeline of the context local has ended", "dateline up --data-dir " + data}
	want(1, ended, "publish", "http://"+closedAddr+"/")
	want(1, ended, "dead", "list")
	want(1, ended, "tail")
	want(1, []string{"context local: http://" + web + " does not answer", "--context"}, "status")
	if left, err := os.ReadDir(u.folder); err != nil || len(left) > 0 {
		t.Errorf("the commands left %v in their folder (%v)", left, err)
	}
}

// TestPrecedenceOfContexts uses two contexts whose servers do not run.
func TestPrecedenceOfContexts(t *testing.T) {
	t.Parallel()
	ctx := natstest.Context(t)
	u := user{t.TempDir(), t.TempDir()}
	folder := filepath.Join(u.config, "dateline", "contexts")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "two"} {
		text := "nats:\n  url: nats://client:passwordOfTheContext@" + closedAddr + "/" + name + "\n  wait: 10ms\n"
		if err := os.WriteFile(filepath.Join(folder, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := func(part string, env string, args ...string) {
		t.Helper()
		cmd := program(ctx, t, args...)
		cmd.Env = append(cmd.Env, "XDG_CONFIG_HOME="+u.config, env)
		cmd.Dir = u.folder
		text, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(text), part) || strings.Contains(string(text), "passwordOfTheContext") {
			t.Errorf("dateline %s: %v, want %q:\n%s", strings.Join(args, " "), err, part, text)
		}
	}
	want("no pipeline runs on the data folder", "", "publish", "https://example.com/")
	if code, text := u.run(ctx, t, "context", "use", "one"); code != 0 {
		t.Fatal(text)
	}
	want("context one: ", "", "publish", "https://example.com/")
	want("context two: ", "DATELINE_CONTEXT=two", "publish", "https://example.com/")
	want("context one: ", "DATELINE_CONTEXT=two", "publish", "https://example.com/", "--context", "one")
	want("connecting to NATS at nats://"+closedAddr+"/three", "DATELINE_NATS_WAIT=10ms", "publish", "https://example.com/",
		"--nats-url", "nats://"+closedAddr+"/three")
	want("connecting to NATS at nats://"+closedAddr+"/four", "DATELINE_NATS_URL=nats://"+closedAddr+"/four", "publish",
		"https://example.com/", "--nats-wait", "10ms")
	want("the context one has no store that this machine can reach", "", "search", "ferry")
}

// TestImportKeepsAContextOfTheSameName imports a context of the nats command twice.
func TestImportKeepsAContextOfTheSameName(t *testing.T) {
	t.Parallel()
	ctx := natstest.Context(t)
	u := user{t.TempDir(), t.TempDir()}
	source := filepath.Join(u.folder, "local.json")
	write := func(server string) {
		t.Helper()
		if err := os.WriteFile(source, []byte(`{"url": "`+server+`"}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := func(code int, part string, args ...string) {
		t.Helper()
		got, text := u.run(ctx, t, append([]string{"context"}, args...)...)
		if got != code || !strings.Contains(text, part) {
			t.Errorf("dateline context %s: exit code %d, want %d with %q:\n%s", strings.Join(args, " "), got, code, part, text)
		}
	}
	write("nats://one.example:4222")
	want(0, "using context local", "import", source)
	write("nats://two.example:4222")
	want(2, "there is a context local already: replace it with --force, or choose another name with --as",
		"import", source)
	want(0, "nats://one.example:4222", "show", "local")
	want(0, "using context other", "import", source, "--as", "other")
	want(0, "using context local", "import", source, "--force")
	want(0, "nats://two.example:4222", "show", "local")
}
