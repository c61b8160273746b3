package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// sourcesPage is the number of sources read at once.
	sourcesPage = 500
	// maxHours is the longest period to count: five weeks, as in the HTTP API.
	maxHours = 35 * 24
)

func newSources() *cobra.Command {
	var asJSON, silent bool
	var hours int
	cmd := &cobra.Command{
		Use:   "sources [HOST]",
		Short: "List sources: new articles against the usual number, which are silent, and why",
		Long: `Lists the hosts that articles came from, with the number of new articles in the
last hours and the usual number for these hours of the week. A source is silent if
it has published nothing new for longer than chance explains. The cause of a silence
is derived from its outcomes: blocked, robots, unreachable, gone, drifted,
duplicates, waiting or nothing_published.`,
		Example: `  dateline sources --silent
  dateline sources example.com --json`,
		Args: atMostOneArg,
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each source as a line of JSON.")
	cmd.Flags().BoolVar(&silent, "silent", false, "List only silent sources.")
	cmd.Flags().IntVar(&hours, "hours", 24, fmt.Sprintf("Count the articles of this many `hours`, 1 to %d.", maxHours))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if hours < 1 || hours > maxHours {
			return &usageError{fmt.Errorf("--hours is %d: choose 1 to %d", hours, maxHours)}
		}
		bus, err := openBus(cmd, cfg)
		if err != nil {
			return err
		}
		articles, err := store.Open(cmd.Context(), cfg.StoreURL())
		if err != nil {
			return errors.Join(err, bus.Close())
		}
		now := time.Now()
		query := store.SourceQuery{
			Since: now.Add(-time.Duration(hours) * time.Hour), At: now,
			Host: strings.Join(args, ""), Silent: silent, Limit: sourcesPage,
		}
		err = listSources(cmd, library.New(articles, bus.JS), query, asJSON)
		return errors.Join(err, articles.Close(), bus.Close())
	}
	return cmd
}

func listSources(cmd *cobra.Command, l *library.Library, query store.SourceQuery, asJSON bool) error {
	out := cmd.OutOrStdout()
	t := newTable(width(out), "host", "state", "new", "usual", "articles", "last new", "details")
	lines := json.NewEncoder(out)
	count := 0
	for source, err := range allSources(cmd, l, query) {
		if err != nil {
			return err
		}
		count++
		if asJSON {
			if err := lines.Encode(newSourceLine(source)); err != nil {
				return err
			}
		} else if count <= maxRows {
			t.AppendRow(sourceRow(source))
		}
	}
	if asJSON {
		return nil
	}
	if count > 0 {
		fmt.Fprintln(out, t.Render())
	}
	more := ""
	if count > maxRows {
		more = fmt.Sprintf("; the first %d are shown, --json lists all", maxRows)
	}
	_, err := fmt.Fprintf(out, "%s%s\n", plural(count, "source"), more)
	return err
}

// allSources yields the sources that match a query, page by page. It ends after
// yielding an error.
func allSources(
	cmd *cobra.Command, l *library.Library, query store.SourceQuery,
) iter.Seq2[library.SourceHealth, error] {
	return func(yield func(library.SourceHealth, error) bool) {
		for {
			page, err := l.SourcesHealth(cmd.Context(), query)
			if err != nil {
				yield(library.SourceHealth{}, err)
				return
			}
			for _, source := range page {
				// Inputs that are not URLs have outcomes without a host.
				if source.Host != "" && !yield(source, nil) {
					return
				}
			}
			if len(page) < query.Limit || query.Host != "" {
				return
			}
			query.After = page[len(page)-1].Host
		}
	}
}

// sourceLine is a source as JSON.
type sourceLine struct {
	Host     string     `json:"host"`
	Articles int64      `json:"articles"`
	LastNew  *time.Time `json:"last_new,omitempty"`
	library.Health
}

func newSourceLine(source library.SourceHealth) sourceLine {
	line := sourceLine{Host: source.Host, Articles: source.Articles, Health: source.Health}
	if !source.LastNew.IsZero() {
		line.LastNew = &source.LastNew
	}
	return line
}

func sourceRow(source library.SourceHealth) table.Row {
	usual, last, details := "", "", source.Evidence
	if source.Expected != nil {
		usual = fmt.Sprintf("%.1f", *source.Expected)
	}
	if !source.LastNew.IsZero() {
		last = source.LastNew.UTC().Format("2006-01-02 15:04")
	}
	if source.Cause != "" {
		details = string(source.Cause) + ": " + details
	}
	return table.Row{source.Host, source.State, source.New, usual, source.Articles, last, details}
}
