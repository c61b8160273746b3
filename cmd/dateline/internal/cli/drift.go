package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func newDrift() *cobra.Command {
	var asJSON, all bool
	var pages string
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "List sites whose pages yield less than they used to",
		Long: `Lists sites whose pages lack dates, authors or text that they used to have, or no
longer yield articles: because of a redesign, a new paywall or a consent wall.
--pages writes up to three sample pages of each alarm to files. To examine one, use
"dateline extract FILE --url URL --explain".`,
		Args: noArgs,
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print each alarm as a line of JSON.")
	cmd.Flags().BoolVar(&all, "all", false, "Also list alarms of the last month that have ended.")
	cmd.Flags().StringVar(&pages, "pages", "", "Write the sample pages of the alarms into this `folder`.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		bus, err := openBus(cmd, cfg)
		if err != nil {
			return err
		}
		bucket, err := bus.JS.KeyValue(cmd.Context(), subject.BucketDrift)
		if err == nil {
			err = listAlarms(cmd, bucket, asJSON, all)
		}
		if err == nil && pages != "" {
			err = writeSamples(cmd, bucket, pages)
		}
		return errors.Join(err, bus.Close())
	}
	return cmd
}

func listAlarms(cmd *cobra.Command, bucket jetstream.KeyValue, asJSON, all bool) error {
	out := cmd.OutOrStdout()
	t := newTable(width(out), "since", "host", "signal", "recent pages", "usual", "")
	count, unreadable := 0, 0
	err := eachValue(cmd.Context(), bucket, subject.AllDriftAlarms, func(key string, data []byte) error {
		alarm := &datelinev1.DriftAlarm{}
		if proto.Unmarshal(data, alarm) != nil {
			unreadable++
			return warnUnreadable(cmd, key)
		}
		if !alarm.GetRaised() && !all {
			return nil
		}
		count++
		if asJSON {
			return printJSON(out, alarm)
		}
		state := ""
		if !alarm.GetRaised() {
			state = "ended"
		}
		t.AppendRow([]any{
			when(out, alarm.GetTime().AsTime()), alarm.GetHost(), subject.DriftSignalName(alarm.GetSignal()),
			percent(alarm.GetRecent()), percent(alarm.GetUsual()), state,
		})
		return nil
	})
	if err != nil || asJSON {
		return err
	}
	if count > 0 {
		fmt.Fprintln(out, t.Render())
	}
	summary := plural(count, "alarm")
	if unreadable > 0 {
		summary += fmt.Sprintf(", %d unreadable", unreadable)
	}
	_, err = fmt.Fprintln(out, summary)
	return err
}

// warnUnreadable tells the user about an entry that cannot be decoded. It must not hide
// the others.
func warnUnreadable(cmd *cobra.Command, key string) error {
	_, err := fmt.Fprintf(cmd.ErrOrStderr(), "entry %s of bucket %s is unreadable; it expires, or remove it with "+
		"\"nats kv purge %s %s\"\n", key, subject.BucketDrift, subject.BucketDrift, key)
	return err
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// maxSampleHTML is the maximum size of a decompressed sample page, in bytes.
const maxSampleHTML = 64 << 20

func writeSamples(cmd *cobra.Command, bucket jetstream.KeyValue, dir string) error {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxSampleHTML))
	if err != nil {
		return fmt.Errorf("preparing zstd: %w", err)
	}
	defer decoder.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("creating the folder for sample pages: %w", err)
	}
	return eachValue(cmd.Context(), bucket, subject.AllDriftSamples, func(key string, data []byte) error {
		sample := &datelinev1.DriftSample{}
		err := proto.Unmarshal(data, sample)
		var html []byte
		if err == nil {
			html, err = decoder.DecodeAll(sample.GetHtmlZstd(), nil)
		}
		if err != nil {
			return warnUnreadable(cmd, key)
		}
		file := filepath.Join(dir, subject.DriftSampleName(key)+".html")
		if err := os.WriteFile(file, html, 0o644); err != nil {
			return fmt.Errorf("writing a sample page: %w", err)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", file, escape.Line(sample.GetUrl()))
		return err
	})
}

// eachValue calls do with the key and value of each entry whose key matches a
// pattern.
func eachValue(
	ctx context.Context, bucket jetstream.KeyValue, pattern string, do func(key string, data []byte) error,
) error {
	keys, err := bucket.ListKeysFiltered(ctx, pattern)
	if err != nil {
		return fmt.Errorf("listing %s in bucket %s: %w", pattern, bucket.Bucket(), err)
	}
	defer func() { _ = keys.Stop() }() // fails if all keys were read
	for key := range keys.Keys() {
		entry, err := bucket.Get(ctx, key)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			continue // expired since it was listed
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
