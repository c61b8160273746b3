package archiver

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
)

// archivedAt returns a page that was fetched at a time, with labels.
func archivedAt(t *testing.T, id string, at time.Time, labels map[string]string) *datelinev1.Page {
	t.Helper()
	p := page(t, id, "http://example.com/"+id, story)
	p.FetchTime, p.Exchange.Time, p.Request.Labels = timestamppb.New(at), timestamppb.New(at), labels
	return p
}

// left returns the ids of the pages in the index, and the number of files.
func left(t *testing.T, room *room) (ids []string, files int) {
	t.Helper()
	for c, err := range captures.Of(room.store).Sorted(t.Context(), captures.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.PageID)
	}
	paths, err := filepath.Glob(filepath.Join(room.dir, "dateline-*"))
	if err != nil {
		t.Fatal(err)
	}
	return ids, len(paths)
}

// threeFiles writes a file for each of three days, and leaves a fourth one open.
func threeFiles(t *testing.T, room *room) {
	t.Helper()
	for day, id := range []string{"p1", "p2", "p3"} {
		room.use(t, func(a *Archiver) { archive(t, a, archivedAt(t, id, noon.AddDate(0, 0, day), nil)) })
	}
}

func TestOldFilesAreDeleted(t *testing.T) {
	room := newRoom(t)
	threeFiles(t, room)
	config := room.config()
	config.MaxAge = 36 * time.Hour
	a := room.archiver(t, config)
	now := noon.AddDate(0, 0, 2)
	archive(t, a, archivedAt(t, "p4", noon, nil)) // old, but in the open file
	for range 5 {
		if err := a.retain(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	if ids, files := left(t, room); !slices.Equal(ids, []string{"p2", "p3", "p4"}) || files != 3 {
		t.Errorf("after a day and a half, the index has %q, and there are %d files", ids, files)
	}
	for range 5 {
		if err := a.retain(t.Context(), now.AddDate(0, 1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if ids, files := left(t, room); !slices.Equal(ids, []string{"p4"}) || files != 1 {
		t.Errorf("after a month, the index has %q, and there are %d files; want the open one", ids, files)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDeletionContinuesAfterARestart ends the process after the captures of a file were
// removed from the index, and before the file was.
func TestDeletionContinuesAfterARestart(t *testing.T) {
	room := newRoom(t)
	threeFiles(t, room)
	index := captures.Of(room.store)
	oldest, err := index.OldestFile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if empty, err := index.DropCaptures(t.Context(), oldest); err != nil || !empty {
		t.Fatalf("empty %t, %v", empty, err)
	}
	config := room.config()
	config.MaxAge = 36 * time.Hour
	a := room.archiver(t, config)
	if err := a.retain(t.Context(), noon.AddDate(0, 0, 2)); err != nil {
		t.Fatal(err)
	}
	if ids, files := left(t, room); !slices.Equal(ids, []string{"p2", "p3"}) || files != 2 {
		t.Errorf("the index has %q, and there are %d files", ids, files)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSizeIsLimited(t *testing.T) {
	room := newRoom(t)
	threeFiles(t, room)
	a := room.archiver(t, room.config())
	size, err := a.index.Size(t.Context())
	if err != nil || size.Files != 3 || !size.Oldest.Equal(noon.Truncate(time.Microsecond)) {
		t.Errorf("size %+v, %v", size, err)
	}
	a.retention.maxBytes = size.Bytes - 1
	for range 3 {
		if err := a.retain(t.Context(), noon); err != nil {
			t.Fatal(err)
		}
	}
	if ids, files := left(t, room); !slices.Equal(ids, []string{"p2", "p3"}) || files != 2 {
		t.Errorf("the index has %q, and there are %d files", ids, files)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLabelledPagesExpire(t *testing.T) {
	room := newRoom(t)
	config := room.config()
	config.Expire = []string{"team=trial:24h"}
	a := room.archiver(t, config)
	trial := map[string]string{"team": "trial"}
	archive(t, a, archivedAt(t, "p1", noon, trial), archivedAt(t, "p2", noon, map[string]string{"team": "rivers"}),
		archivedAt(t, "p3", noon.AddDate(0, 0, 2), trial))
	if err := a.retain(t.Context(), noon.AddDate(0, 0, 2)); err != nil {
		t.Fatal(err)
	}
	if err := a.index.Overwrite(t.Context(), room.dir); err != nil {
		t.Fatal(err)
	}
	if ids, _ := left(t, room); !slices.Equal(ids, []string{"p2", "p3"}) {
		t.Errorf("the index has %q", ids)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	bodies := 0
	for _, entry := range room.records(t) {
		if bytes.Contains(entry.Block, []byte(story)) {
			bodies++
		}
	}
	if bodies != 2 {
		t.Errorf("the files have %d bodies, want 2", bodies)
	}
	for _, entry := range room.records(t) {
		if at := warcfile.Value(entry.Block, "erased"); at != "" && at != warcfile.Date(noon.AddDate(0, 0, 2)) {
			t.Errorf("the record was erased at %s, want the time of the erasure", at)
		}
	}
}

// TestLatePagesExpire archives a page when pages of its time were examined already.
func TestLatePagesExpire(t *testing.T) {
	room := newRoom(t)
	config := room.config()
	config.Expire = []string{"team=trial:24h"}
	a := room.archiver(t, config)
	trial := map[string]string{"team": "trial"}
	now := noon.AddDate(0, 0, 2)
	for i, p := range []*datelinev1.Page{
		archivedAt(t, "p1", noon, trial), archivedAt(t, "p2", noon.Add(-time.Hour), trial), archivedAt(t, "p3", now, trial),
	} {
		archive(t, a, p)
		if err := a.retain(t.Context(), now.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if ids, _ := left(t, room); !slices.Equal(ids, []string{"p3"}) {
		t.Errorf("the index has %q, want the page that has not expired", ids)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestBodiesThatExpireAreWrittenAgain archives the same page three times.
func TestBodiesThatExpireAreWrittenAgain(t *testing.T) {
	room := newRoom(t)
	config := room.config()
	config.MaxAge = 40 * 24 * time.Hour
	a := room.archiver(t, config)
	var revisits []bool
	now := time.Now()
	for i, at := range []time.Time{now.AddDate(0, 0, -11), now.AddDate(0, 0, -1), now} {
		p := page(t, string(rune('a'+i)), "http://example.com/", story)
		p.FetchTime, p.Exchange.Time = timestamppb.New(at), timestamppb.New(at)
		archive(t, a, p)
		found, err := a.index.Page(t.Context(), p.GetId())
		if err != nil {
			t.Fatal(err)
		}
		revisits = append(revisits, found[0].IsRevisit())
	}
	if want := []bool{false, false, true}; !slices.Equal(revisits, want) {
		t.Errorf("revisits %t, want %t: the first body is too old to be referred to", revisits, want)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRetentionSettings(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.MaxAge = time.Minute },
		func(c *Config) { c.MaxBytes = 1 << 20 },
		func(c *Config) { c.Expire = []string{"team"} },
		func(c *Config) { c.Expire = []string{"team=trial"} },
		func(c *Config) { c.Expire = []string{"team=trial:soon"} },
		func(c *Config) { c.Expire = []string{"=trial:1h"} },
	} {
		config := DefaultConfig()
		change(&config)
		if config.Validate() == nil {
			t.Errorf("%+v is accepted", config)
		}
	}
	config := DefaultConfig()
	config.Expire = []string{"source=http://example.com:8080:24h"}
	if err := config.Validate(); err != nil {
		t.Error(err)
	}
}
