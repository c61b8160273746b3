package archiver

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/stage"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestErasedBytesAreNowhere erases captures from a complete file and from the open one.
func TestErasedBytesAreNowhere(t *testing.T) {
	room := newRoom(t)
	index := captures.Of(room.store)
	const secret, url = "The mayor's address is a secret.", "http://example.com/secret"
	room.use(t, func(a *Archiver) {
		archive(t, a, page(t, "p1", "http://example.com/1", story), page(t, "p2", url, secret))
	})
	room.use(t, func(a *Archiver) {
		archive(t, a, page(t, "p3", url, secret+secret), page(t, "p4", "http://example.com/4", story))
		before := sizes(t, room)
		for want := range slices.Values([]int{2, 0}) {
			n, left, err := index.Erase(t.Context(), files.InFolder(room.dir), url, noon)
			if err != nil || n != want || left != 0 {
				t.Errorf("erased %d captures, %d are left, %v; want %d", n, left, err, want)
			}
		}
		if after := sizes(t, room); !slices.Equal(before, after) {
			t.Errorf("sizes of the files were %d and are %d", before, after)
		}
		if got := archive(t, a, page(t, "p2", url, secret)); !slices.Equal(got, []string{"produced"}) {
			t.Errorf("an erased page that is delivered again: %q", got)
		}
		archive(t, a, page(t, "p5", "http://example.com/5", story))
	})
	tombstones := 0
	for _, entry := range room.records(t) {
		if bytes.Contains(entry.Block, []byte("mayor")) {
			t.Errorf("a %s record has the text", entry.Get(warcfile.FieldType))
		}
		if warcfile.Value(entry.Block, "erased") != "" {
			tombstones++
		}
	}
	if tombstones != 2 {
		t.Errorf("%d tombstones, want 2", tombstones)
	}
	checkIndex(t, room, []string{"p1", "p4", "p5"})
	if found, err := index.Recent(t.Context(), captures.Filter{}, 10); err != nil || len(found) != 3 {
		t.Errorf("captures %+v, %v", found, err)
	}
}

// sizes returns the sizes of the room's files.
func sizes(t *testing.T, room *room) (all []int64) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(room.dir, "dateline-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, info.Size())
	}
	return all
}

// TestOtherRecordsAreOverwritten erases captures of which the first one in order cannot be
// overwritten, because the index has a wrong length.
func TestOtherRecordsAreOverwritten(t *testing.T) {
	room := newRoom(t)
	index := captures.Of(room.store)
	const secret, url = "The mayor's address is a secret.", "http://example.com/secret"
	broken := captures.Capture{PageID: "p0", URL: url, Time: noon, Type: "text/html", File: "one.warc.gz", Length: 10}
	if err := index.Add(t.Context(), broken.File, 10, []captures.Capture{broken}); err != nil {
		t.Fatal(err)
	}
	room.use(t, func(a *Archiver) {
		for i := range 150 { // more than are overwritten together
			archive(t, a, page(t, fmt.Sprint("p", i+1), url, secret+fmt.Sprint(i)))
		}
	})
	erased, _, err := index.Erase(t.Context(), files.InFolder(room.dir), url, noon)
	if erased != 151 || err == nil || !strings.Contains(err.Error(), "one.warc.gz") ||
		!strings.Contains(err.Error(), "1 erased captures are not overwritten") {
		t.Errorf("erased %d captures, %v; want 151 and the error of one", erased, err)
	}
	if left, err := index.Erasing(t.Context()); err != nil || left != 1 {
		t.Errorf("%d captures are left, %v; want the broken one", left, err)
	}
	for _, entry := range room.records(t) {
		if bytes.Contains(entry.Block, []byte("mayor")) {
			t.Errorf("a %s record has the text", entry.Get(warcfile.FieldType))
		}
	}
}

