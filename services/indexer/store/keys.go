package store

import (
	"cmp"
	"encoding/binary"
	"slices"
)

const (
	// copiesWindow is how many articles a new one is compared with: those whose
	// texts were stored last. See docs/decisions/0010.
	copiesWindow = 1 << 19
	// These bound how many of them are looked at, so that a line that stands in
	// thousands costs no more than one in two: of each key the newest, and of
	// those the ones that share most keys; more than one only if they share two.
	maxOfKey      = 16
	maxCandidates = 4
	maxOfOneKey   = 1
)

// closest returns the rows of the articles that are worth comparing with a text
// that has the given keys; rowsOf returns the newest rows that have a key.
func closest(keys []uint64, rowsOf func(key uint64) []int64) []int64 {
	var rows []int64
	for _, key := range keys {
		rows = append(rows, rowsOf(key)...)
	}
	slices.Sort(rows)
	type sharer struct {
		row  int64
		keys int
	}
	var all []sharer
	for i, row := range rows {
		if i > 0 && row == rows[i-1] {
			all[len(all)-1].keys++
		} else {
			all = append(all, sharer{row, 1})
		}
	}
	slices.SortFunc(all, func(a, b sharer) int {
		return cmp.Or(-cmp.Compare(a.keys, b.keys), -cmp.Compare(a.row, b.row))
	})
	rows = rows[:0]
	for i, one := range all[:min(maxCandidates, len(all))] {
		if i < maxOfOneKey || one.keys > 1 {
			rows = append(rows, one.row)
		}
	}
	return rows
}

// keysOfArticle is how many keys every sketch has.
const keysOfArticle = 8

// keyIndex is a hash table of the keys of the articles whose texts were stored
// last. Their keys stand in a ring, and each is chained to the one before it in
// the same bucket. An article takes about 100 bytes.
type keyIndex struct {
	window int      // most articles, a power of two
	held   int      // articles
	rows   []int64  // of the articles, in a ring
	keys   []uint32 // the lower halves of their keys, eight for each; as many as each of the next two
	older  []uint32 // of each key, the place before it in its bucket
	newest []uint32 // of each bucket, its newest place
	// next is the place of the next key. Places are counted on around the ring,
	// and what is further behind than its length has been overwritten.
	next uint32
	// read is the number of the last row of the database that was added.
	read int64
}

func newKeyIndex(window int) *keyIndex {
	x := &keyIndex{window: window}
	x.resize(min(window, 1024))
	return x
}

func (x *keyIndex) resize(articles int) {
	size := articles * keysOfArticle
	x.rows = make([]int64, articles)
	x.keys, x.older, x.newest = make([]uint32, size), make([]uint32, size), make([]uint32, size)
	x.held, x.next = 0, uint32(size+keysOfArticle) // place 0 is out of reach
}

// add takes an article's row and its keys, eight bytes each. It forgets the
// oldest article where the window is full.
func (x *keyIndex) add(row int64, data []byte) {
	if len(data) < 8*keysOfArticle {
		return // too short a text, or erased since
	}
	if x.held == len(x.rows) && x.held < x.window {
		x.grow()
	}
	var keys [keysOfArticle]uint32
	for i := range keys {
		keys[i] = uint32(binary.BigEndian.Uint64(data[8*i:]))
	}
	x.put(row, keys[:])
}

func (x *keyIndex) put(row int64, keys []uint32) {
	x.held = min(x.held+1, len(x.rows))
	mask := uint32(len(x.keys) - 1)
	x.rows[x.next&mask/keysOfArticle] = row
	for _, key := range keys {
		x.keys[x.next&mask], x.older[x.next&mask] = key, x.newest[key&mask]
		x.newest[key&mask] = x.next
		x.next++
	}
}

func (x *keyIndex) grow() {
	before := *x
	x.resize(2 * len(before.rows))
	mask := uint32(len(before.keys) - 1)
	for place := before.next - uint32(len(before.keys)); place != before.next; place += keysOfArticle {
		x.put(before.rows[place&mask/keysOfArticle], before.keys[place&mask:][:keysOfArticle])
	}
}

// rowsOf returns the newest rows that have a key, and seldom one that has not.
func (x *keyIndex) rowsOf(key uint64) []int64 {
	var rows []int64
	mask := uint32(len(x.keys) - 1)
	for place := x.newest[uint32(key)&mask]; x.next-place <= mask+1 && len(rows) < maxOfKey; place = x.older[place&mask] {
		if x.keys[place&mask] == uint32(key) {
			rows = append(rows, x.rows[place&mask/keysOfArticle])
		}
	}
	return rows
}
