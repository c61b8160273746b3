package cli

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func newErase() *cobra.Command {
	var confirmed, asJSON bool
	cmd := &cobra.Command{
		Use:   "erase ID|URL",
		Short: "Erase an article permanently",
		Long: `Removes an article with its revisions, index entries, pages, records on streams
and dead letters, and leaves a tombstone so that the article is not stored again.
The tombstone and the ledger keep its URLs. This cannot be undone.`,
		Args: oneArg(idOrURL),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&confirmed, "yes", false, "Erase. Without this flag, only print what would be erased.")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print what was erased as JSON.")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		cfg, err := load()
		if err != nil {
			return err
		}
		s, err := store.Open(cmd.Context(), cfg.StoreURL())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		if !confirmed {
			return previewErasure(cmd, s, args[0])
		}
		return erase(cmd, cfg, s, args[0], asJSON)
	}
	return cmd
}

func previewErasure(cmd *cobra.Command, s library.Store, idOrURL string) error {
	hit, err := s.Article(cmd.Context(), library.Name(idOrURL))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n%s\n%s would be erased permanently; add --yes to erase\n",
		hit.Article.GetTitle(), hit.Article.GetCanonicalUrl(), plural(hit.Revisions, "revision"))
	return err
}

func erase(cmd *cobra.Command, cfg pipeline.Config, s library.Store, idOrURL string, asJSON bool) (err error) {
	bus, err := openBus(cmd, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bus.Close()) }()
	erased, err := library.New(s, bus.JS).Erase(cmd.Context(), idOrURL)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(erased)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "erased %s: %s, %s, %s on streams, %s\n", erased.ID,
		plural(erased.Revisions, "revision"), plural(erased.Pages, "page"), plural(erased.Records, "record"),
		plural(erased.DeadLetters, "dead letter"))
	return err
}
