package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/top"
	"github.com/dateline-news/dateline/internal/loop"
)

// minInterval keeps the metrics from being requested too often.
const minInterval = 100 * time.Millisecond

func newTop() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Watch the pipeline: rates, backlogs, retries, dead letters, freshness, hosts",
		Long: `Shows the state of the pipeline from the metrics of its processes, and refreshes it
every few seconds until you press q. With --once or --json, or if the output is not a
terminal, it prints one snapshot over one interval and exits.`,
		Example: `  dateline top
  dateline top --once --interval 10s
  dateline top --client-admin 127.0.0.1:9464,127.0.0.1:9465,127.0.0.1:9466`,
		Args: noArgs,
	}
	read := addReading(cmd, "Print one snapshot as JSON.")
	cmd.Flags().BoolVar(&once, "once", false, "Print one snapshot and exit.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		how, err := read()
		if err != nil {
			return err
		}
		admin := how.cfg.adminAddrs()
		if len(admin) == 0 {
			return how.cfg.noAdmin()
		}
		if !once && !how.asJSON && isTerminal(cmd.OutOrStdout()) {
			return top.Live(cmd.Context(), admin, how.interval, cmd.InOrStdin(), unescaped(cmd.OutOrStdout()))
		}
		return printSnapshot(cmd, admin, how)
	}
	return cmd
}

func printSnapshot(cmd *cobra.Command, admin []string, how reading) error {
	before := top.Read(cmd.Context(), admin, time.Now)
	loop.Sleep(cmd.Context(), how.interval)
	snapshot := top.NewSnapshot(before, top.Read(cmd.Context(), admin, time.Now))
	var err error
	switch {
	case how.asJSON:
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(snapshot)
	case len(snapshot.Silent) == snapshot.Processes:
		return fmt.Errorf("no process of the deployment answers: %s; start the pipeline, or give other admin addresses "+
			"with --client-admin", strings.Join(snapshot.Silent, "; "))
	default:
		_, err = fmt.Fprintln(cmd.OutOrStdout(), top.Render(snapshot, "", math.MaxInt, math.MaxInt))
	}
	if len(snapshot.Silent) > 0 {
		err = errors.Join(err, errReported)
	}
	return err
}

// reading is how a command reads the state of a deployment: twice, to derive rates.
type reading struct {
	cfg      configuration
	asJSON   bool
	interval time.Duration
}

// addReading adds the settings and the flags of a reading to a command, and returns the
// function that evaluates them.
func addReading(cmd *cobra.Command, jsonUsage string) func() (reading, error) {
	var how reading
	load := configured(cmd, onlyErrors)
	cmd.Flags().BoolVar(&how.asJSON, "json", false, jsonUsage)
	cmd.Flags().DurationVar(&how.interval, "interval", 2*time.Second, "Time between two readings.")
	return func() (reading, error) {
		var err error
		if how.cfg, err = load(); err == nil && how.interval < minInterval {
			err = &usageError{fmt.Errorf("--interval is %s: it must be at least %s", how.interval, minInterval)}
		}
		return how, err
	}
}
