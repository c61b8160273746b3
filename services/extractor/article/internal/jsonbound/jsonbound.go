// Package jsonbound bounds the memory that decoding JSON from a page takes. A decoder
// allocates up to a hundred times the size of a text that nests many small values.
package jsonbound

// Limits are the maximum values of a JSON text.
type Limits struct {
	Bytes int // its length
	Items int // the number of its values and keys
	Depth int // the nesting of its objects and lists
}

// Count returns the number of items of a JSON text, and whether the text is within the
// limits. It reads the text once and allocates nothing.
func (l Limits) Count(text []byte) (items int, ok bool) {
	if len(text) > l.Bytes {
		return 0, false
	}
	depth, inString := 0, false
	items = 1
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			items++
			if depth++; depth > l.Depth {
				return items, false
			}
		case c == '}' || c == ']':
			depth--
		case c == ',' || c == ':':
			items++
		}
		if items > l.Items {
			return items, false
		}
	}
	return items, true
}