// TestArchiverOverwritesWhatOthersErase erases in a process without the folder.
func TestArchiverOverwritesWhatOthersErase(t *testing.T) {
	room := newRoom(t)
	index := captures.Of(room.store)
	const secret, url = "The mayor's address is a secret.", "http://example.com/secret"
	a := room.archiver(t, room.config())
	archive(t, a, page(t, "p1", url, secret))
	if n, left, err := index.Erase(t.Context(), nil, url, noon); err != nil || n != 1 || left != 1 {
		t.Errorf("erased %d captures, %d are left, %v; want 1 and 1", n, left, err)
	}
	if found, err := index.Recent(t.Context(), captures.Filter{}, 10); err != nil || len(found) != 0 {
		t.Errorf("the index still has %+v, %v", found, err)
	}
	stop := run(t, a)
	natstest.Eventually(t, "the record is overwritten", func() bool {
		left, err := index.Erasing(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return left == 0
	})
	stop()
	for _, entry := range room.records(t) {
		if bytes.Contains(entry.Block, []byte("mayor")) {
			t.Errorf("a %s record has the text", entry.Get(warcfile.FieldType))
		}
	}
}

func putArticle(t *testing.T, articles store.Store, url string) {
	t.Helper()
	article := &datelinev1.Article{
		Id: "0123456789abcdef", CanonicalUrl: url, RequestedUrl: url, FinalUrl: url, Host: "example.com", Title: "A",
		ContentHash: "a", Text: strings.Repeat("word ", 50),
	}
	if _, err := articles.Put(t.Context(), []*datelinev1.Article{article}); err != nil {
		t.Fatal(err)
	}
}

// TestErasedArticleIsNotArchived fetches a page again after its article was erased.
func TestErasedArticleIsNotArchived(t *testing.T) {
	room := newRoom(t)
	const url = "http://example.com/secret"
	putArticle(t, room.store, url)
	if _, err := room.store.Erase(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	room.use(t, func(a *Archiver) {
		got := archive(t, a, page(t, "p1", url, story), page(t, "p2", "http://example.com/2", story))
		if !slices.Equal(got, []string{"rejected erased", "produced"}) {
			t.Errorf("ended with %q", got)
		}
	})
	if ids := room.ids(t); !slices.Equal(ids, []string{"p2"}) {
		t.Errorf("archived %q", ids)
	}
}

// meanwhile is a store in which something happens after it was first asked for erased URLs.
type meanwhile struct {
	store.Store

	once   *sync.Once
	happen func()
}

func (m meanwhile) ErasedURLs(ctx context.Context, urls []string) (map[string]bool, error) {
	found, err := m.Store.ErasedURLs(ctx, urls)
	m.once.Do(m.happen)
	return found, err
}

// TestErasedWhileItIsArchived erases an article after the archiver has found that it is not
// erased, and before its page is in the index. The bytes must not stay.
func TestErasedWhileItIsArchived(t *testing.T) {
	room := newRoom(t)
	const url = "http://example.com/secret"
	putArticle(t, room.store, url)
	a, err := New(t.Context(), room.config(), Dependencies{
		JS: room.js, Files: files.InFolder(room.dir), Registry: prometheus.NewRegistry(),
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Store: meanwhile{room.store, &sync.Once{}, func() {
			if _, err := room.store.Erase(t.Context(), url); err != nil {
				t.Error(err)
			}
			n, _, err := captures.Of(room.store).Erase(t.Context(), files.InFolder(room.dir), url, noon)
			if err != nil || n != 0 {
				t.Errorf("erased %d captures before they were indexed, %v", n, err)
			}
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	archive(t, a, page(t, "p1", url, story), page(t, "p2", "http://example.com/2", story))
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for _, entry := range room.records(t) {
		if entry.Get(warcfile.FieldURL) == url && entry.Get(warcfile.FieldType) == warcfile.TypeResponse {
			t.Error("the response is still in the archive")
		}
	}
	found, err := captures.Of(room.store).Recent(t.Context(), captures.Filter{}, 10)
	if err != nil || len(found) != 1 || found[0].PageID != "p2" {
		t.Errorf("the index has %+v, %v; want only p2", found, err)
	}
}

// TestErasedBeforeRecovery erases an article whose page is in a file, but not in the index,
// because the archiver was killed between the two.
func TestErasedBeforeRecovery(t *testing.T) {
	room := newRoom(t)
	const url = "http://example.com/secret"
	putArticle(t, room.store, url)
	a := room.archiver(t, room.config())
	p := page(t, "p1", url, story)
	if err := a.write(t.Context(), []*datelinev1.Page{p}, make([]stage.Result, 1)); err != nil {
		t.Fatal(err)
	}
	room.crash(t, a)
	if _, err := room.store.Erase(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	room.use(t, func(*Archiver) {})
	for _, entry := range room.records(t) {
		if entry.Get(warcfile.FieldType) == warcfile.TypeResponse {
			t.Error("the response is still in the archive")
		}
	}
}
