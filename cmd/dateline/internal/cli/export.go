package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// exportBuffer is the size in bytes of the buffer in front of an export's output.
const exportBuffer = 64 << 10

func newExport() *cobra.Command {
	var format, output string
	var filter articleFlags
	cmd := &cobra.Command{
		Use:   "export [flags] [--] [WORDS...]",
		Short: "Write stored articles as JSON Lines or Parquet",
		Long: `Writes all articles that match the words and flags, newest first. The words are
those of "dateline search"; without words, all articles match.`,
		Example: `  dateline export --language ku > kurdish.jsonl
  dateline export --since 2026-11-01 --format parquet --output november.parquet`,
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringVar(&format, "format", "jsonl", "Output format: jsonl (one record per line) or parquet.")
	cmd.Flags().StringVarP(&output, "output", "o", "", "Write to this `file` instead of standard output.")
	filter.add(cmd.Flags())
	cmd.RunE = withStore(load, func(ctx context.Context, cmd *cobra.Command, s library.Store, args []string) error {
		if format != "jsonl" && format != "parquet" {
			return &usageError{fmt.Errorf("--format is %q: choose jsonl or parquet", format)}
		}
		chosen, err := filter.filter()
		if err != nil {
			return err
		}
		query := store.Query{Text: strings.Join(args, " "), Filter: chosen}
		if output == "" {
			return export(ctx, cmd.OutOrStdout(), s, format, query)
		}
		file, err := os.Create(output)
		if err != nil {
			return fmt.Errorf("creating the export: %w", err)
		}
		return errors.Join(export(ctx, file, s, format, query), file.Close())
	})
	return cmd
}

func export(ctx context.Context, w io.Writer, s library.Store, format string, query store.Query) error {
	hits := library.New(s, nil).Walk(ctx, query)
	out := bufio.NewWriterSize(w, exportBuffer)
	var err error
	if format == "parquet" {
		err = library.WriteParquet(out, hits)
	} else {
		err = library.WriteJSONLines(out, hits)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}
