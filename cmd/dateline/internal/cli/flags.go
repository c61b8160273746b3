package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dateline-news/dateline/cmd/dateline/internal/contexts"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/cmd/dateline/internal/webapi"
	"github.com/dateline-news/dateline/internal/config"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// settingMark is the annotation of flags that are settings of the configuration
// rather than flags of one command.
const settingMark = "setting"

// configuration is a loaded configuration, and where it comes from.
type configuration struct {
	pipeline.Config
	// context is the name of the context in use. It is empty if the command line, the
	// environment or the configuration file chooses the deployment, or if nothing does.
	context string
	// chosen reports whether the data folder was set, rather than left at its default.
	chosen bool
	// stored reports whether the configuration tells where the store is.
	stored bool
}

// loader returns the configuration that results from the defaults of a command,
// the context, the file, the environment and the flags.
type loader func() (configuration, error)

// contextEnv names the context in the environment.
const contextEnv = config.EnvPrefix + "CONTEXT"

// configured adds the settings to the flags of a command that talks to a deployment, and
// returns their loader. adjust, if not nil, changes the defaults for this command.
func configured(cmd *cobra.Command, adjust func(*pipeline.Config)) loader {
	cfg, settings, file := addSettings(cmd, func(cfg *pipeline.Config) {
		cfg.NATS.Wait = clientWait
		if adjust != nil {
			adjust(cfg)
		}
	})
	name := addContext(cmd, os.Getenv(contextEnv),
		"Talk to the deployment of this `context`; \"dateline context ls\" lists them.")
	return func() (configuration, error) {
		loaded, err := loadConfiguration(cfg, settings, *file)
		if err != nil {
			return loaded, err
		}
		chosen := *name
		if chosen == "" && !settings.Given("data.dir", "nats.url", "store.url") {
			chosen, err = currentContext()
		}
		if err != nil || chosen == "" {
			return loaded, err
		}
		return loadContext(cfg, settings, chosen, *file)
	}
}

// standalone adds the settings to the flags of a command that runs a deployment itself or
// needs none, and returns their loader.
func standalone(cmd *cobra.Command, adjust func(*pipeline.Config)) loader {
	cfg, settings, file := addSettings(cmd, adjust)
	return func() (configuration, error) { return loadConfiguration(cfg, settings, *file) }
}

// standaloneOrContext is like standalone, but the command can also talk to the deployment
// of a context that the user names.
func standaloneOrContext(cmd *cobra.Command, adjust func(*pipeline.Config)) loader {
	cfg, settings, file := addSettings(cmd, adjust)
	name := addContext(cmd, "", "Publish web archives to the deployment of this `context`.")
	return func() (configuration, error) {
		if *name != "" {
			return loadContext(cfg, settings, *name, *file)
		}
		return loadConfiguration(cfg, settings, *file)
	}
}

// clientWait is how long commands wait for the server of a deployment. It is short
// because commands, unlike services, do not start together with the server.
const clientWait = 3 * time.Second

func addSettings(cmd *cobra.Command, adjust func(*pipeline.Config)) (*pipeline.Config, *config.Loader, *string) {
	cfg := pipeline.DefaultConfig()
	if adjust != nil {
		adjust(&cfg)
	}
	flags := cmd.Flags()
	flags.SetNormalizeFunc(expandShortNames)
	file := flags.String("config", "", "Read the configuration from this YAML `file`.")
	settings := config.NewLoader(flags, &cfg)
	for _, s := range settings.Settings() {
		markSetting(flags, s.Flag())
	}
	markSetting(flags, "config")
	return &cfg, settings, file
}

// addContext adds the flag --context to a command.
func addContext(cmd *cobra.Command, value, usage string) *string {
	name := cmd.Flags().String("context", value, usage)
	markSetting(cmd.Flags(), "context")
	return name
}

func markSetting(flags *pflag.FlagSet, name string) {
	flags.Lookup(name).Annotations = map[string][]string{settingMark: nil}
}

func loadConfiguration(cfg *pipeline.Config, settings *config.Loader, files ...string) (configuration, error) {
	if err := settings.Load(os.Environ(), files...); err != nil {
		return configuration{Config: *cfg}, &usageError{fmt.Errorf("loading the configuration:\n%w", err)}
	}
	return configuration{Config: *cfg, chosen: settings.Given("data.dir"), stored: true}, nil
}

