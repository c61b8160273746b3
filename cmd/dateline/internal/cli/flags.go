package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/config"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// settingMark is the annotation of flags that are settings of the configuration
// rather than flags of one command.
const settingMark = "setting"

// loader returns the configuration that results from the defaults of a command,
// the file, the environment and the flags.
type loader func() (pipeline.Config, error)

// configured adds the settings to the flags of a command, and returns their
// loader. adjust, if not nil, changes the defaults for this command.
func configured(cmd *cobra.Command, adjust func(*pipeline.Config)) loader {
	cfg := pipeline.DefaultConfig()
	if adjust != nil {
		adjust(&cfg)
	}
	flags := cmd.Flags()
	flags.SetNormalizeFunc(expandShortNames)
	file := flags.String("config", "", "Read the configuration from this YAML `file`.")
	settings := config.NewLoader(flags, &cfg)
	for _, s := range config.Settings(&cfg) {
		flags.Lookup(s.Flag()).Annotations = map[string][]string{settingMark: nil}
	}
	return func() (pipeline.Config, error) {
		if err := settings.Load(*file, os.Environ()); err != nil {
			return cfg, &usageError{fmt.Errorf("loading the configuration:\n%w", err)}
		}
		return cfg, nil
	}
}

// expandShortNames lets the most common settings be given by short names.
func expandShortNames(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "data":
		name = "data-dir"
	case "nats":
		name = "nats-url"
	case "store":
		name = "store-url"
	}
	return pflag.NormalizedName(name)
}

// quiet adjusts the defaults for commands that print their results themselves: they
// log only errors and listen on no address.
func quiet(cfg *pipeline.Config) {
	cfg.Admin.LogLevel = "error"
	cfg.Admin.Addr, cfg.Data.NATSAddr, cfg.HTTP.Addr = "", "", ""
}

// onlyErrors adjusts the defaults for commands that examine a running deployment:
// they log only errors, and keep the default addresses.
func onlyErrors(cfg *pipeline.Config) { cfg.Admin.LogLevel = "error" }

// openBus opens the bus of a configuration, with a log on standard error.
func openBus(cmd *cobra.Command, cfg pipeline.Config) (*pipeline.Bus, error) {
	return pipeline.OpenBus(cmd.Context(), cfg, cfg.Admin.Logger(cmd.ErrOrStderr()))
}

// withStore returns a function for RunE that calls run with the configured store.
func withStore(load loader, run func(context.Context, *cobra.Command, library.Store, []string) error) func(
	*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		s, err := store.Open(cmd.Context(), cfg.StoreURL())
		if err != nil {
			return err
		}
		return errors.Join(run(cmd.Context(), cmd, s, args), s.Close())
	}
}
