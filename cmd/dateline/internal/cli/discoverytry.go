package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/discoverer/trial"
)

func newSourcesTry() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "try URL",
		Short: "Show which endpoints and articles would be found on a site, without storing anything",
		Long: `Fetches the home page and robots.txt of a site, and then the feeds, sitemaps and
pages of links that they name, with at most 30 requests and the usual pause between
them. Nothing is stored. If a context reaches its deployment only over HTTP, the
discoverer and the fetcher there make the requests, which needs the operate token.
Otherwise this command makes them, and no running pipeline is needed.`,
		Args: oneArg("the URL of one site"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each endpoint as a line of JSON.")
	apply := policyFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		source, err := newSource(args[0], nil)
		if err != nil {
			return err
		}
		if err := apply(&source.Policy); err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		report := func(e trial.Endpoint) {
			if asJSON {
				_ = json.NewEncoder(out).Encode(e)
				return
			}
			printTrial(out, e)
		}
		if cfg.remote() {
			api, err := cfg.api()
			if err != nil {
				return err
			}
			return cfg.advise(api.Try(cmd.Context(), trial.Request{URL: source.URL, Policy: source.Policy}, report))
		}
		return discoverer.Try(cmd.Context(), source, cfg.Discoverer, politeGet(cfg.Fetcher), report)
	}
	return cmd
}

// maxPreview is the number of articles that are shown for each endpoint.
const maxPreview = 5

func printTrial(w io.Writer, t trial.Endpoint) {
	if t.Error != "" {
		fmt.Fprintf(w, "%s %s: %s\n", t.Purpose, t.URL, escape.Line(t.Error))
		return
	}
	leftOut := ""
	if t.LeftOut > 0 {
		leftOut = fmt.Sprintf(", %d left out", t.LeftOut)
	}
	fmt.Fprintf(w, "%s %s: %s listed, %d new%s\n", t.Purpose, t.URL, plural(t.Listed, "article"), t.New, leftOut)
	for _, a := range t.Articles[:min(len(t.Articles), maxPreview)] {
		date := "          "
		if !a.Published.IsZero() {
			date = a.Published.Format(time.DateOnly)
		}
		fmt.Fprintf(w, "  %s  %s  %s\n", date, a.URL, escape.Line(a.Title))
	}
}
