package deployment

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// checkout copies to a folder what "make deploy" reads, with a docker that records its
// calls in a file.
func checkout(t *testing.T) (folder, calls string) {
	t.Helper()
	folder = t.TempDir()
	calls = filepath.Join(folder, "calls")
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"Makefile", "tools/versions.mk"} {
		write(name, read(t, filepath.Join("..", name)))
	}
	for _, name := range []string{"generate-env.sh", "set-env.sh", "context.sh", ".env.example"} {
		write(filepath.Join("deploy", name), read(t, name))
	}
	write("programs/docker", "#!/bin/sh\necho \"$*\" >>"+calls+"\n")
	return folder, calls
}

// makeDeploy runs "make deploy" with settings on its command line.
func makeDeploy(t *testing.T, folder string, settings ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "make", append([]string{"-C", folder, "deploy"}, settings...)...)
	cmd.Env = []string{
		"PATH=" + filepath.Join(folder, "programs") + ":" + os.Getenv("PATH"),
		"XDG_CONFIG_HOME=" + filepath.Join(folder, "config"),
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("make deploy %q: %v: %s", settings, err, out)
	}
	return string(out)
}

func TestDeployAppliesItsArguments(t *testing.T) {
	folder, calls := checkout(t)
	env := filepath.Join(folder, "deploy", ".env")
	makeDeploy(t, folder, "AGENT=One/1.0 (+https://one.example)")
	before := settingsOf(t, env)
	agent, profiles := before["DATELINE_FETCHER_USER_AGENT"], before["COMPOSE_PROFILES"]
	if agent != "'One/1.0 (+https://one.example)'" || profiles != "monitoring" {
		t.Errorf("the first call wrote %v", before)
	}

	want := maps.Clone(before)
	want["DATELINE_FETCHER_USER_AGENT"] = `'Two\1.0 & (+https://two.example)'`
	want["FETCHER_REPLICAS"] = "3"
	want["NATS_PORT"] = "14222"
	out := makeDeploy(t, folder, `AGENT=Two\1.0 & (+https://two.example)`, "FETCHER_REPLICAS=3", "NATS_PORT=14222")
	if got := settingsOf(t, env); !maps.Equal(got, want) {
		t.Errorf("the second call wrote %v, want %v", got, want)
	}
	for _, line := range []string{
		`DATELINE_FETCHER_USER_AGENT is now Two\1.0 & (+https://two.example) (was One/1.0 (+https://one.example))`,
		"FETCHER_REPLICAS is now 3 (was 1)", "NATS_PORT is now 14222 (was 4222)",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("the output lacks %q:\n%s", line, out)
		}
	}

	out = makeDeploy(t, folder)
	if got := settingsOf(t, env); !maps.Equal(got, want) || strings.Contains(out, "is now") {
		t.Errorf("a call without arguments changed the settings to %v:\n%s", got, out)
	}
	if info, err := os.Stat(env); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the secrets: %v, %v", info.Mode(), err)
	}
	data, err := os.ReadFile(calls)
	if err != nil || strings.Count(string(data), "compose up -d --wait\n") != 3 {
		t.Errorf("docker was called like this (%v):\n%s", err, data)
	}
}

func TestSettingsThatCannotBeSetAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	if out, err := generateEnv(t, "Trial/1.0 (+https://example.com/bot)", file); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	before := settingsOf(t, file)
	for setting, want := range map[string]string{
		"FETCHER_REPLICA=2":             "no setting FETCHER_REPLICA",
		".*=2":                          "no setting",
		"NATS_CLIENT_PASSWORD=" + good:  "change it in",
		"DEPLOYMENT_ID=x":               "change it in",
		"NATS_PORT=1\nHTTP_PORT=2":      "a line break",
		"DATELINE_FETCHER_USER_AGENT='": "a single quote",
	} {
		cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(deploy, "set-env.sh"), file, setting)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%q: %v, output %q, want a refusal with %q", setting, err, out, want)
		}
	}
	if after := settingsOf(t, file); !maps.Equal(after, before) {
		t.Error("a refused setting was written")
	}
	files, err := filepath.Glob(file + "*")
	if err != nil || !slices.Equal(files, []string{file}) {
		t.Errorf("files are left: %v", files)
	}
}