// loadContext loads the configuration with a context.
func loadContext(cfg *pipeline.Config, settings *config.Loader, name, file string) (configuration, error) {
	set, err := contexts.Open()
	if err == nil {
		err = set.Check(name)
	}
	if err != nil {
		return configuration{Config: *cfg}, &usageError{err}
	}
	loaded, err := loadConfiguration(cfg, settings, set.Path(name), file)
	loaded.context, loaded.stored = name, settings.Given("store.url", "data.dir")
	return loaded, err
}

// currentContext returns the name of the context in use, or "" if no context is in use or
// the user has no home folder.
func currentContext() (string, error) {
	set, err := contexts.Open()
	if err != nil {
		return "", nil //nolint:nilerr // there is no folder for contexts
	}
	return set.Current()
}

// expandShortNames lets the most common settings be given by short names.
func expandShortNames(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "data":
		name = "data-dir"
	case "archive":
		name = "archiver-dir"
	case "nats":
		name = "nats-url"
	case "store":
		name = "store-url"
	case "admin", "web", "nats-monitor":
		name = "client-" + name
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

// openBus connects to the deployment. If none runs, it opens the data folder itself until
// the bus is closed, but not if a context is used: a context always means a running
// deployment.
func openBus(cmd *cobra.Command, cfg configuration) (*pipeline.Bus, error) {
	open := pipeline.OpenBus
	if cfg.context != "" {
		open = pipeline.Attach
	}
	return cfg.connect(cmd, open)
}

// connect opens the bus with a log on standard error. If the server refuses something, it
// cancels the command's context with a refusal. Otherwise, the command would wait for a
// response.
func (c configuration) connect(
	cmd *cobra.Command,
	open func(context.Context, pipeline.Config, *slog.Logger, ...nats.Option) (*pipeline.Bus, error),
) (*pipeline.Bus, error) {
	ctx, refuse := context.WithCancelCause(cmd.Context())
	cmd.SetContext(ctx)
	log := c.Admin.Logger(cmd.ErrOrStderr())
	bus, err := open(ctx, c.Config, log, nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		if errors.Is(err, nats.ErrPermissionViolation) {
			refuse(&refusal{err, c.context})
			return
		}
		log.Warn("NATS reported an error", "error", err)
	}))
	if err != nil {
		refuse(nil)
		return nil, c.advise(err)
	}
	return bus, nil
}

// adminAddrs returns the admin addresses of the deployment's processes. It returns none
// if the context in use names none, because this machine may not be able to reach them.
func (c configuration) adminAddrs() []string {
	if len(c.Client.Admin) == 0 && c.context == "" && c.Admin.Addr != "" {
		return []string{c.Admin.Addr}
	}
	return c.Client.Admin
}

// webAddr returns the address of the deployment's web page, or "".
func (c configuration) webAddr() string {
	if c.Client.Web == "" && c.context == "" {
		return c.HTTP.Addr
	}
	return c.Client.Web
}

// noAdmin is the error of commands that need admin addresses.
func (c configuration) noAdmin() error {
	return fmt.Errorf("the context %s has no admin addresses that this machine can reach: run the command where they "+
		"are (docker compose run --rm dateline), or give them with --client-admin", c.context)
}

// advise adds to an error what the user can do about it.
func (c configuration) advise(err error) error {
	if err == nil {
		return nil
	}
	missing := errors.Is(err, pipeline.ErrNotRunning) || errors.Is(err, pipeline.ErrNoFolder)
	switch {
	case c.context != "" && missing:
		return fmt.Errorf("the pipeline of the context %s has ended: start it again with \"dateline up --data-dir %s\", "+
			"choose another context with --context, or give --data-dir to work on a folder without a pipeline",
			c.context, c.Data.Dir)
	case c.context != "" && c.NATS.URL == "":
		return fmt.Errorf("context %s: %w; if its pipeline has ended, start it again with \"dateline up --data-dir %s\", "+
			"or choose another context with --context", c.context, err, c.Data.Dir)
	case c.context != "":
		return fmt.Errorf("context %s: %w, or choose another context with --context", c.context, err)
	case missing:
		return fmt.Errorf("%w: start one with \"dateline up --data-dir %s\", or choose a deployment with --context or "+
			"--nats-url", err, c.Data.Dir)
	}
	return err
}

