package store

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"
)

// numberedKeys returns the row of recent_keys of an article that was stored a number of seconds
// after an arbitrary time.
func numberedKeys(random *rand.Rand, number, seconds int64) recentKeys {
	r := recentKeys{number: number, time: seconds * 1e6, row: 3 * number}
	for range keysPerArticle {
		key := random.Uint64() >> 8
		if random.IntN(4) == 0 {
			key = uint64(random.IntN(2000)) << 3 // a common key
		}
		r.keys = binary.BigEndian.AppendUint64(r.keys, key)
	}
	return r
}

// TestKeyIndex compares the index with a plain list of everything that was added. Some articles
// leave the window because of their age, and others because there are too many. The positions of
// keys start before 2^32 and wrap around.
func TestKeyIndex(t *testing.T) {
	const window, articles, added = 3 * chunkArticles, 2*chunkArticles + 1000, 6*chunkArticles + 100
	random := rand.New(rand.NewPCG(3, 3))
	x := newKeyIndex(CopyLimits{Window: window * time.Second, Articles: articles})
	x.firstChunk = chunkNumbers - 2
	x.next = x.firstChunk * keysPerChunk
	var all []recentKeys
	for number := range int64(added) {
		seconds := 2 * number // of each two seconds, one article
		if number > added/2 {
			seconds = added + number
		}
		r := numberedKeys(random, number+1, seconds)
		all = append(all, r)
		x.seen(r.time, 0)
		x.add(r)
		x.add(r) // another call has read the row, too
		if n := int(number); n != 500 && n != chunkArticles && n != added/2 && n != added-1 {
			continue
		}
		first := max(0, len(all)-articles)
		for all[first].time < r.time-window*1e6 {
			first++
		}
		wantKeys(t, x, all[first:])
	}
	last := all[len(all)-1]
	x.add(recentKeys{number: last.number + 1, time: last.time, row: 1}) // a short text
	if got, want := x.window().Length, (articles-1)*time.Second; got != want {
		t.Errorf("the window is %s long, want %s", got, want)
	}
	x.seen(last.time+2*window*1e6, last.number+1)
	if got := x.window(); got != (CopiesWindow{}) || len(x.chunks) > 1 || x.firstNumber() < last.number-chunkArticles {
		t.Errorf("after the window has passed, it is %+v with %d chunks from %d", got, len(x.chunks), x.firstNumber())
	}
}

// wantKeys checks that the index has exactly the keys of some articles.
func wantKeys(t *testing.T, x *keyIndex, articles []recentKeys) {
	t.Helper()
	if got := x.window().Articles; got != len(articles) {
		t.Fatalf("%d articles in the window, want %d", got, len(articles))
	}
	if first := x.firstNumber(); first > articles[0].number || first <= articles[0].number-chunkArticles {
		t.Errorf("rows from number %d are needed, want from just before %d", first, articles[0].number)
	}
	rowsOf := make(map[uint64][]int64)
	for _, r := range slices.Backward(articles) {
		for k := range keysPerArticle {
			key := binary.BigEndian.Uint64(r.keys[keyBytes*k:])
			if len(rowsOf[key]) < maxPerKey {
				rowsOf[key] = append(rowsOf[key], r.row)
			}
		}
	}
	for key, want := range rowsOf {
		if got := x.rowsOf(key); !slices.Equal(got, want) {
			t.Fatalf("of %d articles, key %x has rows %v, want %v", len(articles), key, got, want)
		}
	}
}

// TestKeyIndexMemory verifies that an article takes at most BytesPerCopy in the heap.
func TestKeyIndexMemory(t *testing.T) {
	for _, articles := range []int64{100_000, 1_000_000} {
		random := rand.New(rand.NewPCG(5, 5))
		before := heapBytes()
		x := newKeyIndex(CopyLimits{Window: time.Hour, Articles: int(articles)})
		for number := range articles + chunkArticles/2 { // the window has moved on
			x.add(numberedKeys(random, number+1, 0))
		}
		per := float64(heapBytes()-before) / float64(x.window().Articles)
		t.Logf("%d articles: %.1f bytes per article", x.window().Articles, per)
		if per > BytesPerCopy {
			t.Errorf("an article of %d takes %.1f bytes, want at most %d", articles, per, BytesPerCopy)
		}
		runtime.KeepAlive(x)
	}
}

func heapBytes() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// BenchmarkKeyIndex looks up the eight keys of an article, most of which occur once, and adds it.
func BenchmarkKeyIndex(b *testing.B) {
	const articles = 1_000_000
	random := rand.New(rand.NewPCG(5, 5))
	x := newKeyIndex(CopyLimits{Window: time.Hour, Articles: articles})
	number := int64(0)
	add := func() {
		number++
		x.add(numberedKeys(random, number, 0))
	}
	for range articles {
		add()
	}
	for b.Loop() {
		for range keysPerArticle {
			x.rowsOf(random.Uint64() >> 8)
		}
		add()
	}
}
