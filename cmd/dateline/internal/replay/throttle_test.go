package replay_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestLivePagesComeFirst runs while a page waits for the extractor. No page may be extracted
// again before the other one is done.
func TestLivePagesComeFirst(t *testing.T) {
	_, js := natstest.Start(t)
	if _, err := js.Publish(t.Context(), subject.Pages("com.example"), []byte("page")); err != nil {
		t.Fatal(err)
	}
	var done atomic.Bool
	looks := make(chan struct{}, 1000)
	pages := 0
	config := archiveConfig(t, storetest.Open(t, storetest.SQLite(t)), js, 3)
	config.Now = func() time.Time { // the run looks at the time before each look at the pages
		select {
		case looks <- struct{}{}:
		default:
		}
		return time.Now()
	}
	config.Report = func(replay.Result) error {
		if pages++; !done.Load() {
			t.Error("a page was extracted again while another one waited")
		}
		return nil
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

// TestLostPipelineEndsTheRun closes the connection to the pipeline. The run ends after a
// minute, and says which consumer it could not read.
func TestLostPipelineEndsTheRun(t *testing.T) {
	nc, js := natstest.Start(t)
	config := archiveConfig(t, storetest.Open(t, storetest.SQLite(t)), js, 3)
	now := time.Now()
	config.Now = func() time.Time {
		nc.Close() // before the first look
		now = now.Add(time.Second)
		return now
	}
	var logged bytes.Buffer
	config.Log = slog.New(slog.NewTextHandler(&logged, nil))
	pages := 0
	config.Report = func(replay.Result) error {
		pages++
		return nil
	}
	err := replay.Replay(natstest.Context(t), config)
	if err == nil || pages > 0 || !strings.Contains(err.Error(), subject.ConsumerExtract) ||
		!strings.Contains(err.Error(), "check that NATS is reachable") {
		t.Errorf("%d pages, %v", pages, err)
	}
	if n := strings.Count(logged.String(), "retrying"); n != 1 {
		t.Errorf("%d messages about the first minute, want 1:\n%s", n, logged.String())
	}
}
