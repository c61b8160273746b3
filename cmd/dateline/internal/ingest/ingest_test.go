package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"testing/iotest"
	"time"

	"github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/warctest"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// archive returns an archive of a number of pages, after which reading ends with an error.
func archive(pages int, end error) ingest.Archive {
	var all bytes.Buffer
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for i := range pages {
		name := fmt.Sprintf("page-%d", i)
		all.Write(warctest.Page(name, "https://example.com/"+name, at, []byte("<html><p>"+name)).Gzip())
	}
	return ingest.Archive{Name: "test", Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(&all, iotest.ErrReader(end))), nil
	}}
}

// newConfig returns a configuration with a server and an empty ledger.
func newConfig(t *testing.T) ingest.Config {
	t.Helper()
	_, js := natstest.Start(t)
	articles, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { articles.Close() })
	return ingest.Config{
		JS: js, Ledger: articles, MaxBytes: 1 << 20, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Progress: func(int64) {},
	}
}

// TestFullStream publishes more pages than the stream holds. The run must wait, and
// finish once there is room.
func TestFullStream(t *testing.T) {
	config := newConfig(t)
	const pages, room = 20, 5
	resize := func(most int64) {
		t.Helper()
		stream, err := config.JS.Stream(t.Context(), subject.StreamPages)
		if err != nil {
			t.Fatal(err)
		}
		limits := stream.CachedInfo().Config
		limits.MaxMsgs = most
		if _, err := config.JS.UpdateStream(t.Context(), limits); err != nil {
			t.Fatal(err)
		}
	}
	resize(room)
	ended := make(chan error, 1)
	var summary ingest.Summary
	go func() {
		ended <- ingest.Run(t.Context(), config, []ingest.Archive{archive(pages, io.EOF)}, func(s ingest.Summary) error {
			summary = s
			return nil
		})
	}()
	natstest.Eventually(t, "a full stream", func() bool {
		return natstest.Count(t, config.JS, subject.StreamPages) == room
	})
	select {
	case err := <-ended:
		t.Fatalf("the run ended while the stream was full: %v", err)
	default:
	}
	resize(-1)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if n := natstest.Count(t, config.JS, subject.StreamPages); n != pages || summary.Published != pages {
		t.Errorf("%d pages are on the stream, %d published; want %d", n, summary.Published, pages)
	}
	if n := natstest.Count(t, config.JS, subject.StreamOutcomes); n != pages {
		t.Errorf("%d outcomes, want %d", n, pages)
	}
}

// TestUnreadableArchive reads an archive whose device fails, and then another one.
func TestUnreadableArchive(t *testing.T) {
	config := newConfig(t)
	var summaries []ingest.Summary
	archives := []ingest.Archive{archive(3, errors.New("device lost")), archive(4, io.EOF)}
	err := ingest.Run(t.Context(), config, archives, func(s ingest.Summary) error {
		summaries = append(summaries, s)
		return nil
	})
	if err != nil || len(summaries) != 2 {
		t.Fatalf("%d summaries, %v", len(summaries), err)
	}
	if first := summaries[0]; first.Published != 3 || first.Error != "device lost" {
		t.Errorf("the first summary is %+v", first)
	}
	if second := summaries[1]; second.Published != 1 || second.Duplicates != 3 || second.Error != "" {
		t.Errorf("the second summary is %+v", second)
	}
}

// TestLargePage ingests a page that does not fit into a message, and one that is too large.
func TestLargePage(t *testing.T) {
	config := newConfig(t)
	noise := make([]byte, 9<<20)
	seed := uint32(1)
	for i := range noise { // does not compress
		seed = seed*1664525 + 1013904223
		noise[i] = byte(seed >> 24)
	}
	page := append([]byte("<html><p>"), noise...)
	config.MaxBytes = 10 << 20
	var all bytes.Buffer
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	all.Write(warctest.Page("large", "https://example.com/large", at, page).Gzip())
	all.Write(warctest.Page("huge", "https://example.com/huge", at, append(page, noise...)).Gzip())
	all.Write(warctest.Page("last", "https://example.com/last", at, []byte("<html><p>last")).Gzip())
	open := func(context.Context) (io.ReadCloser, error) { return io.NopCloser(&all), nil }
	var summary ingest.Summary
	err := ingest.Run(t.Context(), config, []ingest.Archive{{Name: "large", Open: open}}, func(s ingest.Summary) error {
		summary = s
		return nil
	})
	if err != nil || summary.Published != 2 || summary.Rejected["too_large"] != 1 || summary.Damaged != 0 {
		t.Errorf("summary %+v, %v; want two pages and one that is too large", summary, err)
	}
	bodies, err := config.JS.ObjectStore(t.Context(), subject.BucketBodies)
	if err != nil {
		t.Fatal(err)
	}
	if objects, err := bodies.List(t.Context()); err != nil || len(objects) != 1 {
		t.Errorf("%d bodies in the object store, %v; want 1", len(objects), err)
	}
}

// TestBatches reads archives in batches, so that neither many pages nor large ones are in memory together.
func TestBatches(t *testing.T) {
	for name, test := range map[string]struct {
		pages, size, batches int
	}{
		"256 pages":    {256, 10, 2}, // the last batch is empty
		"600 pages":    {600, 10, 3},
		"nine of 1 MB": {9, 1 << 20, 3},
	} {
		t.Run(name, func(t *testing.T) {
			config := newConfig(t)
			config.MaxBytes = 2 << 20
			var all bytes.Buffer
			body := append([]byte("<html><p>"), bytes.Repeat([]byte("x"), test.size)...)
			for i := range test.pages {
				name := fmt.Sprintf("page-%d", i)
				all.Write(warctest.Page(name, "https://example.com/"+name, time.Now(), body).Gzip())
			}
			size, batches, read := int64(all.Len()), 0, int64(0)
			config.Progress = func(bytes int64) { batches, read = batches+1, read+bytes }
			open := func(context.Context) (io.ReadCloser, error) { return io.NopCloser(&all), nil }
			var summary ingest.Summary
			err := ingest.Run(t.Context(), config, []ingest.Archive{{Name: "test", Open: open}}, func(s ingest.Summary) error {
				summary = s
				return nil
			})
			if err != nil || summary.Published != test.pages {
				t.Fatalf("%d pages were published, %v; want %d", summary.Published, err, test.pages)
			}
			if batches != test.batches || read != size {
				t.Errorf("%d batches of %d bytes, want %d of %d", batches, read, test.batches, size)
			}
		})
	}
}
