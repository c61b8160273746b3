package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/dayexport"
	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// exportBuffer is the size in bytes of the buffer in front of an export's output.
const exportBuffer = 64 << 10

// exportFormats are the values of --format.
var exportFormats = []string{"csv", "jsonl", "parquet"}

// exportWriters are the functions that write the formats.
var exportWriters = map[string]func(io.Writer, func(yield func(store.Hit, error) bool)) error{
	"csv": library.WriteCSV, "jsonl": library.WriteJSONLines, "parquet": library.WriteParquet,
}

func newExport() *cobra.Command {
	var format, output, partition string
	var asJSON bool
	var filter articleFlags
	cmd := &cobra.Command{
		Use:   "export [flags] [--] [WORDS...]",
		Short: "Write stored articles as JSON Lines, CSV or Parquet",
		Long: `Writes all articles that match the words and flags, newest first. The words are
those of "dateline search"; without words, all articles match.

With --partition day, --output is a folder, or s3://BUCKET/PREFIX, that gets a file for each
day (in UTC) on which articles were published, or first fetched if the page gives no time, and
manifest.json with the number of rows and the SHA-256 of each. The settings s3.* name the
service of a bucket and its keys. A file has its final name only once it is complete. Another
run replaces the files of days that have changed, continues one that was interrupted, and
removes the files of days without articles. --since and --before are extended to whole days.`,
		Example: `  dateline export --language ku > kurdish.jsonl
  dateline export --since 30d --format parquet --partition day --output articles
  dateline export --format parquet --partition day --output s3://news/articles
  dateline export --since 7d --format csv > week.csv
  dateline export --since 2026-11-01 --format parquet --output november.parquet`,
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringVar(&format, "format", "jsonl", "Output `format`: jsonl (one record per line), csv or parquet.")
	cmd.Flags().StringVarP(&output, "output", "o", "", "Write to this `file` instead of standard output.")
	cmd.Flags().StringVar(&partition, "partition", "",
		"Write a file for each `period`, which is day, to the folder or bucket of --output.")
	cmd.Flags().BoolVar(&asJSON, "json", false, "With --partition, print what happened to each file as a line of JSON.")
	filter.add(cmd.Flags())
	cmd.RunE = withArticles(load, func(ctx context.Context, cmd *cobra.Command, s articles, args []string) error {
		if !slices.Contains(exportFormats, format) {
			return &usageError{fmt.Errorf("--format is %q: choose jsonl, csv or parquet", format)}
		}
		chosen, err := filter.filter()
		if err != nil {
			return err
		}
		query := store.Query{Text: strings.Join(args, " "), Filter: chosen}
		switch {
		case partition != "" && partition != "day":
			return &usageError{fmt.Errorf("--partition is %q: the only period is day", partition)}
		case partition != "" && output == "":
			return &usageError{errors.New("--partition needs a folder or bucket: give it with --output")}
		case partition == "" && strings.HasPrefix(output, objects.Scheme):
			return &usageError{errors.New("a bucket needs --partition day")}
		case partition == "" && asJSON:
			return &usageError{errors.New("--json is only for --partition: --format jsonl writes the articles as JSON")}
		}
		write := func() error {
			switch {
			case partition != "":
				place, closePlace, err := exportPlace(load, output)
				if err != nil {
					return err
				}
				defer closePlace()
				return exportDays(ctx, cmd, s, dayexport.Options{
					To: place, Format: dayexport.Format{Name: format, Write: exportWriters[format]}, Query: query,
				}, asJSON)
			case output != "":
				return replaceFile(output, func(w io.Writer) error { return export(ctx, w, s, format, query) })
			}
			return export(ctx, cmd.OutOrStdout(), s, format, query)
		}
		if local, ok := s.(store.Store); ok { // otherwise, the server records the export
			return auditedIfPossible(cmd, local, nil, "export", exported(format, query), write)
		}
		return write()
	})
	return cmd
}

// exported describes an export in the audit log.
func exported(format string, query store.Query) string {
	if query.Text == "" {
		return "articles as " + format
	}
	return "articles with " + query.Text + " as " + format
}

// replaceFile creates or replaces a file with what write writes. Until write succeeds,
// the data is in a file with the suffix .partial, so a file with the given name is always
// complete. Links, pipes and devices cannot be replaced, so the data is written to them
// directly.
func replaceFile(path string, write func(io.Writer) error) error {
	target, mode := path+".partial", os.FileMode(0o666)
	switch info, missing := os.Lstat(path); {
	case missing != nil:
	case info.Mode().IsRegular():
		mode = info.Mode().Perm()
	default:
		target = path
	}
	file, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return fmt.Errorf("creating the export: %w", err)
	}
	err = errors.Join(write(file), file.Close())
	switch {
	case target == path:
		return err
	case err != nil:
		return errors.Join(err, os.Remove(target))
	}
	if err := os.Rename(target, path); err != nil {
		return fmt.Errorf("completing the export: %w", err)
	}
	return nil
}

func export(ctx context.Context, w io.Writer, s articles, format string, query store.Query) error {
	hits := library.Walk(ctx, s, query)
	out := bufio.NewWriterSize(w, exportBuffer)
	switch {
	case format == "csv" && isTerminal(w): // CSV cannot escape what would be unsafe on a terminal
		out.Reset(withoutReturns{w})
	case format != "jsonl":
		out.Reset(unescaped(w))
	}
	if err := exportWriters[format](out, hits); err != nil {
		return err
	}
	return out.Flush()
}

// withoutReturns drops carriage returns, which end the lines of CSV but would be escaped
// on a terminal.
type withoutReturns struct{ io.Writer }

func (w withoutReturns) Write(data []byte) (int, error) {
	if _, err := w.Writer.Write(bytes.ReplaceAll(data, []byte("\r"), nil)); err != nil {
		return 0, err
	}
	return len(data), nil
}
