package cli

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/contexts"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// upContext is the default name of the context that up writes.
const upContext = "local"

func newUp() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run the whole pipeline as a service",
		Long: `Runs every stage in this process until it receives SIGINT or SIGTERM. It starts an
embedded NATS server on loopback and an embedded store; --nats-url and --store-url use
external ones instead. The articles are at http://127.0.0.1:8080. It writes the context
"local", so that other commands talk to this pipeline. The file nats.url in the data
folder contains the server's address with user and password.`,
		Example: `  dateline up
  dateline up --archive dateline-data/archive
  dateline up --archive s3://news/pages --s3-endpoint https://s3.example.com
  dateline publish https://example.com/news/a
  NATS_URL="$(cat dateline-data/nats.url)" nats pub urls https://example.com/news/b`,
		Args: noArgs,
	}
	load := standalone(cmd, func(cfg *pipeline.Config) { cfg.Fetcher.CaptureExchanges = true })
	name := addContext(cmd, upContext, "Name of the `context` to write. Empty writes none.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		log := cfg.Admin.Logger(cmd.ErrOrStderr())
		p, err := pipeline.Open(cmd.Context(), cfg.Config, log)
		if err != nil {
			return err
		}
		if cfg.Archiver.Dir == "" && p.Bus.Embedded() {
			waiting, err := topology.DropArchive(cmd.Context(), p.Bus.JS)
			if err != nil {
				return errors.Join(err, p.Close())
			}
			if waiting > 0 {
				log.Warn("pages of an earlier run are not archived, because there is no --archive", "pages", waiting)
			}
		}
		// Without a server for other processes, nothing could use the context.
		if *name != "" && (cfg.NATS.URL != "" || cfg.Data.NATSAddr != "") {
			if err := writeContext(*name, cfg.Config); err != nil {
				// The pipeline works without a context.
				log.Warn("writing the context failed", "error", err)
			} else {
				log.Info("context written", "context", *name)
			}
		}
		log.Info("ready", "nats", p.Bus.URL(), "store", cfg.StoreName(), "admin", cfg.Admin.Addr, "web", cfg.HTTP.Addr)
		err = p.Run(cmd.Context())
		log.Info("stopped")
		return errors.Join(err, p.Close())
	}
	return cmd
}

// writeContext writes the context of a pipeline. Commands find the address of an embedded
// server in the data folder while the pipeline runs.
func writeContext(name string, cfg pipeline.Config) error {
	set, err := contexts.Open()
	if err != nil {
		return err
	}
	settings := contexts.Settings{}
	put := func(section, name string, value any) {
		if text, is := value.(string); is && text == "" {
			return
		}
		if settings[section] == nil {
			settings[section] = map[string]any{}
		}
		settings[section][name] = value
	}
	if cfg.Data.Dir != "" {
		dir, err := filepath.Abs(cfg.Data.Dir)
		if err != nil {
			return fmt.Errorf("resolving the data folder: %w", err)
		}
		put("data", "dir", dir)
	}
	if files.IsBucket(cfg.Archiver.Dir) {
		put("archiver", "dir", cfg.Archiver.Dir)
		for name, value := range map[string]string{
			"endpoint": cfg.S3.Endpoint, "region": cfg.S3.Region, "access-key": cfg.S3.AccessKey, "secret-key": cfg.S3.SecretKey,
		} {
			put("s3", name, value)
		}
		for name, file := range map[string]string{"credentials": cfg.S3.Credentials, "ca": cfg.S3.CA} {
			if file == "" {
				continue
			}
			path, err := filepath.Abs(file)
			if err != nil {
				return fmt.Errorf("resolving s3.%s: %w", name, err)
			}
			put("s3", name, path)
		}
		if cfg.S3.PathStyle {
			put("s3", "path-style", true)
		}
	} else if cfg.Archiver.Dir != "" {
		dir, err := filepath.Abs(cfg.Archiver.Dir)
		if err != nil {
			return fmt.Errorf("resolving the folder of the archive: %w", err)
		}
		put("archiver", "dir", dir)
	}
	put("nats", "url", cfg.NATS.URL)
	encryption := map[string]string{}
	for file, value := range map[string]string{
		"credentials": cfg.NATS.Credentials, "nkey": cfg.NATS.Nkey,
		"tls.ca": cfg.NATS.TLS.CA, "tls.certificate": cfg.NATS.TLS.Certificate, "tls.key": cfg.NATS.TLS.Key,
	} {
		if value == "" {
			continue
		}
		path, err := filepath.Abs(value)
		if err != nil {
			return fmt.Errorf("resolving nats.%s: %w", file, err)
		}
		if name, is := strings.CutPrefix(file, "tls."); is {
			encryption[name] = path
		} else {
			put("nats", file, path)
		}
	}
	if len(encryption) > 0 {
		put("nats", "tls", encryption)
	}
	address := cfg.Store.URL
	if address != "" && store.Folder(address) != "" {
		path, err := filepath.Abs(strings.TrimPrefix(address, "sqlite:"))
		if err != nil {
			return fmt.Errorf("resolving store.url: %w", err)
		}
		address = "sqlite:" + path
	}
	put("store", "url", address)
	put("http", "read-token", cfg.HTTP.ReadToken)
	put("http", "operate-token", cfg.HTTP.OperateToken)
	if cfg.Admin.Addr != "" {
		put("client", "admin", []string{reachable(cfg.Admin.Addr)})
	}
	if cfg.HTTP.Addr != "" {
		put("client", "web", "http://"+reachable(cfg.HTTP.Addr))
	}
	return set.Write(name, "Written by \"dateline up\".", settings)
}

// reachable returns an address at which this machine reaches a server that listens on
// addr.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if strings.Contains(addr, "::") {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port)
}
