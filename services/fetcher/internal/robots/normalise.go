package robots

import (
	"strings"
)

// Rules and URLs are compared octet by octet, in one normal form of
// percent-encoding (RFC 9309, section 2.2.2): an encoded octet that RFC 3986
// calls unreserved is decoded; octets outside ASCII, and every other character
// that no URL holds as it is, are encoded; hexadecimal digits are upper-case.
//
// One equivalence depends on the place: a query may hold ":", "/", "?" and "@"
// as they are (RFC 3986, section 3.4), and the RFC's own example has
// "?baz=https://foo.bar" equal "?baz=https%3A%2F%2Ffoo.bar". In a path "%2F"
// is not "/".

// target is a URL's path and query in normal form.
type target struct {
	plain string
	// decoded has the query's encoded ":", "/", "?" and "@" decoded as well.
	// A pattern without "?" reaches into the query through a "*" and can be
	// meant either way.
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

// normalise gives the normal form of a path, or of a pattern, in which "*" and
// a "$" at the end are operators, to be told from the characters by their not
// being encoded (section 2.2.3).
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

// isPlain reports the characters that stand for themselves in the normal form:
// those that a URL's path and query hold unencoded, without "*" and "$".
func isPlain(c byte) bool {
	return isUnreserved(c) || strings.IndexByte("/?:@!&'()+,;=[]", c) >= 0
}

// isUnreserved follows RFC 3986, section 2.3.
func isUnreserved(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// matches reports whether a pattern in normal form matches the start of path,
// or all of it where the pattern ends in "$". Its time is linear for each run
// between two "*", because taking the leftmost place for each is enough; a
// hostile file cannot make it explode.
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
