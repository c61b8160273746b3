package store

import "encoding/binary"

const (
	// keysPerArticle is the number of keys of every sketch.
	keysPerArticle = 8
	keyBytes       = 8
	// firstKeyIndexSize is the number of articles for which a new index has room.
	firstKeyIndexSize = 1024
)

// keyIndex is a hash table of the keys of the articles whose texts were stored
// last. The keys are in a ring buffer, and each key is chained to the previous
// one of the same bucket. An article takes about 100 bytes.
type keyIndex struct {
	window int // maximum number of articles, a power of two
	held   int // number of articles
	// rows has the articles' rows in a ring buffer.
	rows []int64
	// keys has the lower halves of the articles' keys, keysPerArticle for each
	// row. There are as many keys as chain links and buckets.
	keys   []uint32
	older  []uint32 // by key, the position of the previous key of its bucket
	newest []uint32 // by bucket, the position of its newest key
	// next is the position of the next key. Positions keep counting when the ring
	// buffer wraps around. A key whose position is more than the buffer's length
	// behind next has been overwritten.
	next uint32
	// read is the number of the last database row that was added.
	read int64
}

func newKeyIndex(window int) *keyIndex {
	x := &keyIndex{window: window}
	x.resize(min(window, firstKeyIndexSize))
	return x
}

func (x *keyIndex) resize(articles int) {
	size := articles * keysPerArticle
	x.rows = make([]int64, articles)
	x.keys, x.older, x.newest = make([]uint32, size), make([]uint32, size), make([]uint32, size)
	x.held = 0
	x.next = uint32(size + keysPerArticle) // so that position 0, which ends a chain, is overwritten
}

// add adds an article, given its row and its keys of eight bytes each. If the
// window is full, it drops the oldest article.
func (x *keyIndex) add(row int64, data []byte) {
	if len(data) < keyBytes*keysPerArticle {
		return // the text is too short, or the article was erased
	}
	if x.held == len(x.rows) && x.held < x.window {
		x.grow()
	}
	var keys [keysPerArticle]uint32
	for i := range keys {
		keys[i] = uint32(binary.BigEndian.Uint64(data[keyBytes*i:]))
	}
	x.put(row, keys[:])
}

func (x *keyIndex) put(row int64, keys []uint32) {
	x.held = min(x.held+1, len(x.rows))
	mask := uint32(len(x.keys) - 1)
	x.rows[x.next&mask/keysPerArticle] = row
	for _, key := range keys {
		x.keys[x.next&mask], x.older[x.next&mask] = key, x.newest[key&mask]
		x.newest[key&mask] = x.next
		x.next++
	}
}

func (x *keyIndex) grow() {
	before := *x
	x.resize(2 * len(before.rows))
	size := uint32(len(before.keys))
	mask := size - 1
	for at := before.next - size; at != before.next; at += keysPerArticle {
		x.put(before.rows[at&mask/keysPerArticle], before.keys[at&mask:][:keysPerArticle])
	}
}

// rowsOf returns the newest rows that have a key, up to maxPerKey. Because only
// half of a key is kept, it may return a row that does not have it.
func (x *keyIndex) rowsOf(key uint64) []int64 {
	var rows []int64
	size := uint32(len(x.keys))
	mask, low := size-1, uint32(key)
	for at := x.newest[low&mask]; x.next-at <= size && len(rows) < maxPerKey; at = x.older[at&mask] {
		if x.keys[at&mask] == low {
			rows = append(rows, x.rows[at&mask/keysPerArticle])
		}
	}
	return rows
}
