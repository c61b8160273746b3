package store

import (
	"encoding/binary"
	"sync"
	"time"
)

const (
	// keysPerArticle is the number of keys of every sketch.
	keysPerArticle = 8
	keyBytes       = 8
	// chunkArticles is the number of articles in a chunk of the index. A chunk fills 19 pages of
	// Go's allocator exactly.
	chunkArticles = 2048
	keysPerChunk  = chunkArticles * keysPerArticle
	// chunkNumbers is the number of chunks after which positions are used again.
	chunkNumbers = 1 << 32 / keysPerChunk
	// firstBuckets is the number of buckets of an empty index, and maxChain the average length of
	// a chain at which it is doubled.
	firstBuckets, maxChain = 1024, 4
)

// keyIndex is a hash table of the keys of the articles that were stored last, in the order in
// which they were stored. An article takes 76 bytes, and its share of the buckets 8 to 16 bytes.
// Its methods are safe for concurrent use.
type keyIndex struct {
	mu     sync.Mutex
	limits CopyLimits
	chunks []keyChunk // oldest first
	// firstChunk is the number of the first chunk, modulo chunkNumbers.
	firstChunk uint32
	newest     []uint32 // by bucket, the position of its newest key
	// next is the position of the next key, modulo 2^32. A key whose position is more than held articles
	// behind next is no longer in the window.
	next uint32
	held int // number of articles in the window
	// now is the time of the window in microseconds, and read the last number of the table
	// recent_keys that was read.
	now, read int64
}

// keyChunk has the articles of chunkArticles successive rows of the table recent_keys.
type keyChunk struct {
	number int64 // of the first one
	*keyArrays
}

type keyArrays struct {
	keys  [keysPerChunk]chainedKey
	rows  [chunkArticles]int64
	times [chunkArticles]uint32 // in seconds since 1970, rounded up
}

// chainedKey has the lower half of a key, and the position of the previous key of its bucket.
type chainedKey struct{ key, older uint32 }

func newKeyIndex(limits CopyLimits) *keyIndex {
	// Position 0, which ends a chain, is in no chunk.
	return &keyIndex{limits: limits, newest: make([]uint32, firstBuckets), next: keysPerChunk, firstChunk: 1}
}

// reset empties the index and sets its limits.
func (x *keyIndex) reset(limits CopyLimits) {
	empty := newKeyIndex(limits)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.limits, x.chunks, x.firstChunk, x.newest = empty.limits, nil, empty.firstChunk, empty.newest
	x.next, x.held, x.now, x.read = empty.next, 0, 0, 0
}

// recentKeys is a row of the table recent_keys.
type recentKeys struct {
	number, time, row int64
	keys              []byte // of eight bytes each
}

// add adds the keys of an article that was stored after all others. It ignores keys that were
// read before, and those of texts that are too short.
func (x *keyIndex) add(r recentKeys) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if r.number <= x.read {
		return
	}
	x.read = r.number
	if len(r.keys) < keyBytes*keysPerArticle {
		return
	}
	if x.next%keysPerChunk == 0 {
		if len(x.chunks) == 0 {
			x.firstChunk = x.next / keysPerChunk
		}
		x.chunks = append(x.chunks, keyChunk{r.number, new(keyArrays)})
	}
	chunk, i := x.at(x.next)
	chunk.rows[i/keysPerArticle] = r.row
	chunk.times[i/keysPerArticle] = uint32((r.time + 999_999) / 1e6)
	for k := range uint32(keysPerArticle) {
		chunk.keys[i+k].key = uint32(binary.BigEndian.Uint64(r.keys[keyBytes*k:]))
		x.link(x.next + k)
	}
	x.next += keysPerArticle
	x.held++
	x.dropOldest()
	if x.held*keysPerArticle > maxChain*len(x.newest) {
		x.growBuckets(2 * len(x.newest))
	}
}

// at returns the chunk of a position, and the index of its key there.
func (x *keyIndex) at(position uint32) (chunk keyChunk, i uint32) {
	return x.chunks[(position/keysPerChunk-x.firstChunk)%chunkNumbers], position % keysPerChunk
}

// link makes the key at a position the newest of its bucket.
func (x *keyIndex) link(position uint32) {
	chunk, i := x.at(position)
	key := &chunk.keys[i]
	bucket := &x.newest[key.key&uint32(len(x.newest)-1)]
	key.older, *bucket = *bucket, position
}

func (x *keyIndex) growBuckets(buckets int) {
	x.newest = make([]uint32, buckets)
	for at := x.oldest(); at != x.next; at++ {
		x.link(at)
	}
}

// oldest returns the position of the oldest key in the window.
func (x *keyIndex) oldest() uint32 { return x.next - uint32(x.held)*keysPerArticle }

// age returns how long ago the oldest article of the window was stored.
func (x *keyIndex) age() time.Duration {
	if x.held == 0 {
		return 0
	}
	chunk, i := x.at(x.oldest())
	return max(0, time.UnixMicro(x.now).Sub(time.Unix(int64(chunk.times[i/keysPerArticle]), 0)))
}

// dropOldest drops the articles that are outside the limits.
func (x *keyIndex) dropOldest() {
	for x.held > x.limits.Articles || x.age() > x.limits.Window {
		x.held--
	}
	for first := x.oldest() / keysPerChunk; len(x.chunks) > 0 && x.firstChunk != first; {
		x.chunks[0] = keyChunk{}
		x.chunks = x.chunks[1:]
		x.firstChunk = (x.firstChunk + 1) % chunkNumbers
	}
}

// seen sets the time of the window, and the last number that all rows of the table recent_keys
// had when they were read.
func (x *keyIndex) seen(now, last int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now, x.read = max(x.now, now), max(x.read, last)
	x.dropOldest()
}

// lastRead returns the last number of the table recent_keys that was read.
func (x *keyIndex) lastRead() int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.read
}

// firstNumber returns a number of the table recent_keys before which no row is needed.
func (x *keyIndex) firstNumber() int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.chunks) == 0 {
		return x.read + 1
	}
	return x.chunks[0].number
}

// window returns the extent of the window.
func (x *keyIndex) window() CopiesWindow {
	x.mu.Lock()
	defer x.mu.Unlock()
	return CopiesWindow{Length: x.age(), Articles: x.held}
}

// rowsOf returns the newest rows that have a key, up to maxPerKey. Because only half of a key is
// kept, it may return a row that does not have it.
func (x *keyIndex) rowsOf(key uint64) []int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	var rows []int64
	low, live := uint32(key), uint32(x.held)*keysPerArticle
	at := x.newest[low&uint32(len(x.newest)-1)]
	for before := uint32(0); len(rows) < maxPerKey; {
		age := x.next - at
		if age <= before || age > live {
			break
		}
		chunk, i := x.at(at)
		if chunk.keys[i].key == low {
			rows = append(rows, chunk.rows[i/keysPerArticle])
		}
		at, before = chunk.keys[i].older, age
	}
	return rows
}
