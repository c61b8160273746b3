package decode

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"

	"github.com/dateline-news/dateline/internal/contenttype"
)

const (
	// metaWindow is the number of bytes at the start of a page that are searched for
	// a meta element. Browsers search only 1,024, but some pages put long scripts
	// before it.
	metaWindow = 64 << 10
	// xmlWindow is the number of bytes at the start of a page that are searched for an
	// XML declaration.
	xmlWindow = 128
	// utf16Window is the number of bytes at the start of a page in UTF-16 that must
	// contain a zero byte.
	utf16Window = 256
)

// Text converts a page to valid UTF-8 and returns the name of its charset, in lower case.
// Bytes that are invalid in this charset become U+FFFD; broken reports whether there were
// any. The charset is taken from the byte order mark, the Content-Type header or the meta
// element, in the order of the HTML standard. A header or meta element that contradicts
// the bytes is ignored.
func Text(body []byte, contentType string) (text []byte, name string, broken bool) {
	if rest, label := cutBOM(body); label != "" {
		return convert(rest, label)
	}
	label := declared(body, contentType)
	if label == "utf-16le" || label == "utf-16be" {
		// A page whose declaration could be read as ASCII is not in UTF-16.
		if bytes.IndexByte(body[:min(len(body), utf16Window)], 0) < 0 {
			label = "utf-8"
		}
	}
	switch validity := checkUTF8(body); {
	case validity == allASCII && bytes.Contains(body, []byte("\x1b$")):
		return convert(body, "iso-2022-jp") // an escape sequence starts its Japanese text
	case validity == allASCII && !strings.HasPrefix(label, "utf-16") && label != "iso-2022-jp":
		return body, "utf-8", false
	case validity == valid && !strings.HasPrefix(label, "utf-16"):
		// Text in another encoding is valid UTF-8 by accident only if almost all of
		// it is ASCII.
		text, name = undoMisreading(body)
		return text, name, false
	case validity == mostlyValid && (label == "utf-8" || label == ""):
		return convert(body, "utf-8")
	case label == "utf-8":
		return convert(body, detect(body, ""))
	case strings.HasPrefix(label, "utf-16") || label == "iso-2022-jp":
		return convert(body, label)
	default:
		return convert(body, detect(body, label))
	}
}

func cutBOM(b []byte) (rest []byte, label string) {
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return b[3:], "utf-8"
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return b[2:], "utf-16le"
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return b[2:], "utf-16be"
	default:
		return b, ""
	}
}

// declared returns the canonical name of the charset in the Content-Type header, the
// XML declaration or a meta element, or "".
func declared(body []byte, contentType string) string {
	if _, label := contenttype.Parse(contentType); label != "" {
		if name := canonical(label); name != "" {
			return name
		}
	}
	head := body[:min(len(body), metaWindow)]
	if i := bytes.Index(head[:min(len(head), xmlWindow)], []byte("<?xml")); i >= 0 {
		decl, _, _ := bytes.Cut(head[i:], []byte("?>"))
		if name := labelAfter(decl, "encoding"); name != "" {
			return name
		}
	}
	found := ""
	eachMeta(head, func(tag []byte) bool {
		found = labelAfter(tag, "charset")
		return found == ""
	})
	return found
}

// eachMeta calls do with each meta element until do returns false. The elements do not
// overlap, so that no byte is searched twice.
func eachMeta(head []byte, do func(tag []byte) bool) {
	for {
		i := bytes.IndexByte(head, '<')
		if i < 0 || i+5 > len(head) {
			return
		}
		head = head[i+1:]
		if !bytes.EqualFold(head[:4], []byte("meta")) {
			continue
		}
		var tag []byte
		tag, head, _ = bytes.Cut(head, []byte(">"))
		if !do(tag) {
			return
		}
	}
}

// labelAfter returns the canonical name of the charset in `key = "label"`, or "".
func labelAfter(tag []byte, key string) string {
	i := indexFold(tag, key)
	if i < 0 {
		return ""
	}
	v := bytes.TrimLeft(tag[i+len(key):], " \t\r\n")
	if len(v) == 0 || v[0] != '=' {
		return ""
	}
	v = bytes.TrimLeft(v[1:], " \t\r\n\"'")
	if end := bytes.IndexAny(v, " \t\r\n\"';/>?"); end >= 0 {
		v = v[:end]
	}
	return canonical(string(v))
}

// indexFold returns the index of the first instance of key in b, ignoring case, or
// -1. Searching bytes.ToLower(b) would return a wrong index if b is not valid UTF-8,
// because replacement characters change its length.
func indexFold(b []byte, key string) int {
	for i := 0; i+len(key) <= len(b); i++ {
		if bytes.EqualFold(b[i:i+len(key)], []byte(key)) {
			return i
		}
	}
	return -1
}

// canonical returns the canonical name of a charset, or "" if the label is unknown.
func canonical(label string) string {
	if label == "" {
		return ""
	}
	_, name := charset.Lookup(strings.TrimSpace(label))
	return name
}

// utf8Validity is how well bytes agree with UTF-8.
type utf8Validity int

const (
	invalid utf8Validity = iota
	mostlyValid
	valid
	allASCII
)

// checkUTF8 distinguishes UTF-8 with a few broken bytes, such as a string that was cut
// within a character, from other encodings. Broken UTF-8 has at least ten valid
// sequences for each invalid byte.
func checkUTF8(b []byte) utf8Validity {
	if utf8.Valid(b) {
		for _, c := range b {
			if c >= utf8.RuneSelf {
				return valid
			}
		}
		return allASCII
	}
	validCount, invalidCount := 0, 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			invalidCount++
		} else {
			validCount++
		}
		i += size
	}
	if validCount >= 10*invalidCount {
		return mostlyValid
	}
	return invalid
}

// convert converts body from the charset with this label. The results are those of
// Text.
func convert(body []byte, label string) (text []byte, name string, broken bool) {
	enc, name := charset.Lookup(label)
	if enc == nil || name == "utf-8" || enc == encoding.Nop {
		if utf8.Valid(body) {
			return body, "utf-8", false
		}
		return bytes.ToValidUTF8(body, []byte("\uFFFD")), "utf-8", true
	}
	out, err := enc.NewDecoder().Bytes(body)
	if err != nil {
		return bytes.ToValidUTF8(body, []byte("\uFFFD")), "utf-8", true
	}
	return out, name, bytes.Contains(out, []byte("\uFFFD"))
}
