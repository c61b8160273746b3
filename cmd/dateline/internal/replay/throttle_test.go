package replay_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/warctest"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestLivePagesComeFirst runs while a page waits for the extractor. No page may be extracted
// again before the other one is done.
func TestLivePagesComeFirst(t *testing.T) {
	_, js := natstest.Start(t)
	if _, err := js.Publish(t.Context(), subject.Pages("com.example"), []byte("page")); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "articles.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	extraction, err := extractor.NewExtraction(extractor.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	for i := range 3 {
		page := warctest.Page(fmt.Sprint(i), fmt.Sprintf("https://example.com/%d", i), time.Now(), []byte("<html><p>Text"))
		archive.Write(page.Gzip())
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(&archive), nil }
	var done atomic.Bool
	looks := make(chan struct{}, 1000)
	pages := 0
	config := replay.Config{
		Library: library.New(s, js), JS: js, Extraction: extraction, MaxBytes: 1 << 20, Workers: 1,
		Selection:  replay.Selection{Archives: []ingest.Archive{{Name: "pages", Open: open}}},
		Log:        slog.New(slog.DiscardHandler),
		ReportFile: func(ingest.Summary) error { return nil }, Progress: func(int64) {},
		Now: func() time.Time { // the run looks at the time before each look at the pages
			select {
			case looks <- struct{}{}:
			default:
			}
			return time.Now()
		},
		Report: func(replay.Result) error {
			if pages++; !done.Load() {
				t.Error("a page was extracted again while another one waited")
			}
			return nil
		},
	}
	ended := make(chan error, 1)
	go func() { ended <- replay.Replay(natstest.Context(t), config) }()
	const several = 6
	for range several {
		<-looks
	}
	done.Store(true)
	consumer, err := js.Consumer(t.Context(), subject.StreamPages, subject.ConsumerExtract)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := consumer.Next(jetstream.FetchMaxWait(natstest.Patience(t)))
	if err == nil {
		err = msg.Ack()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil || pages != 3 {
		t.Errorf("%d pages, %v; want 3", pages, err)
	}
}
