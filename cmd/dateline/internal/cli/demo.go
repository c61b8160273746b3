package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/newsroom"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
)

func newDemo() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Ingest made-up newspapers on this machine, without internet access",
		Long: `Serves five made-up newspapers on loopback (a few dozen articles in ten languages,
and the faults that real sites have), ingests them, and leaves a folder of searchable
articles. Some of the URLs fail on purpose: the second table shows why.`,
		Args: noArgs,
	}
	load := configured(cmd, func(cfg *pipeline.Config) {
		quiet(cfg)
		cfg.Data.Dir = "dateline-demo"
		cfg.Fetcher.AllowPrivate = true
		cfg.Fetcher.Delay, cfg.Fetcher.DelayFactor = 20*time.Millisecond, 0
		cfg.Fetcher.MaxAttempts, cfg.Fetcher.RetryDelay = 2, 200*time.Millisecond
	})
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each URL as a line of JSON as soon as it has ended.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if err := clearDemo(cfg.Data.Dir); err != nil {
			return err
		}
		room, err := newsroom.Start(cmd.Context())
		if err != nil {
			return err
		}
		defer room.Close()
		i := ingestion{
			inputs: readInputs(room.URLs(), cmd.InOrStdin()),
			report: newReport(cmd.OutOrStdout(), cmd.ErrOrStderr(), asJSON),
		}
		if err := i.run(cmd, cfg); err != nil {
			return err
		}
		// URLs that fail on purpose do not fail the demo.
		if err := i.report.finish(); err != nil && !errors.Is(err, errReported) {
			return err
		}
		if !asJSON {
			fmt.Fprintf(cmd.OutOrStdout(), nextSteps, cfg.Data.Dir, os.Args[0])
		}
		return nil
	}
	return cmd
}

const nextSteps = `
Now look at what was stored:
  %[2]s search --data %[1]s ferry
  %[2]s search --data %[1]s '"night train"'
  %[2]s show --data %[1]s ID            (an id from the table)
  %[2]s explain --data %[1]s URL        (why a URL ended as it did)
  %[2]s up --data %[1]s                 (then open http://127.0.0.1:8080)
`

// demoMark is a file that marks a data folder as that of a demo.
const demoMark = "demo"

// clearDemo empties the folder of an earlier demo. It refuses any other folder.
func clearDemo(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		if _, err := os.Stat(filepath.Join(dir, demoMark)); err != nil {
			return fmt.Errorf("the folder %s does not belong to an earlier demo: choose another with --data", dir)
		}
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing the earlier demo: %w", err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating the demo's folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, demoMark), nil, 0o600); err != nil {
		return fmt.Errorf("marking the demo's folder: %w", err)
	}
	return nil
}
