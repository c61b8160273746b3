package deployment

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestContextsOfADeployment writes the contexts of an .env, twice.
func TestContextsOfADeployment(t *testing.T) {
	env, config := filepath.Join(t.TempDir(), "env"), t.TempDir()
	if out, err := generateEnv(t, "Trial/1.0 (+https://example.com/bot)", env); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	secrets := settingsOf(t, env)
	for range 2 {
		cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(deploy, "context.sh"), env)
		cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+config)
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Contains(string(out), secrets["NATS_CLIENT_PASSWORD"]) {
			t.Fatalf("%v: %s", err, out)
		}
	}
	folder := filepath.Join(config, "dateline")
	for name, want := range map[string][]string{
		"dateline": {
			"nats://client:" + secrets["NATS_CLIENT_PASSWORD"] + "@127.0.0.1:4222", "http://127.0.0.1:8080",
			secrets["DATELINE_HTTP_READ_TOKEN"],
		},
		"dateline-operator": {
			"nats://operator:" + secrets["NATS_OPERATOR_PASSWORD"] + "@127.0.0.1:4222", "http://127.0.0.1:8080",
			secrets["DATELINE_HTTP_OPERATE_TOKEN"],
		},
	} {
		text, err := os.ReadFile(filepath.Join(folder, "contexts", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var context map[string]map[string]string
		if err := yaml.Unmarshal(text, &context); err != nil {
			t.Fatal(err)
		}
		got := []string{context["nats"]["url"], context["client"]["web"]}
		for _, token := range context["http"] {
			got = append(got, token)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("context %s has %v, want %v", name, got, want)
		}
	}
	if current, err := os.ReadFile(filepath.Join(folder, "context")); string(current) != "dateline\n" {
		t.Errorf("the context in use is %q (%v)", current, err)
	}
	err := filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
		if info, statErr := os.Stat(path); statErr != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others can read %s: %v", path, statErr)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "contexts", "*")); len(left) != 2 {
		t.Errorf("files are left: %v", left)
	}
}

// settingsOf returns the settings in an .env.
func settingsOf(t *testing.T, file string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(name, "#") {
			settings[name] = value
		}
	}
	return settings
}
