package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/cmd/dateline/internal/top"
)

func newTop() *cobra.Command {
	var asJSON bool
	var admin []string
	var interval time.Duration
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Watch the pipeline: rates, what waits, retries, dead letters, freshness, hosts",
		Long: `Shows how the pipeline runs, from the metrics of its processes, anew every few
seconds until q is pressed. Where the output is no terminal, or with --json, it
prints one snapshot, of one interval, and ends.`,
		Example: "  dateline top\n  dateline top --admin 127.0.0.1:9464,127.0.0.1:9465,127.0.0.1:9466",
		Args:    exactArgs(0, "flags alone"),
	}
	load := configured(cmd, func(cfg *pipeline.Config) { cfg.Admin.LogLevel = "error" })
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one snapshot as JSON.")
	cmd.Flags().StringSliceVar(&admin, "admin", nil, "Admin addresses of the processes, parted by commas; admin.addr if none is given.")
	cmd.Flags().DurationVar(&interval, "interval", 2*time.Second, "Time between two looks.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if interval < 100*time.Millisecond {
			return &usageError{fmt.Errorf("--interval is %s: it must be at least 100ms", interval)}
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
	wait, cancel := context.WithTimeout(cmd.Context(), interval)
	<-wait.Done()
	cancel()
	snapshot := top.NewSnapshot(before, top.Read(cmd.Context(), admin, time.Now))
	var err error
	if asJSON {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(snapshot)
	} else {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), top.Render(snapshot, 1000, 1000))
	}
	if len(snapshot.Silent) > 0 {
		err = errors.Join(err, errPartly)
	}
	return err
}
