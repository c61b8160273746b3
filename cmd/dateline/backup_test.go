package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/cmd/dateline/internal/backup"
	"github.com/dateline-news/dateline/cmd/dateline/internal/newsroom"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/progress"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// streamsInBackup is the number of streams in a backup, including those of buckets.
const streamsInBackup = 12

// TestBackup restores a backup into an empty folder: rows, messages with their numbers,
// and unfinished work.
func TestBackup(t *testing.T) {
	t.Parallel()
	room, err := newsroom.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close()
	dir := t.TempDir()
	from, saved, to := filepath.Join(dir, "from"), filepath.Join(dir, "saved"), filepath.Join(dir, "to")
	ingest(t, from, urlFile(t, room.URLs()))
	// A URL that has not been processed.
	if code, _, text := dateline(t, "publish", "--data", from, room.URLs()[0]); code != 0 {
		t.Fatal(text)
	}
	code, out, text := dateline(t, "backup", "--data", from, saved)
	if code != 0 || strings.Count(out, "messages") != streamsInBackup {
		t.Fatalf("backup: exit code %d\n%s%s", code, out, text)
	}
	code, _, text = dateline(t, "backup", "--data", from, saved)
	if code == 0 || !strings.Contains(text, "back up into an empty folder") {
		t.Errorf("a second backup into the folder: exit code %d, %q", code, text)
	}
	code, _, text = dateline(t, "restore", "--data", from, saved)
	if code == 0 || !strings.Contains(text, "restore into an empty one") {
		t.Errorf("a restore into a used folder: exit code %d, %q", code, text)
	}
	// Without the streams, the store is still in use.
	used := filepath.Join(dir, "used")
	if err := os.MkdirAll(used, 0o700); err != nil {
		t.Fatal(err)
	}
	const articles = "the articles of somebody"
	usedStore := filepath.Join(used, "articles.db")
	if err := os.WriteFile(usedStore, []byte(articles), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, text = dateline(t, "restore", "--data", used, saved)
	if code == 0 || !strings.Contains(text, "exists: restore into an empty folder") {
		t.Errorf("a restore beside a store: exit code %d, %q", code, text)
	}
	if kept, err := os.ReadFile(usedStore); err != nil || string(kept) != articles {
		t.Errorf("the restore has replaced the store: %v", err)
	}
	if code, _, text := dateline(t, "restore", "--data", to, saved); code != 0 {
		t.Fatalf("restore: %s", text)
	}
	before, after := contents(t, from), contents(t, to)
	for name, want := range before {
		if want == (content{}) {
			want.first = after[name].first // 0 or 1 for a stream that never had a message
		}
		if after[name] != want {
			t.Errorf("%s is %+v after the restore, want %+v", name, after[name], want)
		}
	}
	if before[subject.StreamURLs].messages != 1 || before["articles"].messages < 20 {
		t.Errorf("the backup contains too little for the test: %+v", before)
	}
	checkRestored(t, to)
	// The next run also processes the waiting URL, which is a duplicate.
	ingest(t, to, room.URLs()[1])
	if left := contents(t, to)[subject.StreamURLs].messages; left != 0 {
		t.Errorf("%d URLs wait on the restored stream, want none", left)
	}
}

func TestRestoreNeedsABackup(t *testing.T) {
	t.Parallel()
	code, _, text := dateline(t, "restore", "--data", filepath.Join(t.TempDir(), "to"), t.TempDir())
	if code == 0 || strings.Count(text, "\n") != 1 || !strings.Contains(text, "name the folder") {
		t.Errorf("%d %q", code, text)
	}
}

// TestBackupPermissions checks that the deployment's operator may back up the streams,
// and that a service may not.
func TestBackupPermissions(t *testing.T) {
	t.Parallel()
	srv, _ := deployedNATS(t)
	_, js := connectAs(t, srv, "setup", "declare")
	if err := topology.Reconcile(t.Context(), js, topology.Limits{}); err != nil {
		t.Fatal(err)
	}
	operator, _ := connectAs(t, srv, "operator", "dateline")
	streams, err := backup.Streams(t.Context(), operator, t.TempDir())
	if err != nil || len(streams) != streamsInBackup {
		t.Errorf("operator: %v, %v", streams, err)
	}
	indexer, _ := connectAs(t, srv, "indexer", "indexer")
	_, err = backup.Streams(t.Context(), indexer, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "such as operator") {
		t.Errorf("indexer: %v", err)
	}
}

// checkRestored checks that the page of an article is where its record says, and that the
// store is not older than the streams.
func checkRestored(t *testing.T, dir string) {
	t.Helper()
	bus, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	s := openStore(t, dir)
	checkProgress(t, bus, s)
	lib := library.New(s, bus.JS)
	page, err := lib.Search(t.Context(), store.Query{Limit: 1})
	if err != nil || len(page.Hits) != 1 {
		t.Fatalf("%v, %v", page, err)
	}
	if raw, err := lib.Raw(t.Context(), page.Hits[0].Article); err != nil || len(raw.Body) == 0 {
		t.Errorf("%d bytes, %v", len(raw.Body), err)
	}
}

// checkProgress checks that the store is not older than the streams.
func checkProgress(t *testing.T, bus *pipeline.Bus, s store.Store) {
	t.Helper()
	states, err := progress.Compare(t.Context(), bus.JS, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range states {
		if len(state.Missing) > 0 {
			t.Errorf("the store lacks the messages %v of %s", state.Missing, state.Stream)
		}
	}
}

// content is the number of messages of a stream, or rows of a table, and the first and
// last sequence numbers.
type content struct{ messages, first, last uint64 }

// contents returns the contents of the streams and the store of a data folder.
func contents(t *testing.T, dir string) map[string]content {
	t.Helper()
	all := map[string]content{}
	bus, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	for _, name := range subject.Streams() {
		s := streamState(t, bus, name)
		if s.Msgs == 0 {
			s.FirstSeq = s.LastSeq + 1 // also of a stream that was never used
		}
		all[name] = content{s.Msgs, s.FirstSeq, s.LastSeq}
		if s.LastSeq == 0 { // a restored stream that never had a message has another first number
			all[name] = content{}
		}
	}
	stats, err := openStore(t, dir).Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all["articles"] = content{messages: uint64(stats.Articles)}
	all["revisions"] = content{messages: uint64(stats.Revisions)}
	all["outcomes"] = content{messages: uint64(stats.Outcomes)}
	return all
}
