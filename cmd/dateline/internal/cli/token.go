package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/indexer/access"
)

func newToken() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Create, list and revoke tokens for the web page and the API",
		Long: `Manages tokens that allow requests to the web page and the API, besides the two of the
settings. A token has a name, which the audit log shows, scopes, and may expire. Only its digest is
stored. The scope read allows reading, subscribe also managing subscriptions and saved
searches, and operate every change.`,
		Example: `  dateline token create alice --scope operate --days 90
  dateline token ls
  dateline token revoke alice`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokenCreate(), newTokenList(), newTokenRevoke())
	return cmd
}

func newTokenCreate() *cobra.Command {
	var scopes []string
	var days int
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Create a token and print it",
		Long:    "Creates a token and prints it. It cannot be printed again.",
		Example: `  dateline token create feed-reader --scope read --days 365`,
		Args:    oneArg("the name of the token"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringSliceVar(&scopes, "scope", []string{string(access.Read)},
		"What it allows: read, subscribe or operate.")
	cmd.Flags().IntVar(&days, "days", 90, "The token expires after this `number` of days. 0 means never.")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print the token with its description as JSON.")
	create := withAccess(load, func(cmd *cobra.Command, client accessClient, record func(string, func() error) error,
		args []string) error {
		now, all := time.Now(), make([]access.Scope, len(scopes))
		for i, scope := range scopes {
			all[i] = access.Scope(scope)
		}
		var expiry time.Time
		if days > 0 {
			expiry = now.AddDate(0, 0, days)
		}
		var text string
		var token access.Token
		err := record("create "+args[0]+" with "+strings.Join(scopes, ", "), func() (err error) {
			text, token, err = client.Create(cmd.Context(), args[0], all, expiry, now)
			return err
		})
		if err != nil {
			return err
		}
		if asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
				access.Token
				Text string `json:"token"`
			}{token, text})
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
		return err
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if days < 0 || days > 3650 {
			return &usageError{fmt.Errorf("--days is %d: choose 0 to 3650", days)}
		}
		return create(cmd, args)
	}
	return cmd
}

func newTokenList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "ls", Short: "List the tokens, without their texts", Args: noArgs}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each token as a line of JSON.")
	cmd.RunE = withAccess(load, func(cmd *cobra.Command, client accessClient, _ func(string, func() error) error,
		_ []string) error {
		tokens, err := client.Tokens(cmd.Context())
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		if asJSON {
			lines := json.NewEncoder(out)
			for _, token := range tokens {
				if err := lines.Encode(token); err != nil {
					return err
				}
			}
			return nil
		}
		t := newTable(width(out), "name", "scopes", "created", "expires", "last used")
		for _, token := range tokens {
			expires, used := "never", "never"
			if !token.ExpiryTime.IsZero() {
				expires = when(out, token.ExpiryTime)
			}
			if token.Expired(time.Now()) {
				expires += " (expired)"
			}
			if !token.UseTime.IsZero() {
				used = when(out, token.UseTime)
			}
			names := make([]string, len(token.Scopes))
			for i, scope := range token.Scopes {
				names[i] = string(scope)
			}
			t.AppendRow([]any{token.Name, strings.Join(names, ", "), when(out, token.AddTime), expires, used})
		}
		if len(tokens) > 0 {
			fmt.Fprintln(out, t.Render())
		}
		_, err = fmt.Fprintln(out, plural(len(tokens), "token"))
		return err
	})
	return cmd
}

func newTokenRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke NAME",
		Short: "Revoke a token",
		Long:  "Deletes a token. Running servers stop accepting it within ten seconds.",
		Args:  oneArg("the name of one token, as \"dateline token ls\" shows it"),
	}
	load := configured(cmd, quiet)
	cmd.RunE = withAccess(load, func(cmd *cobra.Command, client accessClient, record func(string, func() error) error,
		args []string) error {
		err := record("revoke "+args[0], func() error { return client.Revoke(cmd.Context(), args[0]) })
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "revoked %s\n", args[0])
		return err
	})
	return cmd
}
