package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func newDrift() *cobra.Command {
	var asJSON, all bool
	var pages string
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "List the sites whose pages yield less than they used to",
		Long: `Lists the sites whose pages lack dates, authors or text that they used to have,
or yield no article any more: redesigns, new paywalls, consent walls. --pages
writes up to three pages of each alarm to files, to look into with
"dateline extract FILE --url URL --explain".`,
		Args: exactArgs(0, "flags alone"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one JSON object a line for each alarm.")
	cmd.Flags().BoolVar(&all, "all", false, "List alarms of the last month that have fallen as well.")
	cmd.Flags().StringVar(&pages, "pages", "", "Write the pages that are kept for the alarms into this folder.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		bus, err := pipeline.OpenBus(cmd.Context(), cfg, cfg.Admin.Logger(cmd.ErrOrStderr()))
		if err != nil {
			return err
		}
		bucket, err := bus.JS.KeyValue(cmd.Context(), subject.BucketDrift)
		if err == nil {
			err = listDrift(cmd, bucket, asJSON, all)
		}
		if err == nil && pages != "" {
			err = writeSamples(cmd, bucket, pages)
		}
		return errors.Join(err, bus.Close())
	}
	return cmd
}

func listDrift(cmd *cobra.Command, bucket jetstream.KeyValue, asJSON, all bool) error {
	t := newTable(width(cmd.OutOrStdout()), table.Row{"since", "host", "signal", "latest pages", "before", ""})
	count := 0
	err := eachKey(cmd.Context(), bucket, subject.AllDriftAlarms, func(_ string, data []byte) error {
		alarm := &datelinev1.DriftAlarm{}
		if err := proto.Unmarshal(data, alarm); err != nil {
			return fmt.Errorf("reading an alarm: %w", err)
		}
		if !alarm.GetRaised() && !all {
			return nil
		}
		count++
		if asJSON {
			return printJSON(cmd.OutOrStdout(), alarm)
		}
		state := ""
		if !alarm.GetRaised() {
			state = "over"
		}
		t.AppendRow(table.Row{alarm.GetTime().AsTime().Format(time.RFC3339), alarm.GetHost(), subject.DriftSignalName(alarm.GetSignal()),
			fmt.Sprintf("%.0f %%", 100*alarm.GetRecent()), fmt.Sprintf("%.0f %%", 100*alarm.GetUsual()), state})
		return nil
	})
	if err != nil || asJSON {
		return err
	}
	if count > 0 {
		fmt.Fprintln(cmd.OutOrStdout(), t.Render())
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d alarms\n", count)
	return err
}

// maxSampleHTML bounds a sample once unpacked, in bytes.
const maxSampleHTML = 64 << 20

func writeSamples(cmd *cobra.Command, bucket jetstream.KeyValue, dir string) error {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxSampleHTML))
	if err != nil {
		return fmt.Errorf("preparing zstd: %w", err)
	}
	defer decoder.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("preparing the folder for pages: %w", err)
	}
	return eachKey(cmd.Context(), bucket, subject.AllDriftSamples, func(key string, data []byte) error {
		sample := &datelinev1.DriftSample{}
		if err := proto.Unmarshal(data, sample); err != nil {
			return fmt.Errorf("reading %s: %w", key, err)
		}
		html, err := decoder.DecodeAll(sample.GetHtmlZstd(), nil)
		if err != nil {
			return fmt.Errorf("unpacking %s: %w", key, err)
		}
		file := filepath.Join(dir, subject.DriftSampleName(key)+".html")
		if err := os.WriteFile(file, html, 0o644); err != nil {
			return fmt.Errorf("writing a page: %w", err)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", file, sample.GetUrl())
		return err
	})
}

// eachKey reads the values of the keys that a pattern matches.
func eachKey(ctx context.Context, bucket jetstream.KeyValue, pattern string, do func(key string, data []byte) error) error {
	keys, err := bucket.ListKeysFiltered(ctx, pattern)
	if err != nil {
		return fmt.Errorf("listing %s in bucket %s: %w", pattern, bucket.Bucket(), err)
	}
	defer func() { _ = keys.Stop() }() // it has ended by itself where all keys were read
	for key := range keys.Keys() {
		entry, err := bucket.Get(ctx, key)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			continue // it has just aged out
		}
		if err != nil {
			return fmt.Errorf("reading %s in bucket %s: %w", key, bucket.Bucket(), err)
		}
		if err := do(key, entry.Value()); err != nil {
			return err
		}
	}
	return nil
}
