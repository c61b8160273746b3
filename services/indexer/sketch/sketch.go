// Package sketch tells whether two texts are copies of one another, though one
// be trimmed, reordered or set among other paragraphs.
//
// A sketch is the smallest hashes of a text's shingles, its runs of five words
// (bottom-k sampling: A. Broder, "On the resemblance and containment of
// documents", 1997). The few smallest are keys: copies share at least one, so
// that a store finds the candidates of a text by a few look-ups.
package sketch

import (
	"encoding/binary"
	"errors"
	"iter"
	"slices"
)

const (
	// shingleWords is the length of a shingle. Five words in the same order are
	// rarely written twice; formulas of a trade seldom have as many.
	shingleWords = 5
	// size is how many hashes a sketch holds.
	size = 64
	// keys is how many of a sketch's hashes a store has to look up.
	keys = 8
	// minShingles is the shortest text that can be told from others: below it,
	// one standing line of a site would make two texts copies.
	minShingles = 24
	// Two texts are copies where this part of the shingles of both is common to
	// them. See docs/decisions/0010 for what the thresholds cost and gain.
	minResemblance = 0.3
	// They are copies as well where this part of the shorter one stands in the
	// longer one, and at least so much of both is common.
	minContained, minContainedResemblance = 0.8, 0.15
)

// Sketch stands for a text. The zero value stands for one that is too short to
// be compared.
type Sketch struct {
	// Shingles is how many different shingles the text has.
	Shingles int
	// Hashes are the smallest of the shingles' hashes, ascending.
	Hashes []uint64
}

// Of returns the sketch of a text, given its words without case and accents.
func Of(words iter.Seq[string]) Sketch {
	var hashes []uint64
	var window [shingleWords]uint64 // hashes of the last words, in a ring
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

// hashString is FNV-1a with 64 bits.
func hashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// mix spreads every bit over all: the finalizer of MurmurHash3.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// Keys are the hashes by which a store finds candidates: texts that share one.
func (s Sketch) Keys() []uint64 { return s.Hashes[:min(keys, len(s.Hashes))] }

// IsZero says that the text was too short to be compared.
func (s Sketch) IsZero() bool { return len(s.Hashes) == 0 }

// Copies says whether one text is a copy of the other.
func (s Sketch) Copies(other Sketch) bool {
	resemblance, contained := s.Compare(other)
	return resemblance >= minResemblance || contained >= minContained && resemblance >= minContainedResemblance
}

// Compare estimates which part of all the shingles of two texts is common to
// them, and which part of the shorter text stands in the longer one; both are
// from 0 to 1.
func (s Sketch) Compare(other Sketch) (resemblance, contained float64) {
	if s.IsZero() || other.IsZero() {
		return 0, 0
	}
	// The smallest hashes of both together are a sample of their union, as
	// large as the shorter sample reaches.
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

// Bytes is the sketch as a store keeps it: the number of shingles in four
// bytes, then eight bytes for each hash, all big-endian. It is empty for the
// zero sketch.
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

// KeyBytes is the part of what Bytes wrote that holds the keys.
func KeyBytes(data []byte) []byte { return data[min(4, len(data)):min(4+8*keys, len(data))] }

// Parse reads what Bytes wrote.
func Parse(data []byte) (Sketch, error) {
	if len(data) == 0 {
		return Sketch{}, nil
	}
	if len(data) < 4 || len(data)%8 != 4 || len(data) > 4+8*size {
		return Sketch{}, errors.New("the stored sketch of an article has a length that none has")
	}
	s := Sketch{Shingles: int(binary.BigEndian.Uint32(data))}
	for rest := data[4:]; len(rest) > 0; rest = rest[8:] {
		s.Hashes = append(s.Hashes, binary.BigEndian.Uint64(rest))
	}
	return s, nil
}
