package replay_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/warctest"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return nil }))
}

// archiveConfig returns the configuration of a run over a web archive with n pages that have
// no article.
func archiveConfig(t *testing.T, s store.Store, js jetstream.JetStream, n int) replay.Config {
	t.Helper()
	extraction, err := extractor.NewExtraction(extractor.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	for i := range n {
		page := warctest.Page(fmt.Sprint(i), fmt.Sprintf("https://example.com/%d", i), time.Now(), []byte("<html><p>Text"))
		archive.Write(page.Gzip())
	}
	open := func(context.Context) (io.ReadCloser, error) { return io.NopCloser(&archive), nil }
	return replay.Config{
		Library: library.New(s, js), JS: js, Extraction: extraction, MaxBytes: 1 << 20, Workers: 1,
		Selection: replay.Selection{Archives: []ingest.Archive{{Name: "pages", Open: open}}},
		Log:       slog.New(slog.DiscardHandler), Now: time.Now,
		Report:     func(replay.Result) error { return nil },
		ReportFile: func(ingest.Summary) error { return nil }, Progress: func(int64) {},
	}
}
