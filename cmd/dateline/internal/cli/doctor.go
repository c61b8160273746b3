package cli

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/doctor"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
)

func newDoctor() *cobra.Command {
	var asJSON bool
	var admin []string
	var web, monitor string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine a deployment, and say for each thing that is wrong what to do",
		Long: `Examines a deployment from outside and changes nothing: NATS with its streams,
consumers and permissions, what waits and who reads, dead letters, the store and
its version, what a power cut would lose, clocks, disk, secrets, and whether the
services are ready. The exit code is 0 when all is well, 1 when something was
found, 2 when the call was wrong.`,
		Example: "  dateline doctor\n  dateline doctor --nats nats://user:password@127.0.0.1:4222 --nats-monitor http://127.0.0.1:8222 \\\n    --store postgres://user:password@127.0.0.1/dateline --admin 127.0.0.1:9464,127.0.0.1:9465",
		Args:    exactArgs(0, "flags alone"),
	}
	load := configured(cmd, func(cfg *pipeline.Config) { cfg.Admin.LogLevel = "error" })
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one JSON object a line for each check.")
	cmd.Flags().StringSliceVar(&admin, "admin", nil, "Admin addresses of the services, parted by commas; admin.addr if none is given.")
	cmd.Flags().StringVar(&web, "web", "", "Address of the web page; http.addr if none is given.")
	cmd.Flags().StringVar(&monitor, "nats-monitor", "", "Address of the NATS server's monitoring, such as http://127.0.0.1:8222.")
	cmd.Flags().DurationVar(&timeout, "timeout", 5*time.Second, "Longest time for one check.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if timeout <= 0 {
			return &usageError{fmt.Errorf("--timeout is %s: it must be positive", timeout)}
		}
		if len(admin) == 0 && cfg.Admin.Addr != "" {
			admin = []string{cfg.Admin.Addr}
		}
		if web == "" {
			web = cfg.HTTP.Addr
		}
		target := doctor.Target{
			NATS: cfg.NATS, Monitor: monitor, StoreURL: cfg.StoreURL(), Admin: admin, Web: web,
			ReadToken: cfg.HTTP.ReadToken, OperateToken: cfg.HTTP.OperateToken, MinFree: cfg.Data.MinFree, Timeout: timeout,
		}
		target.NATS.URL = cfg.NATSURL()
		if cfg.NATS.URL == "" || cfg.Store.URL == "" {
			target.DataDir = cfg.Data.Dir
		}
		findings := doctor.Examine(cmd.Context(), target)
		if err := printFindings(cmd, findings, asJSON); err != nil {
			return err
		}
		if doctor.Count(findings, doctor.Problem) > 0 {
			return errPartly
		}
		return nil
	}
	return cmd
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
	t := newTable(width(out), table.Row{"", "check", "found", "what to do"})
	part := max(20, (width(out)-32)/2)
	t.SetColumnConfigs([]table.ColumnConfig{
		{Name: "found", WidthMax: part, WidthMaxEnforcer: text.WrapSoft},
		{Name: "what to do", WidthMax: part, WidthMaxEnforcer: text.WrapSoft},
	})
	for _, f := range findings {
		t.AppendRow(table.Row{string(f.Status), f.Check, f.Found, f.Advice})
	}
	_, err := fmt.Fprintf(out, "%s\n%d problems, %d checks are fine, %d were skipped\n", t.Render(),
		doctor.Count(findings, doctor.Problem), doctor.Count(findings, doctor.OK), doctor.Count(findings, doctor.Skipped))
	return err
}
