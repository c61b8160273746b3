package weburl

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	whatwgerrors "github.com/nlnwa/whatwg-url/errors"
)

// maxQuoted is the maximum number of bytes that an error quotes from its input.
const maxQuoted = 120

// checkText rejects text that the WHATWG parser accepts or for which its error would
// be unclear. The errors include a remedy.
func checkText(text string) error {
	switch {
	case text == "":
		return fmt.Errorf("the URL is empty; give one such as https://example.com/news")
	case len(text) > MaxLength:
		return fmt.Errorf("%s is %d bytes long; the limit is %d bytes", quote(text), len(text), MaxLength)
	}
	if i := strings.IndexFunc(text, isControl); i >= 0 {
		return fmt.Errorf("%s has the control character %U at byte %d; give one URL per line, "+
			"or percent-encode the character if it belongs there", quote(text), text[i], i)
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
		return fmt.Errorf("%s has the scheme %q; only http and https can be fetched",
			quote(text), strings.ToLower(scheme))
	}
	if strings.Trim(rest, `/\`) == "" {
		return fmt.Errorf("%s has no host; give one such as https://example.com/news", quote(text))
	}
	return nil
}

// isControl reports whether r is a C0 control or DEL. A browser removes tabs and line
// breaks from a URL. Here they mean that several lines were joined by mistake.
func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// isScheme reports whether s is a scheme according to RFC 3986, section 3.1.
func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// isHostPort reports whether the text before a colon is a host and not a scheme, as in
// "localhost:8080/x" and "example.com:80".
func isHostPort(scheme, rest string) bool {
	if strings.Contains(scheme, ".") {
		return true
	}
	digits := strings.TrimLeft(rest, "0123456789")
	return len(digits) < len(rest) && (digits == "" || strings.ContainsRune(`/?#\`, rune(digits[0])))
}

// escapeInvalidUTF8 percent-encodes the bytes that are not UTF-8, such as Latin-1 in
// Location headers of old servers. The parser would replace all of them with the same
// character, so that the URLs of two pages would become equal.
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

// quote returns text for use in a message: shortened, on one line, and without user
// information, which may contain a password.
func quote(text string) string {
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
	if len(text) > maxQuoted {
		text = strings.ToValidUTF8(text[:maxQuoted], "") + "…"
	}
	return fmt.Sprintf("%q", text)
}

// reason returns why the WHATWG parser rejected a URL. It does not use the parser's
// message, which contains the URL with its password.
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
