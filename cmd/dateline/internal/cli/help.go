package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// printUsage prints the usage of a command. Its own flags come before the
// settings of the configuration, which many commands share.
func printUsage(cmd *cobra.Command) error {
	var b strings.Builder
	fmt.Fprintln(&b, "Usage:")
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s COMMAND\n", cmd.CommandPath())
	} else {
		fmt.Fprintf(&b, "  %s\n", cmd.UseLine())
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintln(&b, "\nCommands:")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(&b, "  %-*s  %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	own, settings := splitFlags(cmd.LocalFlags())
	columns := width(cmd.OutOrStderr())
	fmt.Fprintf(&b, "\nFlags:\n%s", own.FlagUsagesWrapped(columns))
	if settings.HasFlags() {
		fmt.Fprintf(&b, "\nSettings, which the file of --config and the environment can also set (see\n"+
			"docs/configuration.md); --data, --nats and --store are short for --data-dir,\n"+
			"--nats-url and --store-url:\n%s", settings.FlagUsagesWrapped(columns))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n\"%s COMMAND --help\" describes a command.\n", cmd.CommandPath())
	}
	_, err := fmt.Fprint(cmd.OutOrStderr(), b.String())
	return err
}

// splitFlags divides flags into those of one command and the settings.
func splitFlags(flags *pflag.FlagSet) (own, settings *pflag.FlagSet) {
	own, settings = pflag.NewFlagSet("flags", pflag.ContinueOnError), pflag.NewFlagSet("settings", pflag.ContinueOnError)
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.NoOptDefVal == "true" {
			plain := *flag
			plain.Value = switchValue{flag.Value}
			flag = &plain
		}
		if _, is := flag.Annotations[settingMark]; is {
			settings.AddFlag(flag)
		} else {
			own.AddFlag(flag)
		}
	})
	return own, settings
}

// switchValue is the value of a flag that needs no argument. Help shows such a
// flag as plain --flag instead of --flag[=true|false].
type switchValue struct{ pflag.Value }

// Type names the type for which pflag shows no argument.
func (switchValue) Type() string { return "bool" }
