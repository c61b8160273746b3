package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// reindexFlags are the flags of dateline reindex.
type reindexFlags struct {
	onlyCheck, all, asJSON bool
}

func newReindex() *cobra.Command {
	var f reindexFlags
	cmd := &cobra.Command{
		Use:   "reindex",
		Short: "Build the index of words again",
		Long: `Derives the words of each article from its record again, newest articles first, and
corrects the index by which searches find articles: it adds what is missing, replaces what
differs, and removes entries that have no article. Run it if searches do not find what is
stored. With --check, only counts.

The command can run while the pipeline works. It stores a hundred articles at a time, and
pauses for as long as that took. After an interruption, run it again.

With --all, builds the whole index again, such as when reading it fails. In SQLite, searches
do not find the articles that are not indexed yet meanwhile. PostgreSQL builds a second
index beside the one that searches use, which takes as much space.`,
		Example: `  dateline reindex --check
  dateline reindex
  dateline reindex --all`,
		Args: noArgs,
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&f.onlyCheck, "check", false,
		"Change nothing, and exit with code 1 if the index is not as it should be.")
	cmd.Flags().BoolVar(&f.all, "all", false, "Build the whole index again instead of correcting it.")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "Print the result as JSON.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if f.onlyCheck && f.all {
			return &usageError{errors.New("--check and --all exclude each other: --check changes nothing")}
		}
		return onStore(cmd, load, func(_ configuration, s store.Store) error {
			if f.onlyCheck {
				return f.run(cmd, s)
			}
			object := "what differs"
			if f.all {
				object = "everything"
			}
			return audited(cmd.Context(), s, "reindex", object, func() error { return f.run(cmd, s) })
		})
	}
	return cmd
}

// reindexed is the result of dateline reindex as JSON.
type reindexed struct {
	Articles   int `json:"articles"`
	Wrong      int `json:"wrong"`
	Extra      int `json:"extra"`
	Unreadable int `json:"unreadable"`
	// Corrected reports whether the index was written.
	Corrected bool `json:"corrected"`
}

func (f reindexFlags) run(cmd *cobra.Command, s store.Store) error {
	ctx, errs := cmd.Context(), cmd.ErrOrStderr()
	size, err := s.Size(ctx)
	if err != nil {
		return err
	}
	var bar *progressbar.ProgressBar
	if isTerminal(errs) {
		bar = newProgressBar(errs, "indexing articles")
		bar.ChangeMax64(max(1, size.Articles))
		defer func() { _ = bar.Finish() }() // a run does not fail because of its progress bar
	}
	if f.all {
		if err := s.EmptyIndex(ctx); err != nil {
			return err
		}
	}
	total := reindexed{Corrected: !f.onlyCheck}
	err = f.eachBatch(ctx, s, func(r store.Reindexed) {
		total.Articles += r.Articles
		total.Wrong += r.Wrong
		total.Extra += r.Extra
		total.Unreadable += len(r.Unreadable)
		for _, u := range r.Unreadable {
			fmt.Fprintf(errs, "article %s is not indexed: %s\n", escape.Line(u.ID), escape.Line(u.Err.Error()))
		}
		if bar != nil {
			_ = bar.Add(r.Articles)
		}
	})
	if err == nil && f.all {
		err = s.FinishIndex(ctx)
	}
	if err != nil {
		return err
	}
	return f.print(cmd, total)
}

// eachBatch calls add with the result for each batch of articles.
func (f reindexFlags) eachBatch(ctx context.Context, s store.Store, add func(store.Reindexed)) error {
	for before := int64(store.NewestRow); ; {
		result, err := s.Reindex(ctx, before, !f.onlyCheck)
		if err != nil {
			return err
		}
		add(result)
		if !result.More {
			return nil
		}
		before = result.Before
		if !loop.Sleep(ctx, result.Took) {
			return ctx.Err()
		}
	}
}

// print prints the result. It returns errReported if the index is not as it should be, or an
// article could not be indexed.
func (f reindexFlags) print(cmd *cobra.Command, total reindexed) error {
	out := cmd.OutOrStdout()
	if f.asJSON {
		if err := json.NewEncoder(out).Encode(total); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(out, "%s compared with the index: %s\n", plural(total.Articles, "article"), total.findings())
	}
	if total.Unreadable > 0 || f.onlyCheck && total.Wrong+total.Extra > 0 {
		return errReported
	}
	return nil
}

// findings describes what was wrong with the index.
func (r reindexed) findings() string {
	found := fmt.Sprintf("%d missing or different, %s without an article", r.Wrong, plural(r.Extra, "entry"))
	switch {
	case r.Wrong+r.Extra == 0:
		return "nothing to correct"
	case r.Corrected:
		return found + "; corrected"
	}
	return found + `; "dateline reindex" corrects this`
}
