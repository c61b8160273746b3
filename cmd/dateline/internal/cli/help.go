package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dateline-news/dateline/internal/config"
)

// newHelp returns the command that prints the help of another one.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Print the help of a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			named, rest, err := cmd.Root().Find(args)
			if err == nil && len(rest) > 0 && named.HasSubCommands() {
				err = noSuchCommand(named, rest)
			}
			if err != nil {
				return err
			}
			return named.Help()
		},
	}
}

// printUsage prints the usage of a command with its own flags. "dateline settings"
// describes the settings of the configuration, which many commands share.
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
		fmt.Fprintf(&b, "\nGlobal settings, such as %s: dateline settings\n", someSettings(settings))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n\"%s COMMAND --help\" describes a command.\n", cmd.CommandPath())
	}
	_, err := fmt.Fprint(cmd.OutOrStderr(), b.String())
	return err
}

// someSettings names the settings that choose a deployment, of those that a command has.
func someSettings(settings *pflag.FlagSet) string {
	var names []string
	for _, name := range []string{"context", "data-dir", "nats-url", "store-url"} {
		if settings.Lookup(name) != nil {
			names = append(names, "--"+name)
		}
	}
	return strings.Join(names, ", ")
}

// newSettings returns the command that describes the settings of the configuration.
func newSettings() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "settings [WORD]",
		Short: "Describe the settings that commands share, or those whose name contains a word",
		Long: `Describes the settings of the configuration. Each is a flag of every command that can
use it, an environment variable, and an entry in the file of --config, which is YAML:
--nats-url is DATELINE_NATS_URL and nats.url.

Flags take precedence over environment variables, then come the file, the context and
the defaults.`,
		Args: atMostOneArg,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		like := &cobra.Command{}
		configured(like, nil)
		_, all := splitFlags(like.Flags())
		chosen := pflag.NewFlagSet("settings", pflag.ContinueOnError)
		all.VisitAll(func(flag *pflag.Flag) {
			if strings.Contains(flag.Name, strings.Join(args, "")) {
				chosen.AddFlag(flag)
			}
		})
		if !chosen.HasFlags() {
			return &usageError{fmt.Errorf("no setting contains %q: \"dateline settings\" lists all", args[0])}
		}
		_, err := fmt.Fprint(cmd.OutOrStdout(), chosen.FlagUsagesWrapped(width(cmd.OutOrStdout())))
		return err
	}
	return cmd
}

// splitFlags divides flags into those of one command and the settings.
func splitFlags(flags *pflag.FlagSet) (own, settings *pflag.FlagSet) {
	own, settings = pflag.NewFlagSet("flags", pflag.ContinueOnError), pflag.NewFlagSet("settings", pflag.ContinueOnError)
	flags.VisitAll(func(flag *pflag.Flag) {
		flag = readable(flag)
		if _, is := flag.Annotations[settingMark]; is {
			settings.AddFlag(flag)
		} else {
			own.AddFlag(flag)
		}
	})
	return own, settings
}

// readable returns a flag as help shows it.
func readable(flag *pflag.Flag) *pflag.Flag {
	shown := *flag
	switch flag.Name {
	case "help":
		shown.Usage = "Print this help."
	case "version":
		shown.Usage = "Print the version with commit and date."
	}
	if flag.NoOptDefVal == "true" {
		shown.Value = switchValue{flag.Value}
	}
	switch flag.Value.Type() {
	case "int":
		shown.Value = typedValue{flag.Value, "number"}
	case "duration":
		if d, err := time.ParseDuration(flag.DefValue); err == nil {
			shown.DefValue = config.FormatDuration(d)
		}
	case "stringToString":
		shown.DefValue = "" // pflag would show an empty map as "[]"
	}
	return &shown
}

// typedValue is the value of a flag whose type help names differently.
type typedValue struct {
	pflag.Value
	name string
}

func (v typedValue) Type() string { return v.name }

// switchValue is the value of a flag that needs no argument. Help shows such a
// flag as plain --flag instead of --flag[=true|false].
type switchValue struct{ pflag.Value }

// Type names the type for which pflag shows no argument.
func (switchValue) Type() string { return "bool" }
