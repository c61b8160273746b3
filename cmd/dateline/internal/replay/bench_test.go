package replay_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	"github.com/dateline-news/dateline/internal/corpus"
	"github.com/dateline-news/dateline/internal/warctest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// samplePages returns pages of the corpus that DATELINE_CORPUS names, or the fixtures of the
// extractor.
func samplePages(b *testing.B) (bodies [][]byte) {
	b.Helper()
	const most = 400
	if dir := os.Getenv("DATELINE_CORPUS"); dir != "" {
		c, err := corpus.Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		all := c.Pages()
		for i := 0; i < len(all) && len(bodies) < most; i += max(1, len(all)/most) {
			body, err := all[i].HTML()
			if err != nil {
				b.Fatal(err)
			}
			bodies = append(bodies, body)
		}
		return bodies
	}
	files, err := filepath.Glob("../../../../services/extractor/article/testdata/*.html")
	if err != nil || len(files) == 0 {
		b.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	return bodies
}

// BenchmarkReplayOfWebArchive compares the rate at which the pages of a web archive are
// extracted with that of the extractor alone, on one worker each. The metric share is the
// quotient of both.
func BenchmarkReplayOfWebArchive(b *testing.B) {
	bodies := samplePages(b)
	const rounds = 5
	var archive bytes.Buffer
	var pages []extractor.StoredPage
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for i := range rounds * len(bodies) {
		url, body := fmt.Sprintf("https://example.com/%d", i), bodies[i%len(bodies)]
		archive.Write(warctest.Page(fmt.Sprint(i), url, at, body).Gzip())
		pages = append(pages, extractor.StoredPage{Content: body, Page: &datelinev1.Page{
			RequestedUrl: url, FinalUrl: url, FetchTime: timestamppb.New(at),
			Headers: []*datelinev1.Header{{Name: "content-type", Value: "text/html; charset=utf-8"}},
		}})
	}
	s, err := store.Open(b.Context(), storetest.SQLite(b))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	extraction, err := extractor.NewExtraction(extractor.DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	open := func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	}
	config := replay.Config{
		Library: library.New(s, nil), Extraction: extraction, MaxBytes: 64 << 20, Workers: 1,
		Selection: replay.Selection{Archives: []ingest.Archive{{Name: "pages", Open: open}}},
		Log:       slog.New(slog.DiscardHandler), Now: time.Now,
		ReportFile: func(ingest.Summary) error { return nil }, Progress: func(int64) {},
	}
	var alone, replayed time.Duration
	for b.Loop() {
		start := time.Now()
		for _, page := range pages {
			if _, err := extraction.Record(b.Context(), page); err != nil && article.ReasonOf(err) == "" {
				b.Fatal(err)
			}
		}
		alone += time.Since(start)
		seen := 0
		config.Report = func(replay.Result) error { seen++; return nil }
		start = time.Now()
		if err := replay.Replay(b.Context(), config); err != nil || seen != len(pages) {
			b.Fatalf("%d pages, %v", seen, err)
		}
		replayed += time.Since(start)
	}
	b.ReportMetric(float64(len(pages)*b.N)/replayed.Seconds(), "pages/s")
	b.ReportMetric(alone.Seconds()/replayed.Seconds(), "share")
}
