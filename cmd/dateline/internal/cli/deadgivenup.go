package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/webapi"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// givenUpPage is the number of deliveries that are read at once.
const givenUpPage = 500

// splitNumbers returns the ids of the deliveries among numbers of dead letters, and the other numbers.
func splitNumbers(all []string) (ids []int64, numbers []string) {
	for _, one := range all {
		if id, ok := subscriptions.ParseNumber(one); ok {
			ids = append(ids, id)
		} else {
			numbers = append(numbers, one)
		}
	}
	return ids, numbers
}

// givenUpStore are the deliveries that were given up, in the store of a deployment or behind its HTTP API. Its methods
// are described at subscriptions.Subscriptions.
type givenUpStore interface {
	GivenUp(ctx context.Context, after int64, limit int) ([]subscriptions.GivenUp, error)
	FindGivenUp(ctx context.Context, id int64) (subscriptions.GivenUp, error)
	RequeueGivenUp(ctx context.Context, id int64, now time.Time) error
	DropGivenUp(ctx context.Context, id int64, now time.Time) error
}

// changeDelivery changes a delivery that was given up.
type changeDelivery = func(givenUpStore, context.Context, int64, time.Time) error

// givenUp are the deliveries of a deployment that were given up.
type givenUp struct {
	givenUpStore
	// record records a change in the audit log. The HTTP API does that itself.
	record func(action, object string, change func() error) error
}

// withGivenUp calls do with the deliveries of the deployment that were given up.
func withGivenUp(cmd *cobra.Command, load loader, do func(givenUp) error) error {
	return storeOrAPI(load, func(_ *cobra.Command, _ configuration, api webapi.Client, _ []string) error {
		return do(givenUp{api.Subscriptions(), func(_, _ string, change func() error) error { return change() }})
	}, func(cmd *cobra.Command, _ configuration, s store.Store, _ []string) error {
		return do(givenUp{subscriptions.Of(s), func(action, object string, change func() error) error {
			return audited(cmd.Context(), s, action, object, change)
		}})
	})(cmd, nil)
}

// printGivenUpCount prints how many deliveries were given up. It prints nothing if none was, or if this machine has no
// store.
func printGivenUpCount(cmd *cobra.Command, load loader) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	s, err := openStore(cmd, cfg)
	if _, absent := errors.AsType[*noStoreError](err); absent {
		return nil // dead letters are listed without a store, too
	}
	if err != nil {
		return fmt.Errorf("counting deliveries that were given up: %w", err)
	}
	n, err := subscriptions.Of(s).CountGivenUp(cmd.Context())
	if err == nil && n > 0 {
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s to subscriptions given up: dateline dead list --stage notify\n",
			plural(int(n), "delivery"))
	}
	return errors.Join(err, s.Close())
}

// listGivenUp lists deliveries that were given up, after one with a number.
func listGivenUp(cmd *cobra.Command, load loader, after string, limit int, asJSON bool) error {
	from, ok := subscriptions.ParseNumber(cmp.Or(after, "n0"))
	if !ok {
		return &usageError{fmt.Errorf("%q is not the number of a delivery, such as n17", after)}
	}
	return withGivenUp(cmd, load, func(all givenUp) error {
		page, err := all.GivenUp(cmd.Context(), from, limit)
		if err != nil {
			return err
		}
		if err := printGivenUp(cmd, page, asJSON); err != nil || len(page) < limit {
			return err
		}
		_, err = fmt.Fprintf(cmd.ErrOrStderr(), "more may follow: repeat the command with --after %s\n",
			page[len(page)-1].Number)
		return err
	})
}

func printGivenUp(cmd *cobra.Command, page []subscriptions.GivenUp, asJSON bool) error {
	out := cmd.OutOrStdout()
	t := newTable(width(out), "number", "time", "subscription", "attempts", "status", "message", "details")
	for _, one := range page {
		if asJSON {
			if err := json.NewEncoder(out).Encode(one); err != nil {
				return err
			}
			continue
		}
		t.AppendRow([]any{
			one.Number, when(out, one.EndTime), one.Subscription, one.Attempts, one.Status, one.MessageID(), one.Detail,
		})
	}
	if asJSON {
		return nil
	}
	if len(page) > 0 {
		fmt.Fprintln(out, t.Render())
	}
	_, err := fmt.Fprintln(out, plural(len(page), "delivery"))
	return err
}

func showGivenUp(cmd *cobra.Command, load loader, id int64) error {
	return withGivenUp(cmd, load, func(all givenUp) error {
		one, err := all.FindGivenUp(cmd.Context(), id)
		if err != nil {
			return err
		}
		lines := json.NewEncoder(cmd.OutOrStdout())
		lines.SetIndent("", "  ")
		return lines.Encode(one)
	})
}

// changeGivenUp changes the deliveries with ids, which the arguments contain.
func changeGivenUp(
	cmd *cobra.Command, load loader, name string, args []string, ids []int64, change changeDelivery,
) error {
	return withGivenUp(cmd, load, func(all givenUp) error {
		object := "dead letters " + strings.Join(args, ", ")
		return all.record(name, object, func() error {
			for _, id := range ids {
				if err := change(all.givenUpStore, cmd.Context(), id, time.Now()); err != nil {
					return err
				}
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", name, plural(len(ids), "delivery"))
			return err
		})
	})
}

// changeAllGivenUp changes all deliveries that were given up when it was called.
func changeAllGivenUp(cmd *cobra.Command, load loader, name string, change changeDelivery) error {
	return withGivenUp(cmd, load, func(all givenUp) error {
		return all.record(name, "all deliveries that were given up", func() error {
			count := 0
			for after := int64(0); ; {
				page, err := all.GivenUp(cmd.Context(), after, givenUpPage)
				if err != nil {
					return err
				}
				for _, one := range page {
					err := change(all.givenUpStore, cmd.Context(), one.ID, time.Now())
					if err != nil && !errors.Is(err, subscriptions.ErrNotFound) { // another has changed it
						return err
					}
					after, count = one.ID, count+1
				}
				if len(page) < givenUpPage {
					break
				}
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", name, plural(count, "delivery"))
			return err
		})
	})
}
