package cli

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/doctor"
)

// doctorFlags are the flags of dateline doctor.
type doctorFlags struct {
	timeout time.Duration
	asJSON  bool
}

func newDoctor() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check a deployment, and say how to fix each problem",
		Long: `Checks a deployment from outside, without changing anything: NATS with its streams,
consumers and permissions, backlogs and their readers, dead letters, lost inputs, the
store and its version, durability, clocks, disk, secrets, and whether the services are
ready. If the archive is in a bucket, a small object is written to it and deleted again.
The exit code is 0 if there are no problems, 1 if there are some, and 2 if the
command line is invalid.`,
		Example: `  dateline doctor
  dateline doctor --nats-url nats://user:password@127.0.0.1:4222 --client-nats-monitor http://127.0.0.1:8222 \
    --store-url postgres://user:password@127.0.0.1/dateline --client-admin 127.0.0.1:9464,127.0.0.1:9465`,
		Args: noArgs,
	}
	load := configured(cmd, onlyErrors)
	flags := cmd.Flags()
	flags.BoolVar(&f.asJSON, "json", false, "Print each check as a line of JSON.")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Second, "Maximum time for one check.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if f.timeout <= 0 {
			return &usageError{fmt.Errorf("--timeout is %s: it must be positive", f.timeout)}
		}
		target := f.target(cfg)
		if target.Archive, err = cfg.Archive(); err != nil {
			return err
		}
		defer target.Archive.Close()
		findings := doctor.Examine(cmd.Context(), target)
		if err := printFindings(cmd, findings, f.asJSON); err != nil {
			return err
		}
		if doctor.Count(findings, doctor.Problem) > 0 {
			return errReported
		}
		return nil
	}
	return cmd
}

// target returns the deployment that the flags and the configuration describe.
func (f doctorFlags) target(cfg configuration) doctor.Target {
	target := doctor.Target{
		NATS: cfg.NATS, Monitor: cfg.Client.NATSMonitor, Admin: cfg.adminAddrs(), Web: cfg.webAddr(),
		ReadToken: cfg.HTTP.ReadToken, OperateToken: cfg.HTTP.OperateToken,
		MinFree: cfg.Data.MinFree, Timeout: f.timeout,
	}
	target.NATS.URL = cfg.NATSURL()
	if cfg.stored {
		target.StoreURL, target.Replica = cfg.StoreURL(), cfg.Store.Replica()
	}
	if cfg.NATS.URL == "" || cfg.stored && cfg.Store.URL == "" {
		target.DataDir = cfg.Data.Dir
	}
	return target
}

func printFindings(cmd *cobra.Command, findings []doctor.Finding, asJSON bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		lines := json.NewEncoder(out)
		for _, f := range findings {
			if err := lines.Encode(f); err != nil {
				return err
			}
		}
		return nil
	}
	t := newTable(width(out), "", "check", "finding", "what to do")
	for _, f := range findings {
		t.AppendRow(table.Row{string(f.Status), f.Check, f.Found, f.Advice})
	}
	_, err := fmt.Fprintf(out, "%s\n%s, %s passed, %d skipped\n", t.Render(),
		plural(doctor.Count(findings, doctor.Problem), "problem"),
		plural(doctor.Count(findings, doctor.OK), "check"), doctor.Count(findings, doctor.Skipped))
	return err
}
