package cli

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func newErase() *cobra.Command {
	var confirmed, asJSON bool
	cmd := &cobra.Command{
		Use:   "erase ID|URL",
		Short: "Erase an article permanently",
		Long: `Removes an article with its revisions, index entries, pages, records on streams
and dead letters, and leaves a tombstone so that neither the article nor its text,
under another URL of the site, is stored again. The tombstone and the ledger keep
its URLs. This cannot be undone.

When the command ends, no file of the data folder contains the article any more.
For this, it rewrites the file of the store, which takes two to three minutes for each
gigabyte and up to 2.2 times the space of the file. Nothing is stored meanwhile.
PostgreSQL instead overwrites erased rows when it needs their space. Backups and
exports are not changed.`,
		Args: oneArg(idOrURL),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&confirmed, "yes", false, "Erase. Without this flag, only print what would be erased.")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print what was erased as JSON.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return onStore(cmd, load, func(cfg configuration, s store.Store) error {
			if !confirmed {
				return previewErasure(cmd, s, args[0])
			}
			return audited(cmd.Context(), s, "erase", args[0], func() error { return erase(cmd, cfg, s, args[0], asJSON) })
		})
	}
	return cmd
}

func previewErasure(cmd *cobra.Command, s library.Store, idOrURL string) error {
	hit, err := s.Article(cmd.Context(), library.Name(idOrURL))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n%s\n%s would be erased permanently; add --yes to erase\n",
		escape.Line(hit.Article.GetTitle()), escape.Line(hit.Article.GetCanonicalUrl()), plural(hit.Revisions, "revision"))
	return err
}

func erase(cmd *cobra.Command, cfg configuration, s library.Store, idOrURL string, asJSON bool) (err error) {
	bus, err := openBus(cmd, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bus.Close()) }()
	archive, err := cfg.Archive()
	if err != nil {
		return err
	}
	defer archive.Close()
	erased, err := library.New(s, bus.JS).WithArchive(archive).Erase(cmd.Context(), idOrURL)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(cmd.ErrOrStderr(), "overwriting what the article has left in the store …"); err != nil {
		return err
	}
	if _, err := s.Overwrite(cmd.Context()); err != nil {
		return fmt.Errorf("article %s was erased, but the store may still contain its text: %w", erased.ID, err)
	}
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(erased)
	}
	for _, stream := range erased.TrimmedIn {
		_, err := fmt.Fprintf(cmd.ErrOrStderr(), "stream %s dropped messages about the article before; its file may "+
			"contain them until the stages have processed the next 8 MiB and the stream drops those, too\n", stream)
		if err != nil {
			return err
		}
	}
	if erased.CapturesLeft > 0 {
		_, err := fmt.Fprintf(cmd.ErrOrStderr(), "the archive still has %s: the archiver overwrites them within seconds, or "+
			"when it is started\n", plural(erased.CapturesLeft, "erased record"))
		if err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "erased %s: %s, %s, %s on streams, %s, %s\n", erased.ID,
		plural(erased.Revisions, "revision"), plural(erased.Pages, "page"), plural(erased.Records, "record"),
		plural(erased.Captures, "capture"), plural(erased.DeadLetters, "dead letter"))
	return err
}
