package archiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m, func() error { return goleak.Find() })) }

var noon = time.Date(2026, 3, 4, 12, 0, 0, 123456000, time.UTC)

const story = "<html><body><p>The river rose.</p></body></html>"

// page returns a fetched page with its body compressed as the fetcher does.
func page(tb testing.TB, id, url, body string) *datelinev1.Page {
	tb.Helper()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer encoder.Close()
	host := strings.Split(url, "/")[2]
	path := "/" + strings.Join(strings.Split(url, "/")[3:], "/")
	return &datelinev1.Page{
		Id: id, RequestedUrl: url, FinalUrl: url, Status: 200, FetchTime: timestamppb.New(noon),
		Request: &datelinev1.FetchRequest{RequestId: "r-" + id, Labels: map[string]string{"team": "rivers"}},
		Body:    encoder.EncodeAll([]byte(body), nil), BodyCompression: "zstd",
		Exchange: &datelinev1.Exchange{
			RequestHead: fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Dateline/1.0\r\n\r\n", path, host),
			ResponseHead: fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"+
				"Content-Length: %d\r\n\r\n", len(body)),
			Protocol: "http/1.1", Time: timestamppb.New(noon), RemoteAddress: "192.0.2.7:80",
		},
	}
}

// room is a NATS server, a store and a folder for archivers.
type room struct {
	js    jetstream.JetStream
	store store.Store
	dir   string
	// files are those of an archive in a bucket, whose spool is dir. It is nil if the archive
	// is in dir.
	files *files.Files
}

func newRoom(tb testing.TB) *room {
	tb.Helper()
	_, js := natstest.Connect(tb, natstest.Server(tb, tb.TempDir()))
	natstest.Reconcile(tb, js, topology.Limits{Archive: true})
	articles, err := store.Open(tb.Context(), storetest.SQLite(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { articles.Close() })
	return &room{js: js, store: articles, dir: filepath.Join(tb.TempDir(), "archive")}
}

func (r *room) config() Config {
	config := DefaultConfig()
	config.Dir, config.MinFree = r.dir, 0
	return config
}

// archived returns the files of the room's archive.
func (r *room) archived() *files.Files {
	if r.files == nil {
		return files.InFolder(r.dir)
	}
	return r.files
}

// archiver returns an archiver on the room's folder. The caller closes it.
func (r *room) archiver(tb testing.TB, config Config) *Archiver {
	tb.Helper()
	return r.archiverAt(tb, config, time.Now)
}

// archiverAt returns an archiver with a clock.
func (r *room) archiverAt(tb testing.TB, config Config, now func() time.Time) *Archiver {
	tb.Helper()
	a, err := New(tb.Context(), config, Dependencies{
		JS: r.js, Files: r.archived(), Store: r.store, Registry: prometheus.NewRegistry(),
		Log: slog.New(slog.DiscardHandler), Now: now,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// use calls do with an archiver and closes it.
func (r *room) use(tb testing.TB, do func(*Archiver)) {
	tb.Helper()
	a := r.archiver(tb, r.config())
	do(a)
	if err := a.Close(); err != nil {
		tb.Fatal(err)
	}
}

// publish publishes a page as the fetcher does.
func (r *room) publish(tb testing.TB, p *datelinev1.Page) {
	tb.Helper()
	msg, err := ledger.Message(subject.Pages("com.example"), ledger.PageMessageID(p.GetId()), p)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := r.js.PublishMsg(tb.Context(), msg); err != nil {
		tb.Fatal(err)
	}
}

// input returns the message of a page as the stage receives it.
func input(tb testing.TB, p *datelinev1.Page) *stage.Input {
	tb.Helper()
	data, err := proto.Marshal(p)
	if err != nil {
		tb.Fatal(err)
	}
	return &stage.Input{Subject: subject.Pages("com.example"), Stream: subject.StreamPages, Sequence: 1, Data: data}
}

// archive hands pages to an archiver and returns the errors and reasons of the results.
func archive(tb testing.TB, a *Archiver, pages ...*datelinev1.Page) (ended []string) {
	tb.Helper()
	inputs := make([]*stage.Input, len(pages))
	for i, p := range pages {
		inputs[i] = input(tb, p)
	}
	for _, result := range a.handle(tb.Context(), inputs) {
		if result.Err != nil {
			ended = append(ended, "error: "+result.Err.Error())
			continue
		}
		ended = append(ended, strings.TrimSpace(subject.VerdictName(result.Outcome.GetVerdict())+" "+
			result.Outcome.GetReason()))
	}
	return ended
}

// records reads all complete files of the room, and fails if a digest is wrong.
func (r *room) records(tb testing.TB) []*warcfile.Entry {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(r.dir, "*.warc.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	var all []*warcfile.Entry
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			tb.Fatal(err)
		}
		defer file.Close()
		all = append(all, recordsOf(tb, path, file)...)
	}
	return all
}

// recordsOf reads the records of a file to its end, and fails if a digest is wrong.
func recordsOf(tb testing.TB, name string, file io.Reader) (all []*warcfile.Entry) {
	tb.Helper()
	reader := warcfile.NewReader(file, 0)
	for {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		checkDigests(tb, entry)
		all = append(all, entry)
	}
}

func checkDigests(tb testing.TB, entry *warcfile.Entry) {
	tb.Helper()
	if got := warcfile.Digest(entry.Block); got != entry.Get(warcfile.FieldBlockDigest) {
		tb.Errorf("block digest of %s is %s", entry.Get(warcfile.FieldID), got)
	}
	if entry.Get(warcfile.FieldType) == warcfile.TypeResponse {
		if _, body := entry.HTTP(); warcfile.Digest(body) != entry.Get(warcfile.FieldPayloadDigest) {
			tb.Errorf("payload digest of %s is wrong", entry.Get(warcfile.FieldID))
		}
	}
}

// ids returns the ids of the pages in the metadata records, in order.
func (r *room) ids(tb testing.TB) (ids []string) {
	tb.Helper()
	for _, entry := range r.records(tb) {
		if entry.Get(warcfile.FieldType) == warcfile.TypeMetadata {
			ids = append(ids, warcfile.Value(entry.Block, fieldPageID))
		}
	}
	return ids
}

// outcomes returns the outcomes of the stage by input.
func (r *room) outcomes(tb testing.TB) map[string]string {
	tb.Helper()
	all := map[string]string{}
	for _, msg := range natstest.Messages(tb, r.js, subject.StreamOutcomes) {
		o := &datelinev1.Outcome{}
		if err := proto.Unmarshal(msg.Data, o); err != nil {
			tb.Fatal(err)
		}
		all[o.GetInputId()] = strings.TrimSpace(subject.VerdictName(o.GetVerdict()) + " " + o.GetReason())
	}
	return all
}

// run runs an archiver and returns a function that stops and closes it.
func run(tb testing.TB, a *Archiver) (stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			tb.Error(err)
		}
		if err := a.Close(); err != nil {
			tb.Error(err)
		}
	}
}

// openFiles returns the paths of the files that are not complete.
func (r *room) openFiles(tb testing.TB) []string {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(r.dir, "*.open"))
	if err != nil {
		tb.Fatal(err)
	}
	return paths
}

// crash closes an archiver, and leaves the room as if its process had been killed before.
func (r *room) crash(tb testing.TB, a *Archiver) {
	tb.Helper()
	left := filepath.Join(tb.TempDir(), "archive")
	if err := os.CopyFS(left, os.DirFS(r.dir)); err != nil {
		tb.Fatal(err)
	}
	if err := a.Close(); err != nil {
		tb.Fatal(err)
	}
	r.dir = left
}
