package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/contexts"
)

func newContextImport() *cobra.Command {
	var as, web, token, storeURL string
	var force bool
	cmd := &cobra.Command{
		Use:   "import [NAME|FILE]",
		Short: "Write a context with the server and user of a context of the nats command",
		Long: `Reads a context of the nats command, by its name or file, or the selected one, and
writes a context with its server, user, password or token, credentials, NKey and TLS
files. The flags add what the nats command does not know. Later changes of the NATS
context are not followed: import it again with --force.`,
		Example: `  dateline context import
  dateline context import production --client-web https://news.example.com --http-read-token TOKEN`,
		Args: atMostOneArg,
	}
	flags := cmd.Flags()
	flags.StringVar(&as, "as", "", "Name of the `context` to write. Empty means the name of the NATS context.")
	flags.StringVar(&web, "client-web", "", "Address of the deployment's web page and API, as a `URL`.")
	flags.StringVar(&token, "http-read-token", "", "Send this `token` to the web page and API.")
	flags.StringVar(&storeURL, "store-url", "", "`URL` of the store, if this machine can reach it.")
	flags.BoolVar(&force, "force", false, "Replace the context of the same name.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name, settings, err := contexts.FromNATS(strings.Join(args, ""))
		if err != nil {
			return &usageError{err}
		}
		if as != "" {
			name = as
		}
		for _, given := range []struct{ section, name, value string }{
			{"client", "web", web}, {"http", "read-token", token}, {"store", "url", storeURL},
		} {
			if given.value != "" {
				settings[given.section] = map[string]any{given.name: given.value}
			}
		}
		set, err := contexts.Open()
		if err != nil {
			return err
		}
		names, err := set.Names()
		if err != nil {
			return err
		}
		if slices.Contains(names, name) && !force {
			return &usageError{fmt.Errorf(
				"there is a context %s already: replace it with --force, or choose another name with --as", name)}
		}
		if err := set.Write(name, "Written by \"dateline context import\".", settings); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "using context %s\n", name)
		return err
	}
	return cmd
}
