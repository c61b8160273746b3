package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
)

func newUp() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run the whole pipeline as a service",
		Long: `Runs every stage in this process until it receives SIGINT or SIGTERM. It starts an
embedded NATS server on loopback and an embedded store; --nats and --store use
external ones instead. The articles are at http://127.0.0.1:8080.`,
		Example: `  dateline up
  nats pub urls https://example.com/news/a`,
		Args: noArgs,
	}
	load := configured(cmd, nil)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		log := cfg.Admin.Logger(cmd.ErrOrStderr())
		p, err := pipeline.Open(cmd.Context(), cfg, log)
		if err != nil {
			return err
		}
		log.Info("ready", "nats", p.Bus.URL(), "store", cfg.StoreName(), "admin", cfg.Admin.Addr, "web", cfg.HTTP.Addr)
		err = p.Run(cmd.Context())
		log.Info("stopped")
		return errors.Join(err, p.Close())
	}
	return cmd
}
