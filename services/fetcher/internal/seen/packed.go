package seen

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A packed mark is a record in a leaf. Leaves are sorted, and each has the marks of a range of hashes:
// the hashes of keys are divided into segments by their first 12 bits, and each segment into leaves by
// the next bits. A record consists of
//
//	15 bytes  the hash of the key, without its first byte
//	 4 bytes  when the entry of the mark was written, in seconds since 1970: the mark expires after the
//	          same time as if it still had an entry of its own
//	 1 byte   flags
//	 varint   when the request was admitted, in milliseconds since 1970
//	          texts, each after its length: the input; the request if flagRequest is set; and with
//	          flagVersion the ETag, Last-Modified and, unless flagOwnPage is set, the id of the URL
//
// A leaf is leafFormat, followed by its records, each after its length. Numbers are big-endian, varints
// and lengths as in encoding/binary.
const (
	leafFormat  = 1
	indexFormat = 1

	hashSize     = 15
	recordHeader = hashSize + 4 + 1

	flagDone    = 1 << 0
	flagRequest = 1 << 1 // the request has another id than the input
	flagVersion = 1 << 2
	flagOwnPage = 1 << 3 // the version came from the URL of the mark, not from a redirect

	segmentBits = 12
	segments    = 1 << segmentBits
)

var errPacked = errors.New("unknown or damaged format")

// hash is that of a mark's key. 128 bits are enough to identify a key.
type hash [16]byte

func hashOf(key string) (h hash) {
	sum := sha256.Sum256([]byte(key))
	copy(h[:], sum[:])
	return h
}

func (h hash) segment() int { return int(h[0])<<4 | int(h[1])>>4 }

// stored returns the part of the hash that a record has.
func (h hash) stored() []byte { return h[1:] }

// printOf returns the fingerprint of a stored hash: the bits that follow those of the segment. In a segment,
// marks are sorted by fingerprint.
func printOf(stored []byte) uint32 {
	return uint32(stored[0])<<28 | binary.BigEndian.Uint32(stored[1:5])>>4
}

// leafOf returns the number of the leaf that has a fingerprint, among the 1<<bits leaves of a segment.
func leafOf(fingerprint uint32, bits int) int { return int(uint64(fingerprint) >> (32 - bits)) }

// record is an encoded mark. A record without flags and texts stands for a mark that was removed.
type record []byte

func (r record) hash() []byte { return r[:hashSize] }

func (r record) written() time.Time {
	return time.Unix(int64(binary.BigEndian.Uint32(r[hashSize:])), 0)
}

func (r record) isRemoval() bool { return len(r) == recordHeader }

// removal returns the record of a mark that was removed.
func removal(key string) record {
	h := hashOf(key)
	return append(make(record, 0, recordHeader), append(h.stored(), 0, 0, 0, 0, 0)...)
}

// pack encodes a mark whose entry was written at a time.
func pack(key string, mark Mark, written time.Time) record {
	h := hashOf(key)
	r := append(make(record, 0, recordHeader+8+len(mark.Input)+len(mark.Request)), h.stored()...)
	r = binary.BigEndian.AppendUint32(r, uint32(max(0, written.Unix())))
	var flags byte
	if mark.Done {
		flags |= flagDone
	}
	if mark.Request != mark.Input {
		flags |= flagRequest
	}
	if mark.Version != (Version{}) {
		flags |= flagVersion
	}
	if mark.Version.URL == key {
		flags |= flagOwnPage
	}
	r = binary.AppendVarint(append(r, flags), mark.Time.UnixMilli())
	texts := []string{mark.Input}
	if flags&flagRequest != 0 {
		texts = append(texts, mark.Request)
	}
	if flags&flagVersion != 0 {
		texts = append(texts, mark.Version.ETag, mark.Version.LastModified)
		if flags&flagOwnPage == 0 {
			texts = append(texts, mark.Version.URL)
		}
	}
	for _, text := range texts {
		r = append(binary.AppendUvarint(r, uint64(len(text))), text...)
	}
	return r
}

// unpack decodes the record of the mark with a key.
func unpack(key string, r record) (Mark, error) {
	flags, rest := r[recordHeader-1], r[recordHeader:]
	millis, n := binary.Varint(rest)
	if n <= 0 {
		return Mark{}, errPacked
	}
	rest = rest[n:]
	var failed bool
	text := func() string {
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > uint64(len(rest)-n) {
			failed = true
			return ""
		}
		value := string(rest[n : n+int(size)])
		rest = rest[n+int(size):]
		return value
	}
	mark := Mark{Input: text(), Done: flags&flagDone != 0, Time: time.UnixMilli(millis)}
	if mark.Request = mark.Input; flags&flagRequest != 0 {
		mark.Request = text()
	}
	if flags&flagVersion != 0 {
		mark.Version = Version{ETag: text(), LastModified: text(), URL: key}
		if flags&flagOwnPage == 0 {
			mark.Version.URL = text()
		}
	}
	if failed {
		return Mark{}, errPacked
	}
	return mark, nil
}

