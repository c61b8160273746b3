package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/webapi"
	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// commandLine returns the actor that the audit log has for commands: no token can have this name.
func commandLine() string {
	name := "unknown user"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return "command line: " + name
}

// audited records in the audit log of a store that do was called. What cannot be recorded
// does not happen.
func audited(ctx context.Context, s store.Store, action, object string, do func() error) error {
	log := access.Of(s)
	id, err := log.Begin(ctx, commandLine(), action, object, time.Now())
	if err != nil {
		return err
	}
	return ended(ctx, log, id, do())
}

// auditedIfPossible is audited for commands that must also work if the store cannot be written
// or reached. It prints a warning then. s may be nil, and failure is why.
func auditedIfPossible(cmd *cobra.Command, s store.Store, failure error, action, object string, do func() error) error {
	var id int64
	if failure == nil {
		id, failure = access.Of(s).Begin(cmd.Context(), commandLine(), action, object, time.Now())
	}
	if failure != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "the audit log will not have this: %v\n", failure)
		return do()
	}
	return ended(cmd.Context(), access.Of(s), id, do())
}

// ended records how an action ended, and returns its error.
func ended(ctx context.Context, log *access.Access, id int64, err error) error {
	result := "done"
	if err != nil {
		result = "failed: " + err.Error()
	}
	return errors.Join(err, log.End(context.WithoutCancel(ctx), id, result))
}

// accessClient are the tokens and the audit log of a deployment, in its store or behind its
// HTTP API.
type accessClient interface {
	Tokens(ctx context.Context) ([]access.Token, error)
	Create(ctx context.Context, name string, scopes []access.Scope, expiry, now time.Time) (string, access.Token, error)
	Revoke(ctx context.Context, name string) error
	Entries(ctx context.Context, f access.EntryFilter) ([]access.Entry, error)
}

// withAccess returns a function for RunE that calls run with the tokens and the audit log of
// the deployment. record records a change; the API records changes itself.
func withAccess(load loader, run func(cmd *cobra.Command, client accessClient,
	record func(object string, do func() error) error, args []string) error) func(*cobra.Command, []string) error {
	return storeOrAPI(load, func(cmd *cobra.Command, _ configuration, api webapi.Client, args []string) error {
		return run(cmd, api, func(_ string, do func() error) error { return do() }, args)
	}, func(cmd *cobra.Command, _ configuration, s store.Store, args []string) error {
		record := func(object string, do func() error) error {
			return audited(cmd.Context(), s, "token", object, do)
		}
		return run(cmd, access.Of(s), record, args)
	})
}

// maxAudit is the maximum number of entries that one command prints.
const maxAudit = 10_000

func newAudit() *cobra.Command {
	var asJSON bool
	var since string
	filter := access.EntryFilter{}
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Print who changed or exported something",
		Long: `Prints the audit log, newest entries first: erased articles, requeued and dropped dead
letters, exports, and changes of sources, searches, subscriptions and tokens, over HTTP and
by commands that use the store. An entry is written before the action takes place, and kept for
400 days. Commands that only reach NATS, without the store, cannot be recorded.`,
		Example: `  dateline audit --action erase --since 30d
  dateline audit --actor alice --json`,
		Args: noArgs,
	}
	load := configured(cmd, quiet)
	flags := cmd.Flags()
	flags.StringVar(&filter.Actor, "actor", "", "Only what this `actor` did, such as the name of a token.")
	flags.StringVar(&filter.Action, "action", "",
		"Only this `action`: erase, requeue, drop, export, source, search, subscribe or token.")
	flags.StringVar(&since, "since", "", "Only what began at this `time` or later, such as 7d or 2026-11-01.")
	flags.IntVar(&filter.Limit, "limit", 100, fmt.Sprintf("Print at most `N` entries, 1 to %d.", maxAudit))
	flags.BoolVar(&asJSON, "json", false, "Print each entry as a line of JSON.")
	run := withAccess(load, func(cmd *cobra.Command, client accessClient, _ func(string, func() error) error,
		_ []string) error {
		entries, err := auditEntries(cmd.Context(), client, filter)
		if err != nil {
			return err
		}
		return printEntries(cmd, entries, asJSON)
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if filter.Limit < 1 || filter.Limit > maxAudit {
			return &usageError{fmt.Errorf("--limit is %d: choose 1 to %d", filter.Limit, maxAudit)}
		}
		if filter.Since, err = parseBound("since", since); err != nil {
			return err
		}
		return run(cmd, args)
	}
	return cmd
}

// auditEntries reads entries page by page.
func auditEntries(ctx context.Context, client accessClient, filter access.EntryFilter) (all []access.Entry, err error) {
	left := filter.Limit
	for left > 0 {
		filter.Limit = min(left, access.MaxEntries)
		page, err := client.Entries(ctx, filter)
		if err != nil {
			return nil, err
		}
		all, left = append(all, page...), left-len(page)
		if len(page) < filter.Limit {
			break
		}
		filter.Before = page[len(page)-1].ID
	}
	return all, nil
}

func printEntries(cmd *cobra.Command, entries []access.Entry, asJSON bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		lines := json.NewEncoder(out)
		for _, entry := range entries {
			if err := lines.Encode(entry); err != nil {
				return err
			}
		}
		return nil
	}
	if len(entries) > 0 {
		t := newTable(width(out), "time", "who", "action", "text", "result")
		for _, e := range entries {
			result := e.Result
			if result == "" {
				result = "under way or interrupted"
			}
			t.AppendRow([]any{when(out, e.Time), e.Actor, e.Action, e.Object, result})
		}
		fmt.Fprintln(out, t.Render())
	}
	_, err := fmt.Fprintln(out, plural(len(entries), "entry"))
	return err
}
