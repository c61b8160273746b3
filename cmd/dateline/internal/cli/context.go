package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/dateline-news/dateline/cmd/dateline/internal/contexts"
)

func newContext() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "context",
		Short: "List, choose or show the deployments that commands talk to",
		Long: `A context contains what commands need to reach a deployment: the NATS server with
user and credentials, the store, the web page, and the admin addresses. "dateline up"
and "make deploy" write a context, and commands use it from then on. "dateline context
import" writes one from a context of the nats command.

Flags take precedence over environment variables, then come the configuration file
(--config), the context and the defaults. A flag, variable or entry that names a
deployment (data.dir, nats.url or store.url) replaces the context as a whole, unless
--context or DATELINE_CONTEXT names a context.

Contexts are files in $XDG_CONFIG_HOME/dateline/contexts, or in
~/.config/dateline/contexts, in the form of the configuration file.`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newContextList(), newContextUse(), newContextShow(), newContextImport())
	return cmd
}

// contextLine is a context as JSON.
type contextLine struct {
	Name   string `json:"name"`
	InUse  bool   `json:"in_use"`
	Server string `json:"server,omitempty"`
	Store  string `json:"store,omitempty"`
	Web    string `json:"web,omitempty"`
}

func newContextList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "ls", Aliases: []string{"list"}, Short: "List the contexts", Args: noArgs}
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each context as a line of JSON.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		lines, err := listContexts()
		if err != nil {
			return err
		}
		return printContexts(cmd.OutOrStdout(), lines, asJSON)
	}
	return cmd
}

func listContexts() ([]contextLine, error) {
	set, err := contexts.Open()
	if err != nil {
		return nil, err
	}
	names, err := set.Names()
	if err != nil {
		return nil, err
	}
	current, err := set.Current()
	if err != nil {
		return nil, err
	}
	var lines []contextLine
	for _, name := range names {
		settings, err := set.Read(name)
		if err != nil {
			return nil, err
		}
		settings = settings.WithoutSecrets()
		line := contextLine{
			Name: name, InUse: name == current, Server: settings.Text("nats", "url"),
			Store: settings.Text("store", "url"), Web: settings.Text("client", "web"),
		}
		if folder := settings.Text("data", "dir"); folder != "" && line.Server == "" {
			line.Server = "folder " + folder
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func printContexts(out io.Writer, lines []contextLine, asJSON bool) error {
	if asJSON {
		for _, line := range lines {
			if err := json.NewEncoder(out).Encode(line); err != nil {
				return err
			}
		}
		return nil
	}
	if len(lines) > 0 {
		t := newTable(width(out), "", "name", "server", "web")
		for _, line := range lines {
			mark := ""
			if line.InUse {
				mark = "*"
			}
			t.AppendRow([]any{mark, line.Name, line.Server, line.Web})
		}
		fmt.Fprintln(out, t.Render())
	}
	advice := ""
	if len(lines) == 0 {
		advice = ": \"dateline up\", \"make deploy\" and \"dateline context import\" write one"
	}
	_, err := fmt.Fprintln(out, plural(len(lines), "context")+advice)
	return err
}

func newContextUse() *cobra.Command {
	return &cobra.Command{
		Use: "use NAME", Short: "Make commands talk to the deployment of a context",
		Args:              oneArg("the name of a context"),
		ValidArgsFunction: completeContexts,
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := contexts.Open()
			if err != nil {
				return err
			}
			if err := set.Use(args[0]); err != nil {
				return &usageError{err}
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "using context %s\n", args[0])
			return err
		},
	}
}

func newContextShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [NAME]", Short: "Print the settings of a context, by default of the one in use, without secrets",
		Args:              atMostOneArg,
		ValidArgsFunction: completeContexts,
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := contexts.Open()
			if err != nil {
				return err
			}
			name := strings.Join(args, "")
			if name == "" {
				if name, err = set.Current(); err != nil {
					return err
				}
			}
			if name == "" {
				return fmt.Errorf("no context is in use: \"dateline context ls\" lists the contexts, " +
					"\"dateline up\" writes one")
			}
			settings, err := set.Read(name)
			if err != nil {
				return &usageError{err}
			}
			text, err := yaml.Marshal(settings.WithoutSecrets())
			if err != nil {
				return fmt.Errorf("encoding the context %s: %w", name, err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "# %s: %s\n%s", name, set.Path(name), text)
			return err
		},
	}
}

// completeContexts completes the name of a context.
func completeContexts(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	set, err := contexts.Open()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, err := set.Names()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
