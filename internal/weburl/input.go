package weburl

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	whatwgerrors "github.com/nlnwa/whatwg-url/errors"
)

// checkText refuses what the WHATWG parser would accept or would explain
// badly, with the remedy.
func checkText(text string) error {
	switch {
	case text == "":
		return fmt.Errorf("the URL is empty; give one such as https://example.com/news")
	case len(text) > MaxLength:
		return fmt.Errorf("%s is %d bytes long; the limit is %d bytes", quote(text), len(text), MaxLength)
	}
	if i := strings.IndexFunc(text, isControl); i >= 0 {
		return fmt.Errorf("%s has the control character %U at byte %d; give one URL a line, and percent-encode it if it belongs there", quote(text), text[i], i)
	}
	scheme, rest, found := strings.Cut(text, ":")
	if !found || !isScheme(scheme) || isHostPort(scheme, rest) {
		bare := strings.TrimLeft(text, `/\`)
		if bare == "" || strings.ContainsAny(bare, " <>") || strings.HasPrefix(bare, ":") {
			return fmt.Errorf("%s is not a URL; give one such as https://example.com/news", quote(text))
		}
		return fmt.Errorf("%s has no scheme; did you mean %s?", quote(text), quote("https://"+bare))
	}
	if !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return fmt.Errorf("%s has the scheme %q; only http and https can be fetched", quote(text), strings.ToLower(scheme))
	}
	if strings.Trim(rest, `/\`) == "" {
		return fmt.Errorf("%s has no host; give one such as https://example.com/news", quote(text))
	}
	return nil
}

// isControl reports the C0 controls and DEL. A browser drops tabs and line
// breaks inside a URL; here they mean that two lines were glued together.
func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// isScheme follows RFC 3986, section 3.1.
func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// isHostPort tells "localhost:8080/x" and "example.com:80" from a URL whose
// scheme is "localhost" or "example.com".
func isHostPort(scheme, rest string) bool {
	if strings.Contains(scheme, ".") {
		return true
	}
	digits := strings.TrimLeft(rest, "0123456789")
	return len(digits) < len(rest) && (digits == "" || strings.ContainsRune(`/?#\`, rune(digits[0])))
}

// escapeInvalidUTF8 percent-encodes the bytes that are not UTF-8 (old servers
// send Latin-1 in Location headers), so that the parser cannot replace them
// all with the same character and make one page out of two.
func escapeInvalidUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, "%%%02X", s[i])
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// quote makes text fit for a message: shortened, on one line, and without user
// information, which may be a password.
func quote(text string) string {
	const most = 120
	start := 0
	if i := strings.Index(text, ":"); i >= 0 {
		start = i + 1
		for start < len(text) && (text[start] == '/' || text[start] == '\\') {
			start++
		}
	}
	authority := len(text)
	if i := strings.IndexAny(text[start:], `/\?#`); i >= 0 {
		authority = start + i
	}
	if i := strings.LastIndexByte(text[:authority], '@'); i >= 0 {
		text = text[:min(start, i)] + text[i+1:]
	}
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return fmt.Sprintf("%q", text)
}

// reason says why the WHATWG parser refused a URL. The parser's own message is
// not used: it repeats the URL with its password.
func reason(err error) string {
	var invalid *whatwgerrors.ValidationError
	if !errors.As(err, &invalid) {
		return "it cannot be parsed"
	}
	text := strings.TrimSuffix(string(invalid.Type()), ".")
	if text == "" {
		return "it cannot be parsed"
	}
	return strings.ToLower(text[:1]) + text[1:]
}
