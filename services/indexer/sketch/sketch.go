// Package sketch determines whether two texts are copies of one another, even
// if one is trimmed, reordered or embedded in other paragraphs.
//
// A sketch consists of the smallest hashes of a text's shingles, which are its
// runs of five words (bottom-k sampling: A. Broder, "On the resemblance and
// containment of documents", 1997). The few smallest hashes are keys: copies
// share at least one key, so a store finds candidates with a few look-ups.
package sketch

import (
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
)

const (
	// shingleWords is the length of a shingle. The same five words in the same
	// order rarely occur in independent texts, and few stock phrases are that
	// long.
	shingleWords = 5
	// size is the maximum number of hashes in a sketch.
	size = 64
	// keys is the number of hashes per sketch that a store looks up.
	keys = 8
	// minShingles is the minimum number of distinct shingles a text needs to be
	// compared. In a shorter text, one boilerplate line of a site would make
	// two texts copies.
	minShingles = 24
	// minResemblance is the share of all shingles of two texts that must be
	// common for them to be copies. See docs/decisions/0010 for how the
	// thresholds were chosen.
	minResemblance = 0.3
	// Two texts are also copies if the longer contains at least minContained of
	// the shorter and their resemblance is at least minContainedResemblance.
	minContained, minContainedResemblance = 0.8, 0.15
	// minRepeated is the minimum resemblance of a text that repeats another: about
	// one word in fourteen may be another.
	minRepeated = 0.5
)

// Sketch represents a text. The zero value represents a text that is too short
// to be compared.
type Sketch struct {
	// Shingles is the number of distinct shingles in the text.
	Shingles int
	// Hashes holds the smallest shingle hashes in ascending order.
	Hashes []uint64
}

// Of returns the sketch of a text, given its words in lower case without
// accents.
func Of(words iter.Seq[string]) Sketch {
	var hashes []uint64
	var window [shingleWords]uint64 // ring of the last words' hashes
	n := 0
	for word := range words {
		window[n%shingleWords] = hashString(word)
		if n++; n < shingleWords {
			continue
		}
		h := uint64(0)
		for i := range shingleWords {
			h = mix(h*31 + window[(n+i)%shingleWords])
		}
		hashes = append(hashes, h)
	}
	slices.Sort(hashes)
	hashes = slices.Compact(hashes)
	if len(hashes) < minShingles {
		return Sketch{}
	}
	return Sketch{Shingles: len(hashes), Hashes: slices.Clone(hashes[:min(size, len(hashes))])}
}

// hashString returns the 64-bit FNV-1a hash of s.
func hashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// mix is the 64-bit finalizer of MurmurHash3: every input bit affects every
// output bit.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// Keys returns the hashes by which a store finds candidates: copies share at
// least one.
func (s Sketch) Keys() []uint64 { return s.Hashes[:min(keys, len(s.Hashes))] }

// IsZero reports whether the text was too short to be compared.
func (s Sketch) IsZero() bool { return len(s.Hashes) == 0 }

// Copies reports whether either text is a copy of the other.
func (s Sketch) Copies(other Sketch) bool {
	resemblance, contained := s.Compare(other)
	return resemblance >= minResemblance || contained >= minContained && resemblance >= minContainedResemblance
}

// Repeats reports whether most of both texts is the same. It is stricter than Copies,
// for decisions that a person does not see: an article that quotes the other one, or
// is cut from it, does not repeat it.
func (s Sketch) Repeats(other Sketch) bool {
	resemblance, _ := s.Compare(other)
	return resemblance >= minRepeated
}

// Compare estimates the share of all shingles that two texts have in common
// (resemblance) and the share of the shorter text that the longer one contains
// (contained). Both range from 0 to 1.
func (s Sketch) Compare(other Sketch) (resemblance, contained float64) {
	if s.IsZero() || other.IsZero() {
		return 0, 0
	}
	// The smallest hashes of the two sketches together are a sample of the
	// union of their shingles.
	a, b := s.Hashes, other.Hashes
	sampled, shared := 0, 0
	for i, j := 0, 0; sampled < size && (i < len(a) || j < len(b)); sampled++ {
		switch {
		case j == len(b) || i < len(a) && a[i] < b[j]:
			i++
		case i == len(a) || b[j] < a[i]:
			j++
		default:
			shared++
			i, j = i+1, j+1
		}
	}
	resemblance = float64(shared) / float64(sampled)
	common := resemblance / (1 + resemblance) * float64(s.Shingles+other.Shingles)
	return resemblance, min(1, common/float64(min(s.Shingles, other.Shingles)))
}

// Bytes encodes the sketch: the number of shingles in four bytes, then eight
// bytes for each hash, all big-endian. The zero sketch encodes as nil.
func (s Sketch) Bytes() []byte {
	if s.IsZero() {
		return nil
	}
	data := binary.BigEndian.AppendUint32(make([]byte, 0, 4+8*len(s.Hashes)), uint32(s.Shingles))
	for _, h := range s.Hashes {
		data = binary.BigEndian.AppendUint64(data, h)
	}
	return data
}

// KeyBytes returns the part of the output of Bytes that holds the keys.
func KeyBytes(data []byte) []byte { return data[min(4, len(data)):min(4+8*keys, len(data))] }

// Parse decodes the output of Bytes.
func Parse(data []byte) (Sketch, error) {
	if len(data) == 0 {
		return Sketch{}, nil
	}
	if len(data) < 4 || len(data)%8 != 4 || len(data) > 4+8*size {
		return Sketch{}, fmt.Errorf("decoding sketch: invalid length of %d bytes", len(data))
	}
	s := Sketch{Shingles: int(binary.BigEndian.Uint32(data))}
	for rest := data[4:]; len(rest) > 0; rest = rest[8:] {
		s.Hashes = append(s.Hashes, binary.BigEndian.Uint64(rest))
	}
	return s, nil
}
