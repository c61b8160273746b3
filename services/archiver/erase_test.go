package archiver

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
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
		if _, err := index.Erase(t.Context(), "", url, noon); !errors.Is(err, captures.ErrNoFolder) {
			t.Errorf("without a folder: %v", err)
		}
		for want := range slices.Values([]int{2, 0}) {
			if n, err := index.Erase(t.Context(), room.dir, url, noon); err != nil || n != want {
				t.Errorf("erased %d captures, %v; want %d", n, err, want)
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

// TestErasedArticleIsNotArchived fetches a page again after its article was erased.
func TestErasedArticleIsNotArchived(t *testing.T) {
	room := newRoom(t)
	const url = "http://example.com/secret"
	article := &datelinev1.Article{
		Id: "0123456789abcdef", CanonicalUrl: url, RequestedUrl: url, FinalUrl: url, Host: "example.com", Title: "A",
		ContentHash: "a", Text: strings.Repeat("word ", 50),
	}
	if _, err := room.store.Put(t.Context(), []*datelinev1.Article{article}); err != nil {
		t.Fatal(err)
	}
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
