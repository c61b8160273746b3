package cli

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/cmd/dateline/internal/sink"
	"github.com/dateline-news/dateline/cmd/dateline/internal/webapi"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// maxCAFile is the maximum size of a file of authorities in bytes.
	maxCAFile = 1 << 20
	// sinkFirstPause and sinkLastPause are the pauses after the first and after many failures. With --once, the command
	// gives up after sinkAttempts failures in a row, about two minutes if each is immediate.
	sinkFirstPause, sinkLastPause = time.Second, time.Minute
	sinkAttempts                  = 8
)

// sinkFlags are the flags of dateline sink.
type sinkFlags struct {
	to, secretFile, caFile     string
	allowPrivate, once, reload bool
}

func newSink() *cobra.Command {
	var f sinkFlags
	cmd := &cobra.Command{
		Use:   "sink",
		Short: "Keep an index of the articles in a search engine current",
		Long: `Puts every stored article into an index of OpenSearch, or of another search engine with its
bulk protocol, and then follows the pipeline: new and changed articles are put, erased ones are
deleted. It runs until you press Ctrl-C, or with --once until the index has everything.

The search engine also stores the position reached, in an index with the suffix -cursor. The next
run continues from there. If the stream of revisions has lost later changes by then, the run loads
every article again. Only one command at a time may fill an index.

The file of --secret-file has one line: user:password, or an API key. docs/sink.md describes the
documents, the mapping of the index, and the permissions that the user needs.`,
		Example: `  dateline sink --to https://search.example.com:9200/articles --secret-file key
  dateline sink --to http://127.0.0.1:9200/articles --allow-private --once`,
		Args: noArgs,
	}
	load := configured(cmd, func(cfg *pipeline.Config) {
		level := cfg.Admin.LogLevel
		quiet(cfg)
		cfg.Admin.LogLevel = level
	})
	flags := cmd.Flags()
	flags.StringVar(&f.to, "to", "", "Fill the index with this `URL`, such as https://search.example.com:9200/articles.")
	flags.StringVar(&f.secretFile, "secret-file", "",
		"Log in with user:password, or with the API key, in this `file`. - is standard input.")
	flags.StringVar(&f.caFile, "ca-file", "",
		"Trust the authorities whose certificates (PEM) are in this `file`, instead of those of the operating system.")
	flags.BoolVar(&f.allowPrivate, "allow-private", false,
		"Allow a search engine with a private address, and http without encryption.")
	flags.BoolVar(&f.once, "once", false, "End when the index has everything. Give up after 8 failures in a row.")
	flags.BoolVar(&f.reload, "reload", false, "Load every article again.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		target, err := f.target(cmd.InOrStdin())
		if err != nil {
			return err
		}
		defer target.Close()
		return storeOrAPI(load, func(cmd *cobra.Command, cfg configuration, api webapi.Client, _ []string) error {
			// A replica of the database may lag behind: the index would keep its outdated articles.
			return f.run(cmd, cfg, target, api.Fresh())
		}, func(cmd *cobra.Command, cfg configuration, s store.Store, _ []string) error {
			return auditedIfPossible(cmd, s, nil, "export", "articles to "+target.String(), func() error {
				return f.run(cmd, cfg, target, s)
			})
		})(cmd, args)
	}
	return cmd
}

// target returns the index that the flags name.
func (f sinkFlags) target(stdin io.Reader) (*sink.OpenSearch, error) {
	if f.to == "" {
		return nil, &usageError{errors.New("name the index with --to, such as " +
			"--to https://search.example.com:9200/articles")}
	}
	config := sink.Config{To: f.to, AllowPrivate: f.allowPrivate}
	var err error
	if f.secretFile != "" {
		if config.Secret, err = readBounded(f.secretFile, "secret", maxSecretFile, stdin); err != nil {
			return nil, err
		}
	}
	if f.caFile != "" {
		authorities, err := readBounded(f.caFile, "authorities", maxCAFile, stdin)
		if err != nil {
			return nil, err
		}
		config.CA = []byte(authorities)
	}
	target, err := sink.NewOpenSearch(config)
	if err != nil {
		return nil, &usageError{err}
	}
	return target, nil
}

// run fills the index and prints a summary. If the target has refused documents, it returns errReported.
func (f sinkFlags) run(cmd *cobra.Command, cfg configuration, target sink.Target, all sink.Articles) (err error) {
	var bus *pipeline.Bus
	if f.once {
		bus, err = openBus(cmd, cfg)
	} else {
		bus, err = cfg.connect(cmd, pipeline.Attach)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bus.Close()) }()
	options := sink.Options{
		Target: target, Articles: all, JS: bus.JS, Log: cfg.Admin.Logger(cmd.ErrOrStderr()), Once: f.once, Reload: f.reload,
		Backoff: loop.Backoff{First: sinkFirstPause, Last: sinkLastPause},
	}
	if f.once {
		options.Attempts = sinkAttempts
	}
	if errs := cmd.ErrOrStderr(); isTerminal(errs) {
		bar := newCountBar(errs, "loading articles")
		options.Progress = func(articles int, last bool) { // a run does not fail because of its progress bar
			if _ = bar.Add(articles); last {
				_ = bar.Finish()
			}
		}
	}
	summary, err := sink.Run(cmd.Context(), options)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s sent, %d deleted, %d refused\n", plural(summary.Put, "article"), summary.Deleted,
		summary.Refused)
	if summary.Refused > 0 {
		return errReported
	}
	return nil
}