// appendLeaf encodes a leaf.
func appendLeaf(records []record) []byte {
	size := 1
	for _, r := range records {
		size += len(r) + 2
	}
	data := append(make([]byte, 0, size), leafFormat)
	for _, r := range records {
		data = append(binary.AppendUvarint(data, uint64(len(r))), r...)
	}
	return data
}

// records appends the records of a leaf to all. They refer to data.
func records(all []record, data []byte) ([]record, error) {
	if len(data) == 0 || data[0] != leafFormat {
		return all, errPacked
	}
	for data = data[1:]; len(data) > 0; {
		size, n := binary.Uvarint(data)
		if n <= 0 || size <= recordHeader || size > uint64(len(data)-n) {
			return all, errPacked
		}
		all = append(all, record(data[n:n+int(size)]))
		data = data[n+int(size):]
	}
	return all, nil
}

// find returns the record of a key in a leaf.
func find(data []byte, key string) (record, bool, error) {
	all, err := records(nil, data)
	if err != nil {
		return nil, false, fmt.Errorf("decoding packed marks: %w", err)
	}
	h := hashOf(key)
	i, found := slices.BinarySearchFunc(all, h.stored(), func(r record, want []byte) int {
		return bytes.Compare(r.hash(), want)
	})
	if !found {
		return nil, false, nil
	}
	return all[i], true, nil
}

// merge returns the packed marks of a segment after others, which are newer, were added: without those that
// were removed or written before a time. Both are sorted by hash.
func merge(packed, added []record, expired time.Time) []record {
	merged := make([]record, 0, len(packed)+len(added))
	keep := func(r record) {
		if !r.isRemoval() && !r.written().Before(expired) {
			merged = append(merged, r)
		}
	}
	for len(packed) > 0 && len(added) > 0 {
		switch order := bytes.Compare(packed[0].hash(), added[0].hash()); {
		case order < 0:
			keep(packed[0])
			packed = packed[1:]
		case order == 0:
			packed = packed[1:]
		default:
			keep(added[0])
			added = added[1:]
		}
	}
	for _, rest := range [][]record{packed, added} {
		for _, r := range rest {
			keep(r)
		}
	}
	return merged
}

// byHash compares two records.
func byHash(a, b record) int { return bytes.Compare(a.hash(), b.hash()) }

// newest returns the last record of each mark, sorted by hash.
func newest(records []record) []record {
	slices.SortStableFunc(records, byHash)
	kept := records[:0]
	for i, r := range records {
		if i+1 == len(records) || !bytes.Equal(r.hash(), records[i+1].hash()) {
			kept = append(kept, r)
		}
	}
	return kept
}

// index lists the fingerprints of the packed marks of a segment, in order. A URL whose fingerprint is not in it
// has no packed mark, so that its leaf need not be read.
type index struct {
	bits   int // the segment has 1<<bits leaves
	prints []uint32
}

// appendIndex encodes the index of a segment: indexFormat, the number of bits, and the fingerprints.
func appendIndex(records []record, bits int) []byte {
	data := append(make([]byte, 0, 2+4*len(records)), indexFormat, byte(bits))
	for _, r := range records {
		data = binary.BigEndian.AppendUint32(data, printOf(r.hash()))
	}
	return data
}

func parseIndex(data []byte) (index, error) {
	if len(data) < 2 || data[0] != indexFormat || data[1] > maxLeafBits || len(data)%4 != 2 {
		return index{}, fmt.Errorf("decoding the index of packed marks: %w", errPacked)
	}
	x := index{bits: int(data[1]), prints: make([]uint32, 0, len(data)/4)}
	for rest := data[2:]; len(rest) > 0; rest = rest[4:] {
		x.prints = append(x.prints, binary.BigEndian.Uint32(rest))
	}
	return x, nil
}

// leaf returns the number of the leaf that may have a key's mark, and whether any does.
func (x index) leaf(h hash) (int, bool) {
	fingerprint := printOf(h.stored())
	if _, found := slices.BinarySearch(x.prints, fingerprint); !found {
		return 0, false
	}
	return leafOf(fingerprint, x.bits), true
}

// packable reports whether marks with such a key are packed. Those of endpoints are not: they are few, and
// change with each poll.
func packable(key string) bool { return !strings.Contains(key, ".") }
