package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/mcpserver"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/services/indexer/web"
)

func newMCP() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Let language models read the stored articles (Model Context Protocol)",
		Long: `Serves the stored articles to a client of the Model Context Protocol, on standard input
and output, or with --listen over streamable HTTP at /mcp. The tools only read: search,
article, history, story, sources and counts.

Text of sites is marked as untrusted. If a site reserves its text (noai in robots
metadata, or tdm-reservation), the text is withheld. docs/mcp.md shows how to configure
a client.

With --http-read-token, clients of --listen must send the token. An address that other
machines can reach requires it.`,
		Example: `  dateline mcp --data-dir /var/lib/dateline
  dateline mcp --context newsroom --listen 127.0.0.1:8090`,
		Args: noArgs,
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringVar(&listen, "listen", "",
		"Serve streamable HTTP at this `address`, such as 127.0.0.1:8090, instead of standard input and output.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if err := (web.Config{Addr: listen, ReadToken: cfg.HTTP.ReadToken}).Validate(); err != nil {
			return &usageError{fmt.Errorf("--listen: %w", err)}
		}
		if cfg.remote() {
			api, err := cfg.api()
			if err != nil {
				return err
			}
			return cfg.advise(serveMCP(cmd, cfg, api, listen))
		}
		s, closeStore, err := openReads(cmd, cfg)
		if err != nil {
			return err
		}
		return errors.Join(serveMCP(cmd, cfg, mcpserver.OfStore(s), listen), closeStore())
	}
	return cmd
}

// serveMCP serves articles at an address, or on the standard streams if it is empty.
func serveMCP(cmd *cobra.Command, cfg configuration, from mcpserver.Library, listen string) error {
	log := cfg.Admin.Logger(cmd.ErrOrStderr())
	version, _ := telemetry.Build()
	server := mcpserver.New(from, version, log)
	if listen != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "serving http://%s%s\n", listen, mcpserver.Path)
		return mcpserver.ServeHTTP(cmd.Context(), server, listen, cfg.HTTP.ReadToken, log)
	}
	// The protocol is JSON. What is unsafe on a terminal is for a program here.
	return mcpserver.ServeStream(cmd.Context(), server, io.NopCloser(cmd.InOrStdin()), unescaped(cmd.OutOrStdout()))
}
