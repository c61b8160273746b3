package jsonld

import (
	"bytes"
	"strings"
)

// repair rewrites malformed JSON as JSON in one pass. It removes comments and trailing
// commas, replaces control characters in strings by spaces, removes the backslash of
// unknown escapes, escapes a quotation mark in a string if the text after it shows that
// the string continues, and closes objects, lists and strings that are cut off.
func repair(b []byte) []byte {
	out := make([]byte, 0, len(b)+16)
	var open []byte // the closing brackets still missing, innermost last
	for i := 0; i < len(b); {
		switch c := b[i]; {
		case c == '"':
			out, i = repairString(out, b, i)
		case c == '/' && i+1 < len(b) && b[i+1] == '/':
			i = after(b, i, "\n")
		case c == '/' && i+1 < len(b) && b[i+1] == '*':
			i = after(b, i, "*/")
		case c == '}' || c == ']':
			out = append(bytes.TrimRight(out, ", \t\r\n"), c)
			if len(open) == 0 || open[len(open)-1] != c {
				return closeAll(out[:len(out)-1], open)
			}
			open = open[:len(open)-1]
			i++
			if len(open) == 0 {
				return out // ignore text after the value
			}
		case c == '{' || c == '[':
			open = append(open, c+2) // '{'+2 is '}', '['+2 is ']'
			out = append(out, c)
			i++
		case c < 0x20:
			out = append(out, ' ')
			i++
		default:
			out = append(out, c)
			i++
		}
	}
	return closeAll(out, open)
}

// closeAll removes a dangling comma or colon and appends the missing closing brackets.
func closeAll(out, open []byte) []byte {
	out = bytes.TrimRight(out, ",: \t\r\n")
	for i := len(open) - 1; i >= 0; i-- {
		out = append(out, open[i])
	}
	return out
}

// after returns the position after the next mark from b[i] on, or len(b).
func after(b []byte, i int, mark string) int {
	if n := bytes.Index(b[i:], []byte(mark)); n >= 0 {
		return i + n + len(mark)
	}
	return len(b)
}

// repairString appends the string that starts at b[i] to out. It returns out and the
// position after the string.
func repairString(out, b []byte, i int) ([]byte, int) {
	out = append(out, '"')
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\' && i+1 < len(b):
			i++
			if strings.IndexByte(`"\/bfnrtu`, b[i]) >= 0 {
				out = append(out, '\\', b[i])
			} else {
				out = append(out, b[i])
			}
		case c == '"' && stringEnds(b[i+1:]):
			return append(out, '"'), i + 1
		case c == '"':
			out = append(out, '\\', '"')
		case c < 0x20:
			out = append(out, ' ')
		default:
			out = append(out, c)
		}
	}
	return append(out, '"'), i
}

// stringEnds reports whether a quotation mark that is followed by rest closes its
// string.
func stringEnds(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	if len(rest) == 0 {
		return true
	}
	switch rest[0] {
	case ':', '}', ']':
		return true
	case ',':
		next := bytes.TrimLeft(rest[1:], " \t\r\n")
		return len(next) == 0 || strings.IndexByte(`"{[}]-0123456789/`, next[0]) >= 0 ||
			bytes.HasPrefix(next, []byte("true")) || bytes.HasPrefix(next, []byte("false")) ||
			bytes.HasPrefix(next, []byte("null"))
	case '/':
		return len(rest) > 1 && (rest[1] == '/' || rest[1] == '*')
	}
	return false
}
