package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// sourcesPage is how many sources are read at once.
const sourcesPage = 500

func newSources() *cobra.Command {
	var asJSON, silent bool
	var hours int
	cmd := &cobra.Command{
		Use:   "sources [HOST]",
		Short: "List the sources: what came against what is usual, which are silent and why",
		Long: `Lists the hosts that articles came from, with the new articles of the last hours
beside what is usual in these hours of the week. A source that has brought
nothing new for longer than chance explains is silent, and what speaks for the
cause is said: blocked, robots, unreachable, gone, drifted, duplicates, waiting
or nothing_published.`,
		Example: "  dateline sources --silent\n  dateline sources example.com --json",
		Args:    cobra.MaximumNArgs(1),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one JSON object a line for each source.")
	cmd.Flags().BoolVar(&silent, "silent", false, "List only sources that are silent.")
	cmd.Flags().IntVar(&hours, "hours", 24, "How many hours back articles are counted.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if hours < 1 || hours > 840 {
			return &usageError{fmt.Errorf("--hours is %d: choose 1 to 840", hours)}
		}
		bus, err := pipeline.OpenBus(cmd.Context(), cfg, cfg.Admin.Logger(cmd.ErrOrStderr()))
		if err != nil {
			return err
		}
		articles, err := store.Open(cmd.Context(), cfg.StoreURL())
		if err != nil {
			return errors.Join(err, bus.Close())
		}
		now := time.Now()
		query := store.SourceQuery{Since: now.Add(-time.Duration(hours) * time.Hour), At: now, Host: strings.Join(args, ""), Silent: silent, Limit: sourcesPage}
		err = listSources(cmd, library.New(articles, bus.JS), query, asJSON)
		return errors.Join(err, articles.Close(), bus.Close())
	}
	return cmd
}

// sourceLine is a source as JSON.
type sourceLine struct {
	Host     string     `json:"host"`
	Articles int64      `json:"articles"`
	LastNew  *time.Time `json:"last_new,omitempty"`
	library.Health
}

func listSources(cmd *cobra.Command, l *library.Library, query store.SourceQuery, asJSON bool) error {
	out := cmd.OutOrStdout()
	t := newTable(width(out), table.Row{"host", "state", "new", "usual", "articles", "last new", "what happened"})
	lines := json.NewEncoder(out)
	count := 0
	for {
		page, err := l.SourcesHealth(cmd.Context(), query)
		if err != nil {
			return err
		}
		for _, one := range page {
			if one.Host == "" {
				continue // outcomes of what was no URL
			}
			count++
			if asJSON {
				line := sourceLine{Host: one.Host, Articles: one.Articles, Health: one.Health}
				if !one.LastNew.IsZero() {
					line.LastNew = &one.LastNew
				}
				if err := lines.Encode(line); err != nil {
					return err
				}
				continue
			}
			if count <= maxRows {
				t.AppendRow(sourceColumns(one))
			}
		}
		if len(page) < query.Limit || query.Host != "" {
			break
		}
		query.After = page[len(page)-1].Host
	}
	if asJSON {
		return nil
	}
	if count > 0 {
		fmt.Fprintln(out, t.Render())
	}
	more := ""
	if count > maxRows {
		more = fmt.Sprintf("; %d are shown, --json lists all", maxRows)
	}
	_, err := fmt.Fprintf(out, "%d sources%s\n", count, more)
	return err
}

func sourceColumns(one library.SourceHealth) table.Row {
	usual, last, why := "", "", one.Evidence
	if one.Expected != nil {
		usual = fmt.Sprintf("%.1f", *one.Expected)
	}
	if !one.LastNew.IsZero() {
		last = one.LastNew.UTC().Format("2006-01-02 15:04")
	}
	if one.Cause != "" {
		why = string(one.Cause) + ": " + why
	}
	return table.Row{one.Host, one.State, one.New, usual, one.Articles, last, why}
}
