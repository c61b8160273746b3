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

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// exportBuffer is the size in bytes of the buffer in front of an export's output.
const exportBuffer = 64 << 10

// exportFormats are the values of --format.
var exportFormats = []string{"csv", "jsonl", "parquet"}

func newExport() *cobra.Command {
	var format, output string
	var filter articleFlags
	cmd := &cobra.Command{
		Use:   "export [flags] [--] [WORDS...]",
		Short: "Write stored articles as JSON Lines, CSV or Parquet",
		Long: `Writes all articles that match the words and flags, newest first. The words are
those of "dateline search"; without words, all articles match.`,
		Example: `  dateline export --language ku > kurdish.jsonl
  dateline export --since 7d --format csv > week.csv
  dateline export --since 2026-11-01 --format parquet --output november.parquet`,
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringVar(&format, "format", "jsonl", "Output `format`: jsonl (one record per line), csv or parquet.")
	cmd.Flags().StringVarP(&output, "output", "o", "", "Write to this `file` instead of standard output.")
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
		if output == "" {
			return export(ctx, cmd.OutOrStdout(), s, format, query)
		}
		return replaceFile(output, func(w io.Writer) error { return export(ctx, w, s, format, query) })
	})
	return cmd
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
	var err error
	switch format {
	case "parquet":
		out.Reset(unescaped(w))
		err = library.WriteParquet(out, hits)
	case "csv":
		if isTerminal(w) { // CSV cannot escape what would be unsafe on a terminal
			out.Reset(withoutReturns{w})
		} else {
			out.Reset(unescaped(w))
		}
		err = library.WriteCSV(out, hits)
	default:
		err = library.WriteJSONLines(out, hits)
	}
	if err != nil {
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
