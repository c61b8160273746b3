package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func newArchive() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "List the captures in the archive, export their index, or stop archiving",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newArchiveList(), newArchiveCDXJ(), newArchiveStop())
	return cmd
}

// captureFlags are the flags that select captures.
type captureFlags struct{ host, since, url string }

func (f *captureFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.host, "host", "", "Only captures of this `host` and its subdomains.")
	cmd.Flags().StringVar(&f.since, "since", "",
		"Only captures from this `time` on: a day, a time in RFC 3339, or how long ago, such as 7d.")
	cmd.Flags().StringVar(&f.url, "url", "", "Only captures of this `URL`.")
}

func (f *captureFlags) filter() (captures.Filter, error) {
	since, err := parseBound("since", f.since)
	return captures.Filter{Host: f.host, URL: f.url, Since: since}, err
}

// withCaptures returns a function for RunE that calls run with the index of the archive.
func withCaptures(
	load loader, flags *captureFlags,
	run func(context.Context, *cobra.Command, *captures.Index, captures.Filter) error,
) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		filter, err := flags.filter()
		if err != nil {
			return err
		}
		return onStore(cmd, load, func(_ configuration, s store.Store) error {
			return run(cmd.Context(), cmd, captures.Of(s), filter)
		})
	}
}

func newArchiveList() *cobra.Command {
	var asJSON bool
	var limit int
	var flags captureFlags
	cmd := &cobra.Command{
		Use: "ls", Short: "List captures, newest first", Args: noArgs,
		Example: `  dateline archive ls --host example.com --since 7d
  dateline archive ls --url https://example.com/news/a --json`,
	}
	load := configured(cmd, quiet)
	flags.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each capture as a line of JSON.")
	cmd.Flags().IntVar(&limit, "limit", 100, "Maximum number of captures to list, at least 1.")
	list := withCaptures(load, &flags,
		func(ctx context.Context, cmd *cobra.Command, index *captures.Index, filter captures.Filter) error {
			found, err := index.Recent(ctx, filter, limit)
			if err != nil {
				return err
			}
			if err := printCaptures(cmd.OutOrStdout(), found, asJSON); err != nil || asJSON {
				return err
			}
			return printSize(ctx, cmd.OutOrStdout(), index)
		})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if limit < 1 {
			return &usageError{fmt.Errorf("--limit %d: must be at least 1", limit)}
		}
		return list(cmd, args)
	}
	return cmd
}

// printSize prints the extent of the archive.
func printSize(ctx context.Context, out io.Writer, index *captures.Index) error {
	size, err := index.Size(ctx)
	if err != nil || size.Files == 0 {
		return err
	}
	oldest := ""
	if !size.Oldest.IsZero() {
		oldest = "; the oldest capture is from " + when(out, size.Oldest)
	}
	_, err = fmt.Fprintf(out, "the archive has %s (%.1f MB)%s\n", plural(size.Files, "file"),
		float64(size.Bytes)/1e6, oldest)
	return err
}

// captureLine is a capture as a line of JSON.
type captureLine struct {
	Time         time.Time  `json:"time"`
	URL          string     `json:"url"`
	Status       int        `json:"status"`
	Type         string     `json:"type"`
	Digest       string     `json:"digest"`
	OriginalTime *time.Time `json:"original_time,omitempty"`
	PageID       string     `json:"page_id"`
	File         string     `json:"file"`
	Offset       int64      `json:"offset"`
	Length       int64      `json:"length"`
}

func newCaptureLine(c captures.Capture) captureLine {
	line := captureLine{
		Time: c.Time, URL: c.URL, Status: c.Status, Type: c.Type, Digest: c.Digest, PageID: c.PageID, File: c.File,
		Offset: c.Offset, Length: c.Length,
	}
	if c.IsRevisit() {
		line.OriginalTime = &c.OriginalTime
	}
	return line
}

// printCaptures prints captures as a table, or as lines of JSON.
func printCaptures(out io.Writer, found []captures.Capture, asJSON bool) error {
	if asJSON {
		for _, c := range found {
			if err := json.NewEncoder(out).Encode(newCaptureLine(c)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(found) > 0 {
		t := newTable(width(out), "time", "status", "type", "bytes", "URL", "file")
		for _, c := range found {
			kind := c.Type
			if c.IsRevisit() {
				kind = "same as " + c.OriginalTime.Format(time.DateTime)
			}
			t.AppendRow([]any{when(out, c.Time), c.Status, kind, c.Length, c.URL, c.File})
		}
		fmt.Fprintln(out, t.Render())
	}
	_, err := fmt.Fprintln(out, plural(len(found), "capture"))
	return err
}

func newArchiveCDXJ() *cobra.Command {
	var flags captureFlags
	cmd := &cobra.Command{
		Use: "cdxj", Short: "Print the index of the archive as sorted CDXJ, for pywb and other tools", Args: noArgs,
		Long: `Prints the index of the archive in the format CDXJ, one capture a line, sorted by URL
key and time. The URL keys are in sort-friendly form (SURT). The file that the archiver
writes at the moment is listed under the name that it has once it is complete.`,
		Example: `  dateline archive cdxj > collections/news/indexes/index.cdxj`,
	}
	load := configured(cmd, quiet)
	flags.add(cmd)
	cmd.RunE = withCaptures(load, &flags,
		func(ctx context.Context, cmd *cobra.Command, index *captures.Index, filter captures.Filter) error {
			out := bufio.NewWriter(cmd.OutOrStdout())
			for c, err := range index.Sorted(ctx, filter) {
				if err != nil {
					return err
				}
				line, err := c.CDXJ()
				if err != nil {
					return err
				}
				if _, err := out.Write(append(line, '\n')); err != nil {
					return err
				}
			}
			return out.Flush()
		})
	return cmd
}
