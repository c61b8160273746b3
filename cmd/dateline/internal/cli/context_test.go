package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestContextShow(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", folder)
	show := func(args ...string) (string, error) {
		var out strings.Builder
		cmd := newContextShow()
		cmd.SetOut(&out)
		cmd.SetArgs(args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.Execute()
		return out.String(), err
	}
	current := filepath.Join(folder, "dateline", "context")
	file := filepath.Join(folder, "dateline", "contexts", "desk.yaml")
	if out, err := show(); err == nil || !strings.Contains(err.Error(), "no context is in use") || out != "" {
		t.Errorf("without contexts: %q, error %v", out, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("nats:\n  url: nats://a.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := show("desk"); err != nil || !strings.HasPrefix(out, "# desk: "+file+"\n") ||
		!strings.Contains(out, "nats://a.example") {
		t.Errorf("a context: %q, error %v", out, err)
	}
	if out, err := show("night"); err == nil || out != "" {
		t.Errorf("a missing context: %q, error %v", out, err)
	}
	if err := os.WriteFile(current, []byte("desk\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := show(); err != nil || !strings.HasPrefix(out, "# desk: ") {
		t.Errorf("the context in use: %q, error %v", out, err)
	}
	if err := os.Remove(current); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(current, 0o700); err != nil { // which cannot be read as a file
		t.Fatal(err)
	}
	if out, err := show(); err == nil || !strings.Contains(err.Error(), "reading which context is in use") || out != "" {
		t.Errorf("unreadable: %q, error %v", out, err)
	}
}