// refusal means that the NATS server does not let the user do something.
type refusal struct {
	error
	context string
}

func (r *refusal) Error() string {
	advice := "give the address of a user who may with --nats-url"
	if r.context != "" {
		advice = "choose a context of a user who may with --context, such as " + r.context + "-operator"
	}
	return fmt.Sprintf("the NATS server refuses this user: %v; %s", r.error, advice)
}

// remote reports whether this machine reaches the deployment's web page, but not its store.
func (c configuration) remote() bool { return !c.stored && c.Client.Web != "" }

// noStoreError means that this machine has no store, unlike one that is unavailable.
type noStoreError struct{ error }

// openStore opens the store of the deployment. The error is a *noStoreError if this machine has none.
func openStore(cmd *cobra.Command, cfg configuration) (store.Store, error) {
	if !cfg.stored {
		return nil, &noStoreError{fmt.Errorf("the context %s has no store that this machine can reach: run the command "+
			"where the store is (docker compose run --rm dateline), or give its address with --store-url, or that of the web "+
			"page with --client-web", cfg.context)}
	}
	if store.Folder(cfg.StoreURL()) != "" {
		// Opening the file would create it.
		info, err := os.Stat(strings.TrimPrefix(cfg.StoreURL(), "sqlite:"))
		if err != nil || !info.Mode().IsRegular() {
			return nil, &noStoreError{fmt.Errorf("there is no store at %s: \"dateline ingest\" and \"dateline up\" create one; "+
				"name its folder with --data-dir, its address with --store-url, or a deployment with --context", cfg.StoreName())}
		}
	}
	return store.Open(cmd.Context(), cfg.StoreURL())
}

// onStore opens the store of the deployment while do runs.
func onStore(cmd *cobra.Command, load loader, do func(configuration, store.Store) error) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	s, err := openStore(cmd, cfg)
	if err != nil {
		return err
	}
	return errors.Join(do(cfg, s), s.Close())
}

// articles are the articles of a deployment, in its store or behind its HTTP API.
type articles interface {
	Article(ctx context.Context, idOrURL string) (store.Hit, error)
	Revisions(ctx context.Context, id string) ([]store.Revision, error)
	Search(ctx context.Context, query store.Query) (store.Page, error)
	Story(ctx context.Context, id string) ([]store.StoryMember, error)
}

// withArticles returns a function for RunE that calls run with the articles of the
// deployment. If this machine cannot reach the store, they come from the HTTP API.
func withArticles(load loader, run func(context.Context, *cobra.Command, articles, []string) error) func(
	*cobra.Command, []string) error {
	return readsOrAPI(load, openReads, func(cmd *cobra.Command, _ configuration, api webapi.Client, args []string) error {
		return run(cmd.Context(), cmd, api, args)
	}, func(cmd *cobra.Command, _ configuration, s store.Store, args []string) error {
		return run(cmd.Context(), cmd, s, args)
	})
}

// storeOrAPI returns a function for RunE that calls local with the store of the deployment or, if this machine
// cannot reach the store, remote with its HTTP API.
func storeOrAPI(load loader, remote func(*cobra.Command, configuration, webapi.Client, []string) error,
	local func(*cobra.Command, configuration, store.Store, []string) error) func(*cobra.Command, []string) error {
	open := func(cmd *cobra.Command, cfg configuration) (store.Store, func() error, error) {
		s, err := openStore(cmd, cfg)
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	}
	return readsOrAPI(load, open, remote, local)
}

// readsOrAPI is like storeOrAPI, but opens the store with a function.
func readsOrAPI(load loader, open func(*cobra.Command, configuration) (store.Store, func() error, error),
	remote func(*cobra.Command, configuration, webapi.Client, []string) error,
	local func(*cobra.Command, configuration, store.Store, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if cfg.remote() {
			api, err := cfg.api()
			if err != nil {
				return err
			}
			return cfg.advise(remote(cmd, cfg, api, args))
		}
		s, closeStore, err := open(cmd, cfg)
		if err != nil {
			return err
		}
		return errors.Join(local(cmd, cfg, s, args), closeStore())
	}
}
