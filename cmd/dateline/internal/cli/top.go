package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/top"
	"github.com/dateline-news/dateline/internal/loop"
)

// minInterval keeps the metrics from being requested too often.
const minInterval = 100 * time.Millisecond

func newTop() *cobra.Command {
	var asJSON bool
	var admin []string
	var interval time.Duration
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Watch the pipeline: rates, backlogs, retries, dead letters, freshness, hosts",
		Long: `Shows the state of the pipeline from the metrics of its processes, and refreshes it
every few seconds until you press q. If the output is not a terminal, or with --json,
it prints one snapshot over one interval and exits.`,
		Example: `  dateline top
  dateline top --admin 127.0.0.1:9464,127.0.0.1:9465,127.0.0.1:9466`,
		Args: noArgs,
	}
	load := configured(cmd, onlyErrors)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one snapshot as JSON.")
	cmd.Flags().StringSliceVar(&admin, "admin", nil,
		"Admin `addresses` of the processes, separated by commas. The default is admin.addr.")
	cmd.Flags().DurationVar(&interval, "interval", 2*time.Second, "Time between two readings of the metrics.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if interval < minInterval {
			return &usageError{fmt.Errorf("--interval is %s: it must be at least %s", interval, minInterval)}
		}
		if len(admin) == 0 {
			admin = []string{cfg.Admin.Addr}
		}
		if !asJSON && isTerminal(cmd.OutOrStdout()) {
			return top.Live(cmd.Context(), admin, interval, cmd.InOrStdin(), cmd.OutOrStdout())
		}
		return printSnapshot(cmd, admin, interval, asJSON)
	}
	return cmd
}

func printSnapshot(cmd *cobra.Command, admin []string, interval time.Duration, asJSON bool) error {
	before := top.Read(cmd.Context(), admin, time.Now)
	loop.Sleep(cmd.Context(), interval)
	snapshot := top.NewSnapshot(before, top.Read(cmd.Context(), admin, time.Now))
	var err error
	if asJSON {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(snapshot)
	} else {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), top.Render(snapshot, math.MaxInt, math.MaxInt))
	}
	if len(snapshot.Silent) > 0 {
		err = errors.Join(err, errReported)
	}
	return err
}
