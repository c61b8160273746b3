package notifier

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestFilesSurviveKills kills the notifier with SIGKILL repeatedly (five times, or the number in DATELINE_KILLS) while
// it writes files, and then lets it finish. A file must have each line once, and the manifests must describe the files.
// No event may be missing.
func TestFilesSurviveKills(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills a process repeatedly: run without -short")
	}
	kills := natstest.Kills(t, 5)
	program := filepath.Join(t.TempDir(), "notifier")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/notifier")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	server, err := natsembed.Start(natsembed.Config{Dir: t.TempDir(), Addr: "127.0.0.1:0", Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{})
	dsn := storetest.SQLite(t)
	articles := storetest.Open(t, dsn)
	r := &room{TB: t, js: js, store: articles, subs: subscriptions.Of(articles), config: DefaultConfig()}
	r.config.Files = t.TempDir()
	r.run()() // finds its place on the stream
	spec := subscriptions.Spec{Name: "files", To: "files:desk", Query: subscriptions.Query{Text: "ferry"}}
	if err := r.subs.Put(t.Context(), spec, nil, time.Now().Add(-100*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	stored := 0
	for range kills {
		ctx, kill := context.WithCancel(t.Context())
		run := exec.CommandContext(ctx, program, "--nats-url", server.ClientURL(), "--store-url", dsn, "--admin-addr=",
			"--notifier-files", r.config.Files, "--admin-log-level=error")
		var stderr bytes.Buffer
		run.Stderr = &stderr
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		for range 1 + rand.IntN(6) {
			var batch []*datelinev1.Article
			for range 10 {
				name := strconv.Itoa(stored)
				batch = append(batch, newArticle(name, "Ferry "+name, "The text of "+name+"."))
				stored++
			}
			r.age = time.Duration(1+rand.IntN(3)) * 24 * time.Hour // so that they are not held back
			r.putAll(batch...)
			if err := r.subs.Resume(t.Context(), "files", time.Now()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(rand.N(150 * time.Millisecond))
		}
		kill()
		if err := run.Wait(); run.ProcessState.Exited() {
			t.Fatalf("the notifier was not killed but ended: %v\n%s", err, &stderr)
		}
	}
	// The claim of the last process and the pause of its last round have ended.
	release(r)
	r.run()
	natstest.Eventually(t, "all deliveries", func() bool {
		if one := r.get("files"); one.Delivered == int64(stored) && one.Pending == 0 {
			return true
		}
		if err := r.subs.Resume(t.Context(), "files", time.Now()); err != nil {
			t.Fatal(err)
		}
		return false
	})
	listed, repeated, unlisted := readFiles(t, r.config.Files)
	t.Logf("%d kills, %d events, %d repeated, %d files that no manifest lists", kills, stored, repeated, unlisted)
	if len(listed) != stored {
		t.Errorf("the files have %d events, want %d", len(listed), stored)
	}
}

// release ends all claims, as time does.
func release(r *room) {
	r.Helper()
	_, err := r.store.SQL().Writer.ExecContext(r.Context(), `UPDATE notify_subscriptions SET claim_end = 0`)
	if err != nil {
		r.Fatal(err)
	}
}

// readFiles checks the files and manifests below a folder. It returns how often each event is in files that a manifest
// lists, the number of repetitions, and the number of complete files that are not listed.
func readFiles(t *testing.T, root string) (events map[string]int, repeated, unlisted int) {
	t.Helper()
	events = map[string]int{}
	listed := map[string]bool{}
	var names []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") { // incomplete files have a dot
			return err
		}
		if names = append(names, name); !strings.HasSuffix(name, ".manifest.json") {
			return nil
		}
		var manifest struct {
			Files []struct {
				File        string
				Rows, Bytes int
				SHA256      string
			}
		}
		text, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(text, &manifest)
		}
		if err != nil {
			return err
		}
		for _, one := range manifest.Files {
			file := filepath.Join(filepath.Dir(name), one.File)
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			ids := eventsOf(t, file, data)
			sum := sha256.Sum256(data)
			if listed[file] || len(ids) != one.Rows || len(data) != one.Bytes || hex.EncodeToString(sum[:]) != one.SHA256 {
				t.Errorf("%s has %d rows and %d bytes, the manifest says %+v", file, len(ids), len(data), one)
			}
			listed[file] = true
			for _, id := range ids {
				if events[id]++; events[id] > 1 {
					repeated++
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if listed[name] || strings.HasSuffix(name, ".manifest.json") {
			continue
		}
		unlisted++
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		eventsOf(t, name, data)
	}
	return events, repeated, unlisted
}

// eventsOf returns the ids of the events in a complete file, each of which must be there once.
func eventsOf(t *testing.T, name string, data []byte) []string {
	t.Helper()
	var ids []string
	known := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		var one struct{ ID string }
		if err := json.Unmarshal([]byte(line), &one); err != nil || one.ID == "" || known[one.ID] ||
			!strings.HasSuffix(line, "\n") {
			t.Errorf("%s has the line %.100q (%v), want each event once", name, line, err)
		}
		known[one.ID] = true
		ids = append(ids, one.ID)
	}
	return ids
}
