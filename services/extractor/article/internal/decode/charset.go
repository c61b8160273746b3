package decode

import (
	"bytes"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/saintfish/chardet"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
)

const (
	// metaWindow is how far into a page a meta element is looked for. Browsers
	// look at 1,024 bytes; pages put it after long scripts.
	metaWindow = 64 << 10
	// sampleBytes is what the statistics look at, from the first byte on that
	// is not ASCII.
	sampleBytes = 8 << 10
)

// Text converts a page to valid UTF-8 and names the charset that it was in,
// in lower case. Bytes that are wrong under it become U+FFFD; broken says that
// there were any. The order is that of the HTML standard (BOM, header, meta),
// but a label is believed only where the bytes bear it out.
func Text(body []byte, contentType string) (text []byte, name string, broken bool) {
	if rest, label := cutBOM(body); label != "" {
		return convert(rest, label)
	}
	label := declared(body, contentType)
	if label == "utf-16le" || label == "utf-16be" {
		// A declaration that could be read as ASCII is not in UTF-16.
		if bytes.IndexByte(body[:min(len(body), 256)], 0) < 0 {
			label = "utf-8"
		}
	}
	switch validity := checkUTF8(body); {
	case validity == allASCII && !strings.HasPrefix(label, "utf-16") && label != "iso-2022-jp":
		return body, "utf-8", false
	case validity == valid && !strings.HasPrefix(label, "utf-16"):
		// Text in another encoding is valid UTF-8 by accident only when it has
		// hardly any non-ASCII in it.
		return body, "utf-8", false
	case validity == mostlyValid && (label == "utf-8" || label == ""):
		return convert(body, "utf-8")
	case label == "" || label == "utf-8":
		return convert(body, guess(body))
	default:
		return convert(body, label)
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

// declared is the canonical name of the charset that the header, the XML
// declaration or a meta element gives, or "".
func declared(body []byte, contentType string) string {
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		if name := canonical(params["charset"]); name != "" {
			return name
		}
	}
	head := body[:min(len(body), metaWindow)]
	if i := bytes.Index(head[:min(len(head), 128)], []byte("<?xml")); i >= 0 {
		decl, _, _ := bytes.Cut(head[i:], []byte("?>"))
		if name := labelAfter(decl, "encoding"); name != "" {
			return name
		}
	}
	for rest := head; ; {
		i := bytes.IndexByte(rest, '<')
		if i < 0 || i+5 > len(rest) {
			return ""
		}
		rest = rest[i+1:]
		if !bytes.EqualFold(rest[:min(4, len(rest))], []byte("meta")) {
			continue
		}
		tag, _, _ := bytes.Cut(rest, []byte(">"))
		if name := labelAfter(tag, "charset"); name != "" {
			return name
		}
	}
}

// labelAfter is the charset in `key = "label"`.
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

// indexFold is where key, in lower-case ASCII, first stands in b in any case.
// Lower-casing b whole would move what follows broken bytes.
func indexFold(b []byte, key string) int {
	for i := 0; i+len(key) <= len(b); i++ {
		if bytes.EqualFold(b[i:i+len(key)], []byte(key)) {
			return i
		}
	}
	return -1
}

func canonical(label string) string {
	if label == "" {
		return ""
	}
	_, name := charset.Lookup(strings.TrimSpace(label))
	return name
}

type utf8Validity int

const (
	invalid utf8Validity = iota
	mostlyValid
	valid
	allASCII
)

// checkUTF8 tells UTF-8 with a few broken bytes (a string cut in the middle of
// a character) from another encoding: at least ten good sequences stand
// against each bad byte.
func checkUTF8(b []byte) utf8Validity {
	if utf8.Valid(b) {
		for _, c := range b {
			if c >= utf8.RuneSelf {
				return valid
			}
		}
		return allASCII
	}
	good, bad := 0, 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			bad++
		} else {
			good++
		}
		i += size
	}
	if good >= 10*bad {
		return mostlyValid
	}
	return invalid
}

// guess names the charset by statistics, looking where the text is not ASCII.
func guess(body []byte) string {
	start := bytes.IndexFunc(body, func(r rune) bool { return r >= utf8.RuneSelf })
	start = max(0, start-256)
	sample := body[start:min(len(body), start+sampleBytes)]
	best, err := chardet.NewHtmlDetector().DetectBest(sample)
	if err != nil {
		return "windows-1252"
	}
	name := canonical(best.Charset)
	if name == "" || name == "utf-8" || strings.HasPrefix(name, "utf-16") || best.Confidence < 20 {
		return "windows-1252"
	}
	return name
}

func convert(body []byte, label string) ([]byte, string, bool) {
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
