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
		Short: "Ingest a made-up newsroom on this machine, without the internet",
		Long: `Serves a small made-up newsroom on loopback (a few dozen articles of five
papers in ten languages, and the trouble that real sites make), ingests it, and
leaves a folder of searchable articles. Some of its URLs are meant to fail: the
second table says why each did.`,
		Args: cobra.NoArgs,
	}
	load := configured(cmd, func(cfg *pipeline.Config) {
		quiet(cfg)
		cfg.Data.Dir = "dateline-demo"
		cfg.Fetcher.AllowPrivate = true
		cfg.Fetcher.Delay, cfg.Fetcher.DelayFactor = 20*time.Millisecond, 0
		cfg.Fetcher.MaxAttempts, cfg.Fetcher.RetryDelay = 2, 200*time.Millisecond
	})
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one JSON object a line for each URL, as it ends.")
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
		report := newReport(cmd.OutOrStdout(), cmd.ErrOrStderr(), asJSON)
		if err := ingest(cmd.Context(), cfg, demoItems(room.URLs()), false, nil, report, cmd); err != nil {
			return err
		}
		// Some URLs fail by design, so that is no failure of the demo.
		if err := report.finish(); err != nil && !errors.Is(err, errPartly) {
			return err
		}
		if !asJSON {
			fmt.Fprintf(cmd.OutOrStdout(), demoFarewell, cfg.Data.Dir, os.Args[0])
		}
		return nil
	}
	return cmd
}

const demoFarewell = `
Now look at what was stored:
  %[2]s search --data %[1]s ferry
  %[2]s search --data %[1]s '"night train"'
  %[2]s show --data %[1]s ID            (an id from the table)
  %[2]s explain --data %[1]s URL        (why a URL ended as it did)
  %[2]s up --data %[1]s                 (then open http://127.0.0.1:8080)
`

// demoMark is a file that only a demo's data folder has.
const demoMark = "demo"

// clearDemo removes the folder of an earlier demo, and nothing else.
func clearDemo(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		if _, err := os.Stat(filepath.Join(dir, demoMark)); err != nil {
			return fmt.Errorf("the folder %s is not that of an earlier demo: choose another with --data", dir)
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

func demoItems(urls []string) func(yield func(item, error) bool) {
	return func(yield func(item, error) bool) {
		for _, url := range urls {
			if !yield(item{url: url}, nil) {
				return
			}
		}
	}
}
