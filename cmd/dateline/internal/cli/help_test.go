package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestHelpOfEveryCommand checks that help shows switches without a value, and the
// settings apart from the flags of the command.
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
		own, settings, found := strings.Cut(help, "\nSettings")
		if strings.Contains(own, "--fetcher-delay") || found && !strings.Contains(settings, "--fetcher-delay") {
			t.Errorf("%v: flags and settings are not apart:\n%s", args, help)
		}
	}
	check(newRoot(Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}))
}
