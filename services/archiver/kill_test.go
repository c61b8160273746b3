package archiver

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestKilledUnderLoad kills the archiver with SIGKILL repeatedly (five times, or the number
// in DATELINE_KILLS) while pages and other exchanges are queued, and then lets it finish. Each
// of them must be in exactly one metadata record, in the index, and in the ledger.
func TestKilledUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills a process repeatedly: run without -short")
	}
	t.Parallel()
	kills := natstest.Kills(t, 5)
	k := newKillTest(t)
	cut := 0
	for n := range kills {
		for i := range 200 {
			k.publishPage(fmt.Sprintf("p%d-%d", n, i))
			k.publishExchange(fmt.Sprintf("e%d-%d", n, i), i%2 == 0)
		}
		k.killAfter(rand.IntN(200))
		cut += len(k.openFiles(t))
	}
	left := k.finish(func() bool { return true })
	k.verify(k.records(t))
	t.Logf("%d pages, %d kills, %d of them with a file left open, %d pages left for the last run",
		len(k.published), kills, cut, left)
}

// killTest runs the archiver as a process on streams of its own.
type killTest struct {
	*room

	t                      *testing.T
	program, natsURL, file string
	flags                  []string
	published              []string
}

func newKillTest(t *testing.T) *killTest {
	program := filepath.Join(t.TempDir(), "archiver")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/archiver")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	server, err := natsembed.Start(natsembed.Config{
		Dir: t.TempDir(), Addr: "127.0.0.1:0", Relaxed: true, MaxStoreBytes: 64 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{Archive: true})
	dir := filepath.Join(t.TempDir(), "archive")
	return &killTest{
		room: &room{js: js, dir: dir}, t: t, program: program,
		natsURL: server.ClientURL(), file: filepath.Join(t.TempDir(), "articles.db"),
		flags: []string{"--archiver-dir", dir, "--archiver-max-file-bytes=1MiB"},
	}
}

func (k *killTest) publishPage(id string) {
	k.t.Helper()
	k.publish(k.t, page(k.t, id, "http://example.com/"+id, strings.Repeat(story+id, 200)))
	k.published = append(k.published, id)
}

// publishExchange publishes an exchange that is not a page.
func (k *killTest) publishExchange(name string, isFailed bool) {
	k.t.Helper()
	url := "http://example.com/" + name
	p := failed(url, noon)
	if !isFailed {
		p = answered(k.t, url, http.StatusNotFound, noon, "<p>Not here.")
	}
	msg, err := ledger.Message(subject.Exchanges("com.example"), ledger.PageMessageID(p.GetId()), p)
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := k.js.PublishMsg(k.t.Context(), msg); err != nil {
		k.t.Fatal(err)
	}
	k.published = append(k.published, p.GetId())
}

func (k *killTest) start(ctx context.Context) (*exec.Cmd, *bytes.Buffer) {
	k.t.Helper()
	run := exec.CommandContext(ctx, k.program, append([]string{
		"--nats-url", k.natsURL, "--store-url", "sqlite:" + k.file, "--archiver-min-free=0", "--admin-addr=",
		"--admin-log-level=error",
	}, k.flags...)...)
	var stderr bytes.Buffer
	run.Stderr = &stderr
	if err := run.Start(); err != nil {
		k.t.Fatal(err)
	}
	return run, &stderr
}

// killAfter runs the archiver until it has acked more than a number of pages, and kills it.
func (k *killTest) killAfter(pages int) {
	k.t.Helper()
	floor := k.state().AckFloor.Stream
	k.killOnce("some pages are acked", func() bool { return k.state().AckFloor.Stream > floor+uint64(pages) })
}

// killOnce runs the archiver until a condition is met, and kills it.
func (k *killTest) killOnce(what string, isMet func() bool) {
	k.t.Helper()
	ctx, cancel := context.WithCancel(k.t.Context())
	defer cancel()
	run, stderr := k.start(ctx)
	natstest.Eventually(k.t, what, isMet)
	cancel()
	if err := run.Wait(); err == nil || run.ProcessState.Exited() {
		k.t.Fatalf("the archiver was not killed but ended: %v\n%s", err, stderr)
	}
}

// state returns the state of the archiver's consumer.
func (k *killTest) state() *jetstream.ConsumerInfo {
	k.t.Helper()
	consumer, err := k.js.Consumer(k.t.Context(), subject.StreamPages, subject.ConsumerArchive)
	if err != nil {
		k.t.Fatal(err)
	}
	return consumer.CachedInfo()
}

// finish runs the archiver until it has acked everything and a condition is met, and interrupts
// it. It returns the number of pages that were left for this run.
func (k *killTest) finish(isMet func() bool) (left uint64) {
	k.t.Helper()
	left = k.state().NumPending
	k.publishPage("last") // once it is acked, the program handles signals
	run, stderr := k.start(k.t.Context())
	natstest.Eventually(k.t, "all pages are acked", func() bool {
		state := k.state()
		return state.NumPending == 0 && state.NumAckPending == 0 &&
			natstest.Count(k.t, k.js, subject.StreamExchanges) == 0 && isMet()
	})
	if err := run.Process.Signal(os.Interrupt); err != nil {
		k.t.Fatal(err)
	}
	if err := run.Wait(); err != nil {
		k.t.Fatalf("%v\n%s", err, stderr)
	}
	return left
}

// verify compares the records of all files, the index and the ledger with what was published.
func (k *killTest) verify(records []*warcfile.Entry) {
	k.t.Helper()
	written := map[string]int{}
	for _, entry := range records {
		if entry.Get(warcfile.FieldType) == warcfile.TypeMetadata && warcfile.Value(entry.Block, fieldFailure) == "" {
			written[warcfile.Value(entry.Block, fieldPageID)]++
		}
	}
	outcomes := k.outcomes(k.t)
	if open := k.openFiles(k.t); len(open) > 0 || len(written) != len(k.published) || len(outcomes) != len(k.published) {
		k.t.Errorf("%d pages in files and %d in the ledger, want %d; files left open: %q", len(written), len(outcomes),
			len(k.published), open)
	}
	for _, id := range k.published {
		if written[id] != 1 || outcomes[id] != "produced" {
			k.t.Errorf("page %s is in the files %d times, and in the ledger as %q", id, written[id], outcomes[id])
		}
	}
	var err error
	if k.store, err = store.Open(k.t.Context(), "sqlite:"+k.file); err != nil {
		k.t.Fatal(err)
	}
	defer k.store.Close()
	checkIndex(k.t, k.room, k.published)
}
