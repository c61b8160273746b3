package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/webapi"
	"github.com/dateline-news/dateline/services/discoverer/sources"
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
duplicates, waiting, nothing_published, endpoints_gone or feed_frozen.

Its commands manage the sites whose new articles a running pipeline finds by itself.`,
		Example: `  dateline sources --silent
  dateline sources example.com --json
  dateline sources try https://example.com
  dateline sources add https://example.com --label project=harbour`,
		Args: atMostOneArg,
	}
	cmd.AddCommand(newSourcesAdd(), newSourcesTry(), newSourcesList(), newSourcesShow(), newSourcesRemove(),
		newSourcesState("pause", "Stop polling a source until it is resumed", sources.Paused),
		newSourcesState("resume", "Poll a paused source again", sources.Active), newSourcesImport(), newSourcesExport(),
		newSourcesSet(), newSourcesBackfill())
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
		host := strings.Join(args, "")
		if cfg.remote() {
			return cfg.advise(listSources(cmd.OutOrStdout(), remoteSources(cmd.Context(), cfg, hours, host, silent), asJSON))
		}
		bus, err := openBus(cmd, cfg)
		if err != nil {
			return err
		}
		articles, closeStore, err := openReads(cmd, cfg)
		if err != nil {
			return errors.Join(err, bus.Close())
		}
		now := time.Now()
		query := store.SourceQuery{
			Since: now.Add(-time.Duration(hours) * time.Hour), At: now,
			Host: host, Silent: silent, Limit: sourcesPage,
		}
		err = listSources(cmd.OutOrStdout(), allSources(cmd, library.New(articles, bus.JS), query), asJSON)
		return errors.Join(err, closeStore(), bus.Close())
	}
	return cmd
}

func listSources(out io.Writer, all iter.Seq2[sourceLine, error], asJSON bool) error {
	t := newTable(width(out), "host", "state", "new", "usual", "articles", "last new", "details")
	lines := json.NewEncoder(out)
	count := 0
	for source, err := range all {
		if err != nil {
			return err
		}
		count++
		if asJSON {
			if err := lines.Encode(source); err != nil {
				return err
			}
		} else if count <= maxRows {
			t.AppendRow(sourceRow(out, source))
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
) iter.Seq2[sourceLine, error] {
	return func(yield func(sourceLine, error) bool) {
		for {
			page, err := l.SourcesHealth(cmd.Context(), query)
			if err != nil {
				yield(sourceLine{}, err)
				return
			}
			for _, source := range page {
				// Inputs that are not URLs have outcomes without a host.
				if source.Host != "" && !yield(newSourceLine(source), nil) {
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

// remoteSources yields the sources of a deployment from its HTTP API, like allSources.
func remoteSources(
	ctx context.Context, cfg configuration, hours int, host string, silent bool,
) iter.Seq2[sourceLine, error] {
	return func(yield func(sourceLine, error) bool) {
		api, err := cfg.api()
		for after := ""; err == nil; {
			var page []sourceLine
			if page, err = sourcesOfAPI(ctx, api, hours, host, silent, after); err != nil {
				break
			}
			for _, source := range page {
				if source.Host != "" && !yield(source, nil) {
					return
				}
			}
			if len(page) < sourcesPage {
				return
			}
			after = page[len(page)-1].Host
		}
		yield(sourceLine{}, err)
	}
}

// sourcesOfAPI returns a page of sources, or only the one of a host.
func sourcesOfAPI(
	ctx context.Context, api webapi.Client, hours int, host string, silent bool, after string,
) ([]sourceLine, error) {
	query := url.Values{"hours": {strconv.Itoa(hours)}}
	if host != "" {
		var one sourceLine
		err := api.Get(ctx, "/sources/"+url.PathEscape(host)+"?"+query.Encode(), &one)
		if errors.Is(err, webapi.ErrNotFound) || err == nil && silent && one.SilentSince == nil {
			return nil, nil
		}
		return []sourceLine{one}, err
	}
	query.Set("limit", strconv.Itoa(sourcesPage))
	query.Set("silent", strconv.FormatBool(silent))
	query.Set("after", after)
	var page []sourceLine
	err := api.Get(ctx, "/sources?"+query.Encode(), &page)
	return page, err
}

// sourceLine is a source as JSON, in the form of the HTTP API.
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

func sourceRow(out io.Writer, source sourceLine) table.Row {
	usual, last, details := "", "", source.Evidence
	if source.Expected != nil {
		usual = fmt.Sprintf("%.1f", *source.Expected)
	}
	if source.LastNew != nil {
		last = when(out, *source.LastNew)
	}
	if source.Cause != "" {
		details = string(source.Cause) + ": " + details
	}
	return table.Row{source.Host, source.State, source.New, usual, source.Articles, last, details}
}
