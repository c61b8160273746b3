package robots

import "strings"

// Rules and URLs are compared octet by octet in a normal form of percent-encoding
// (RFC 9309, section 2.2.2):
//   - An encoded octet that is unreserved in RFC 3986 is decoded.
//   - An octet outside ASCII, and any other character that is not allowed in a URL,
//     is encoded.
//   - Hexadecimal digits are in upper case.
//
// One equivalence applies only to the query, where ":", "/", "?" and "@" may occur
// unencoded (RFC 3986, section 3.4). In an example of RFC 9309,
// "?baz=https://foo.bar" equals "?baz=https%3A%2F%2Ffoo.bar". In a path, "%2F" does
// not equal "/".

// target is a URL's path and query in normal form.
type target struct {
	plain string
	// decoded is like plain, but with ":", "/", "?" and "@" decoded in the
	// query. Both forms are tried, because a pattern without "?" can match into
	// the query through a "*" and is then ambiguous.
	decoded string
}

func normaliseTarget(pathQuery string) target {
	plain := normalise(pathQuery, false)
	return target{plain: plain, decoded: decodeQuery(plain)}
}

func (t target) matches(pattern string) bool {
	return matches(pattern, t.plain) || t.decoded != t.plain && matches(pattern, t.decoded)
}

func normalisePattern(pattern string) string {
	return decodeQuery(normalise(pattern, true))
}

const upperHex = "0123456789ABCDEF"

// normalise returns the normal form of a path or of a pattern. In a pattern, "*" and
// a "$" at the end are operators and stay unencoded, while an encoded one is a
// literal character (section 2.2.3).
func normalise(s string, pattern bool) string {
	i := 0
	for i < len(s) && isPlain(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	b.WriteString(s[:i])
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			octet := byte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			if isUnreserved(octet) {
				b.WriteByte(octet)
			} else {
				writeEncoded(&b, octet)
			}
			i += 2
		case pattern && (c == '*' || c == '$' && i == len(s)-1):
			b.WriteByte(c)
		case isPlain(c):
			b.WriteByte(c)
		default:
			writeEncoded(&b, c)
		}
	}
	return b.String()
}

func writeEncoded(b *strings.Builder, octet byte) {
	b.WriteByte('%')
	b.WriteByte(upperHex[octet>>4])
	b.WriteByte(upperHex[octet&15])
}

var queryDecoder = strings.NewReplacer("%3A", ":", "%2F", "/", "%3F", "?", "%40", "@")

func decodeQuery(s string) string {
	i := strings.IndexByte(s, '?')
	if i < 0 || strings.IndexByte(s[i:], '%') < 0 {
		return s
	}
	return s[:i] + queryDecoder.Replace(s[i:])
}

// isPlain reports whether a character is unencoded in the normal form. These are the
// characters that are allowed in a URL's path and query, except "*" and "$".
func isPlain(c byte) bool {
	return isUnreserved(c) || strings.IndexByte("/?:@!&'()+,;=[]", c) >= 0
}

// isUnreserved reports whether a character is unreserved (RFC 3986, section 2.3).
func isUnreserved(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// unhex returns the value of a hexadecimal digit, or -1 if c is not one.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// matches reports whether a pattern in normal form matches the start of path, or the
// whole path if the pattern ends in "$". It takes linear time for each literal
// between two "*", because the leftmost match of each literal suffices. So a hostile
// file cannot cause exponential time.
func matches(pattern, path string) bool {
	pattern, anchored := strings.CutSuffix(pattern, "$")
	literal, rest, more := strings.Cut(pattern, "*")
	if !strings.HasPrefix(path, literal) {
		return false
	}
	path = path[len(literal):]
	if !more {
		return !anchored || path == ""
	}
	for {
		literal, rest, more = strings.Cut(rest, "*")
		if !more {
			if anchored {
				return strings.HasSuffix(path, literal)
			}
			return strings.Contains(path, literal)
		}
		i := strings.Index(path, literal)
		if i < 0 {
			return false
		}
		path = path[i+len(literal):]
	}
}
