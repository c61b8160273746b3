package picture

import (
	"strconv"
	"strings"
)

const (
	// maxWidth is the width in pixels above which a picture is larger than any use of it.
	maxWidth = 2560
	// maxDensity is the pixel density above which a picture is larger than any use of it.
	maxDensity = 3
	// maxSrcset is the number of bytes of a srcset attribute that are read.
	maxSrcset = 16 << 10
)

// candidate is one of the addresses in a srcset attribute.
type candidate struct {
	address string
	width   float64 // in pixels, 0 if unknown
	density float64
}

// largest returns the largest candidate of a srcset attribute that is a genuine picture
// and not larger than any use of it. Without candidates, its address is "".
func largest(srcset string) candidate {
	var best candidate
	rest := srcset[:min(len(srcset), maxSrcset)]
	for rest != "" {
		var c candidate
		c, rest = nextCandidate(rest)
		if qualityOf(c.address) == genuine && (best.address == "" || c.better(best)) {
			best = c
		}
	}
	return best
}

// better reports whether c is to be preferred to another candidate.
func (c candidate) better(other candidate) bool {
	size, than, limit := c.width, other.width, float64(maxWidth)
	if c.width == 0 && other.width == 0 {
		size, than, limit = c.density, other.density, maxDensity
	}
	if size > limit || than > limit {
		return size < than
	}
	return size > than
}

// nextCandidate reads the first candidate of a srcset attribute, and returns what follows
// it. An address ends at white space, because it may contain commas.
func nextCandidate(srcset string) (candidate, string) {
	srcset = strings.TrimLeft(srcset, ", \t\r\n\f")
	c := candidate{address: srcset, density: 1}
	end := strings.IndexAny(srcset, " \t\r\n\f")
	if end < 0 {
		c.address = strings.TrimRight(srcset, ",")
		return c, ""
	}
	c.address = srcset[:end]
	if bare := strings.TrimRight(c.address, ","); bare != c.address {
		c.address = bare
		return c, srcset[end:]
	}
	descriptors, rest, _ := strings.Cut(srcset[end:], ",")
	for d := range strings.FieldsSeq(descriptors) {
		value, err := strconv.ParseFloat(d[:len(d)-1], 64)
		if err != nil || value <= 0 {
			continue
		}
		switch d[len(d)-1] {
		case 'w':
			c.width = value
		case 'x':
			c.density = value
		}
	}
	return c, rest
}
