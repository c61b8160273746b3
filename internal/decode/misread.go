package decode

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Bounds of the evidence that a page was misread, in characters that are not ASCII.
const (
	minMisread  = 64      // below which nothing is decided
	maxMisread  = 400     // that are examined
	misreadSpan = 1 << 20 // bytes of the page that are examined
	foreignPart = 50      // one in fifty may not be in a Western charset
	agreePart   = 20      // one in twenty may contradict the other charset
	longRun     = 4       // adjacent ones that Western languages do not have
	shortPart   = 5       // one in five may be in shorter runs
	maxMisreads = 2       // times that a page was misread
)

// undoMisreading repairs a page in UTF-8 that was made from bytes in another charset as if
// they were in a Western one: "Ã©" instead of "é", or "ÖÐ¹ú" instead of "中国". Archives
// and careless conversions do that. It returns the charset of the original bytes.
func undoMisreading(text []byte) (repaired []byte, name string) {
	for range maxMisreads {
		var m misreading
		eachRun(text[:min(len(text), misreadSpan)], func(_ []byte, run []rune) bool {
			m.count(run)
			return m.undecided()
		})
		switch {
		case m.seen < minMisread || m.foreign*foreignPart > m.seen:
			return text, "utf-8"
		case (m.seen-m.inUTF8)*agreePart < m.seen:
			text = rejoin(text, asUTF8)
		case (m.seen-m.inRuns)*shortPart < m.seen:
			western := charmap.ISO8859_15
			if m.windows {
				western = charmap.Windows1252
			}
			original := rejoin(text, func(run []rune) []byte { return bytesOf(run, western) })
			label := detect(original, "")
			out, converted, _ := convert(original, label)
			if label == "windows-1252" || bytes.Count(out, []byte("\uFFFD"))*foreignPart > utf8.RuneCount(out) {
				return text, "utf-8"
			}
			return out, converted
		default:
			return text, "utf-8"
		}
	}
	return text, "utf-8"
}

// eachRun calls do with each piece of a text without characters other than ASCII, and the
// run of other characters after it, until do returns false.
func eachRun(text []byte, do func(ascii []byte, run []rune) bool) {
	var run []rune
	for start, i := 0, 0; start < len(text); start = i {
		for i+8 <= len(text) && binary.LittleEndian.Uint64(text[i:])&0x8080808080808080 == 0 {
			i += 8
		}
		for i < len(text) && text[i] < utf8.RuneSelf {
			i++
		}
		ascii := text[start:i]
		run = run[:0]
		for i < len(text) && text[i] >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(text[i:])
			run = append(run, r)
			i += size
		}
		if !do(ascii, run) {
			return
		}
	}
}

// misreading is the evidence that a page was misread.
type misreading struct {
	seen    int  // characters that are not ASCII
	foreign int  // of these, not in a Western charset
	inUTF8  int  // of these, in runs that are valid UTF-8 if read as bytes
	inRuns  int  // of these, in long runs
	windows bool // whether some are only in windows-1252
}

// undecided reports whether more characters may show that the page was misread.
func (m *misreading) undecided() bool {
	return m.seen < minMisread ||
		m.seen < maxMisread && m.foreign*2 < m.seen && (m.inUTF8*2 > m.seen || m.inRuns*2 > m.seen)
}

// count adds a run of adjacent characters to the evidence.
func (m *misreading) count(run []rune) {
	m.seen += len(run)
	for _, r := range run {
		if _, known := charmap.ISO8859_15.EncodeRune(r); known || r < 0x100 {
			continue
		}
		if _, known := charmap.Windows1252.EncodeRune(r); known {
			m.windows = true
		} else {
			m.foreign++
		}
	}
	if asUTF8(run) != nil {
		m.inUTF8 += len(run)
	}
	if len(run) >= longRun {
		m.inRuns += len(run)
	}
}

// bytesOf returns the bytes from which a run was read in a Western charset. Control
// characters and the signs that ISO 8859-15 replaced are those of ISO 8859-1. It returns
// nil if a character is not in the charset.
func bytesOf(run []rune, western *charmap.Charmap) []byte {
	out := make([]byte, 0, len(run))
	for _, r := range run {
		c, known := western.EncodeRune(r)
		switch {
		case known:
			out = append(out, c)
		case r < 0x100:
			out = append(out, byte(r))
		default:
			return nil
		}
	}
	return out
}

// asUTF8 returns the text of a run that was read from UTF-8, or nil.
func asUTF8(run []rune) []byte {
	for _, western := range [2]*charmap.Charmap{charmap.Windows1252, charmap.ISO8859_15} {
		if out := bytesOf(run, western); len(out) > 1 && utf8.Valid(out) {
			return out
		}
	}
	return nil
}

// rejoin replaces the runs of a text. Runs for which there is no replacement stay.
func rejoin(text []byte, replace func(run []rune) []byte) []byte {
	out := make([]byte, 0, len(text))
	eachRun(text, func(ascii []byte, run []rune) bool {
		out = append(out, ascii...)
		if replacement := replace(run); replacement != nil {
			out = append(out, replacement...)
		} else {
			out = append(out, string(run)...)
		}
		return true
	})
	return out
}
