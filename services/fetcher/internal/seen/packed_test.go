package seen

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPackedMarkIsUnchanged(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	at, written := time.UnixMilli(1_790_000_000_123), time.Unix(1_790_000_060, 0)
	long := strings.Repeat("x", maxValidator)
	for name, mark := range map[string]Mark{
		"waiting":          {Request: "12-abc", Input: "12-abc", Time: at},
		"own request":      {Request: "mine", Input: "12-abc", Time: at},
		"done":             {Request: "mine", Input: "12-abc", Time: at, Done: true},
		"version":          {Request: "1", Input: "1", Time: at, Done: true, Version: Version{URL: key, ETag: `"é"`}},
		"after a redirect": {Request: "1", Input: "1", Time: at, Version: Version{URL: "other", LastModified: "yesterday"}},
		"long":             {Request: long, Input: "1", Time: at, Version: Version{URL: key, ETag: long, LastModified: long}},
		"without ids":      {Time: at},
	} {
		t.Run(name, func(t *testing.T) {
			r := pack(key, mark, written)
			got, err := unpack(key, r)
			if err != nil || got != mark || !r.written().Equal(written) || r.isRemoval() {
				t.Errorf("got %+v (%v), written %s, want %+v", got, err, r.written(), mark)
			}
			data := appendLeaf([]record{r})
			if found, ok, err := find(data, key); err != nil || !ok || string(found) != string(r) {
				t.Errorf("the leaf has %x (%t, %v), want %x", found, ok, err, r)
			}
			if _, ok, err := find(data, "another"); ok || err != nil {
				t.Errorf("the leaf has the mark of another key (%v)", err)
			}
		})
	}
}

// TestDamagedLeaf checks that a leaf that was cut or changed is an error and nothing worse.
func TestDamagedLeaf(t *testing.T) {
	key, at := "key", time.UnixMilli(1_790_000_000_123)
	mark := Mark{Request: "mine", Input: "1", Time: at, Version: Version{URL: "other", ETag: "e", LastModified: "l"}}
	data := appendLeaf([]record{pack(key, mark, at)})
	for n := range data {
		if _, found, err := find(data[:n], key); n != 1 && err == nil {
			t.Errorf("the first %d bytes decode, found %t", n, found)
		}
		changed := slices.Clone(data)
		changed[n] ^= 0xff
		if r, found, err := find(changed, key); err == nil && found {
			_, _ = unpack(key, r)
		}
	}
	if r, _, err := find(data, key); err != nil {
		t.Error(err)
	} else {
		for n := recordHeader; n < len(r); n++ {
			if _, err := unpack(key, r[:n]); err == nil {
				t.Errorf("the first %d of %d bytes of a record decode", n, len(r))
			}
		}
	}
	for _, data := range [][]byte{nil, {2, 0}, {indexFormat}, {indexFormat, 0, 1}, {indexFormat, maxLeafBits + 1}} {
		if _, err := parseIndex(data); err == nil {
			t.Errorf("the index %x decodes", data)
		}
	}
}

// TestMerge merges marks of each kind, and finds each mark in the leaf that the index names.
func TestMerge(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	sorted := func(records ...record) []record {
		slices.SortFunc(records, byHash)
		return records
	}
	mark := func(key, request string, written time.Time) record {
		return pack(key, Mark{Request: request, Input: request, Time: written}, written)
	}
	merged := merge(
		sorted(mark("kept", "old", now), mark("replaced", "old", now), mark("removed", "old", now),
			mark("expired", "old", now.Add(-2*time.Hour))),
		sorted(mark("added", "new", now), mark("replaced", "new", now), removal("removed"), removal("unknown")),
		now.Add(-time.Hour),
	)
	if !slices.IsSortedFunc(merged, byHash) {
		t.Error("the marks are not sorted")
	}
	for key, want := range map[string]string{
		"kept": "old", "replaced": "new", "added": "new", "removed": "", "expired": "", "unknown": "",
	} {
		r, found, err := find(appendLeaf(merged), key)
		if err != nil {
			t.Fatal(err)
		}
		var got Mark
		if found {
			if got, err = unpack(key, r); err != nil {
				t.Fatal(err)
			}
		}
		if got.Request != want {
			t.Errorf("%s: request %q, want %q", key, got.Request, want)
		}
	}
}

// TestIndexNamesTheLeaf divides the marks of a segment into leaves.
func TestIndexNamesTheLeaf(t *testing.T) {
	const segment, marks = 7, 50
	var keys []string
	var all []record
	for i := 0; len(keys) < marks; i++ {
		if key := fmt.Sprintf("%032x", i); hashOf(key).segment() == segment {
			keys = append(keys, key)
			all = append(all, pack(key, Mark{Input: key, Request: key}, time.Now()))
		}
	}
	slices.SortFunc(all, byHash)
	for _, bits := range []int{0, 1, 4, maxLeafBits} {
		msgs := segmentLeaves(segment, bits, all, segmentState{bits: unknownBits})
		x, err := parseIndex(appendIndex(all, bits))
		if err != nil || len(msgs) != 1<<bits {
			t.Fatalf("%d messages, %v", len(msgs), err)
		}
		for _, key := range keys {
			leaf, ok := x.leaf(hashOf(key))
			if !ok {
				t.Fatalf("%d bits: the index lacks %s", bits, key)
			}
			if _, found, err := find(msgs[leaf].Data, key); !found || err != nil {
				t.Errorf("%d bits: leaf %d lacks %s (%v)", bits, leaf, key, err)
			}
		}
	}
}

// TestNewestRecords has more records of a segment than a sort keeps in order by chance.
func TestNewestRecords(t *testing.T) {
	const marks, versions = 50, 4
	var all []record
	for v := range versions {
		for i := range marks {
			key, request := fmt.Sprint("url-", i), fmt.Sprint("r", v)
			if v == versions-1 && i%5 == 0 {
				all = append(all, removal(key))
				continue
			}
			all = append(all, pack(key, Mark{Request: request, Input: request, Time: time.Now()}, time.Now()))
		}
	}
	got := newest(all)
	if len(got) != marks || !slices.IsSortedFunc(got, byHash) {
		t.Errorf("%d records, want %d that are sorted", len(got), marks)
	}
	leaf := appendLeaf(merge(nil, got, time.Time{}))
	for i := range marks {
		key := fmt.Sprint("url-", i)
		r, found, err := find(leaf, key)
		if err != nil || found != (i%5 != 0) {
			t.Errorf("%s is found: %t (%v)", key, found, err)
		}
		if !found {
			continue
		}
		if mark, err := unpack(key, r); err != nil || mark.Request != "r3" {
			t.Errorf("the mark of %s has the request %q (%v), want r3", key, mark.Request, err)
		}
	}
}
