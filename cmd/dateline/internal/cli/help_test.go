package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestHelpOfEveryCommand checks that help shows switches without a value, and names the
// command that describes the settings.
func TestHelpOfEveryCommand(t *testing.T) {
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			check(sub)
		}
		args := strings.Fields(cmd.CommandPath() + " --help")[1:]
		var out, errs bytes.Buffer
		if code := Run(t.Context(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != 0 {
			t.Errorf("%v: exit code %d: %s", args, code, errs.String())
		}
		help := out.String()
		if strings.Contains(help, "[=") || !strings.Contains(help, "--help ") {
			t.Errorf("%v: a switch is not shown as plain --flag:\n%s", args, help)
		}
		hasSettings := cmd.Flags().Lookup("fetcher-delay") != nil
		if strings.Contains(help, "--fetcher-delay") || strings.Contains(help, "Global settings") != hasSettings {
			t.Errorf("%v: help shows the settings, or does not say where they are:\n%s", args, help)
		}
	}
	check(newRoot(Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}))
}

func TestSettingsAreDescribed(t *testing.T) {
	code, out, errs := call(t, "settings")
	for _, part := range []string{"--context", "--config", "--data-dir", "--nats-url", "--fetcher-delay", "--client-web"} {
		if code != exitOK || !strings.Contains(out, part+" ") || strings.Contains(out, "[=") {
			t.Errorf("exit code %d: %s does not describe %s:\n%s", code, errs, part, out)
		}
	}
	if code, out, _ := call(t, "settings", "nats-"); code != exitOK || strings.Contains(out, "--fetcher") ||
		!strings.Contains(out, "--nats-nkey") {
		t.Errorf("settings with a word: exit code %d:\n%s", code, out)
	}
	if code, _, errs := call(t, "settings", "nosuch"); code != exitUsage || errs == "" {
		t.Errorf("settings with an unknown word: exit code %d: %s", code, errs)
	}
}

func TestVersion(t *testing.T) {
	_, version, _ := call(t, "version")
	code, flag, errs := call(t, "--version")
	if code != exitOK || flag != version || !strings.HasPrefix(version, "dateline ") ||
		!strings.Contains(version, "commit ") {
		t.Errorf("version prints %q, --version exit code %d and %q: %s", version, code, flag, errs)
	}
}
