package process

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/disktest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// report returns the results of the checks of a process as text.
func report(t *testing.T, js jetstream.JetStream) string {
	t.Helper()
	var lines []string
	for _, check := range Checks(js.Conn(), js, "trial") {
		if err := check.Test(natstest.Context(t)); err != nil {
			lines = append(lines, check.Name+": "+err.Error())
		}
	}
	return strings.Join(lines, "\n")
}

// TestAFullDiskIsNotReady fills the disk of the NATS server, makes room, and starts the
// server again. Readiness must depend on whether messages are stored.
func TestAFullDiskIsNotReady(t *testing.T) {
	dir := disktest.Mount(t, "24m")
	server := natstest.Server(t, filepath.Join(dir, "nats"))
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{})
	if text := report(t, js); text != "" {
		t.Fatalf("with free space: %s", text)
	}
	ballast := filepath.Join(dir, "ballast")
	_ = os.WriteFile(ballast, make([]byte, 24<<20), 0o600) // until the disk is full
	// Until the server needs another block of the disk.
	natstest.Eventually(t, "a server that cannot store", func() bool {
		_, err := js.Publish(t.Context(), subject.Pages("com.example"), make([]byte, 64<<10))
		return err != nil
	})
	full := report(t, js)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if text := report(t, js); !strings.Contains(text, "restart the NATS server") {
		t.Errorf("with free space, but streams that refuse messages: %q", text)
	}
	if err := server.Health(); err == nil || !strings.Contains(err.Error(), "restart this process") {
		t.Errorf("the health of the server: %v", err)
	}
	js.Conn().Close()
	server.Stop()
	server = natstest.Server(t, filepath.Join(dir, "nats"))
	_, js = natstest.Connect(t, server)
	if text := report(t, js); text != "" || server.Health() != nil {
		t.Errorf("with free space and a server that was started again: %s", text)
	}
	if !strings.Contains(full, "make room on the disk") {
		t.Errorf("with a full disk: %q", full)
	}
}

// TestTheProbeIsLimited tests the storage often. Only one message may be kept, and only
// one write happens within the interval.
func TestTheProbeIsLimited(t *testing.T) {
	_, js := natstest.Start(t)
	now := time.Unix(1e9, 0)
	probe := &storageProbe{js: js, key: subject.KVKey(subject.BucketHealth, "trial"), now: func() time.Time { return now }}
	for range 3 {
		for range 5 {
			if err := probe.test(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(probeInterval)
	}
	stream, err := js.Stream(t.Context(), subject.KVStream(subject.BucketHealth))
	if err != nil {
		t.Fatal(err)
	}
	if state := stream.CachedInfo().State; state.Msgs != 1 || state.LastSeq != 3 {
		t.Errorf("%d messages up to %d, want 1 up to 3", state.Msgs, state.LastSeq)
	}
}

// TestLostStreamsAreDeclaredAgain empties a server while a service that may declare
// streams runs.
func TestLostStreamsAreDeclaredAgain(t *testing.T) {
	_, js := natstest.Start(t)
	for _, name := range subject.Streams() {
		if err := js.DeleteStream(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if text := report(t, js); !strings.Contains(text, "run the command declare") {
		t.Errorf("without streams: %q", text)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- topology.Keep(ctx, js, topology.Limits{}, slog.New(slog.DiscardHandler)) }()
	natstest.Eventually(t, "a ready service", func() bool { return report(t, js) == "" })
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if _, err := js.Consumer(t.Context(), subject.StreamURLs, subject.ConsumerIntake); err != nil {
		t.Errorf("the consumer was not declared again: %v", err)
	}
}
