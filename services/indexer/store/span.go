package store

import (
	"cmp"
	"slices"
	"time"
)

// Span is a range of messages of a stream that the store has committed: their contents
// are stored, or they are not to be stored.
type Span struct {
	Stream string
	// Created is when the stream was created, which identifies it: the messages of a
	// stream that is declared again count from 1 again. The zero time stands for
	// whatever a version that kept no spans has committed.
	Created time.Time
	// First and Last are sequence numbers. Both belong to the span.
	First, Last uint64

	row int64 // of the span in its table, if it was read from there
}

// SpansOf returns messages of a stream as spans. It sorts their sequence numbers.
func SpansOf(stream string, created time.Time, sequences []uint64) []Span {
	slices.Sort(sequences)
	var spans []Span
	for _, sequence := range sequences {
		if n := len(spans); n > 0 && sequence <= spans[n-1].Last+1 {
			spans[n-1].Last = sequence
			continue
		}
		spans = append(spans, Span{Stream: stream, Created: created, First: sequence, Last: sequence})
	}
	return spans
}

// Union returns the spans in ascending order, with those that touch or overlap joined.
// All must be of the same stream.
func Union(spans []Span) []Span {
	sorted := slices.Clone(spans)
	slices.SortFunc(sorted, func(a, b Span) int { return cmp.Compare(a.First, b.First) })
	var joined []Span
	for _, s := range sorted {
		if n := len(joined); n > 0 && s.First <= joined[n-1].Last+1 {
			joined[n-1].Last = max(joined[n-1].Last, s.Last)
			continue
		}
		joined = append(joined, Span{Stream: s.Stream, Created: s.Created, First: s.First, Last: s.Last})
	}
	return joined
}

// unixNanos returns a time in nanoseconds since 1970, with 0 for the zero time.
func unixNanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// fromUnixNanos is the inverse of unixNanos.
func fromUnixNanos(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}
