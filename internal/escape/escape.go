// Package escape makes text from sites safe to show on a terminal. Control characters
// could move the cursor, change earlier lines or send input, and bidirectional controls
// could reorder what is shown (Unicode Technical Report 36, section 2.10).
package escape

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Line returns a text as one line: white space becomes single spaces, and every other
// unsafe character is escaped.
func Line(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r == '\n' || r == '\t' || isUnsafe(r) }) &&
		utf8.ValidString(text) {
		return text
	}
	return string(appendSafe(nil, []byte(strings.Join(strings.Fields(text), " "))))
}

// Excerpt returns the start of a text on one line, up to a number of bytes.
func Excerpt(text string, most int) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + " …"
	}
	return text
}

// Writer writes text with every unsafe character escaped, except line feeds and tabs.
// In a JSON document, the escapes stand for the same characters. It is safe for concurrent
// use.
type Writer struct {
	w  io.Writer
	mu sync.Mutex
	// rest is the start of a character that the last Write ended with.
	rest []byte
	// failure is the error of the first Write that failed.
	failure error
}

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Unwrap returns the writer below, for what is not text.
func (w *Writer) Unwrap() io.Writer { return w.w }

// Write writes text.
func (w *Writer) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	whole := slices.Concat(w.rest, text)
	end := lastComplete(whole)
	w.rest = slices.Clone(whole[end:])
	if _, err := w.w.Write(appendSafe(make([]byte, 0, end), whole[:end])); err != nil {
		if w.failure == nil {
			w.failure = err
		}
		return 0, err
	}
	return len(text), nil
}

// Err returns the error of the first Write that failed, for programs that print without
// checking each line.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failure
}

// lastComplete returns the length of the part of a text that does not end within a
// character.
func lastComplete(text []byte) int {
	for i := 1; i <= min(len(text), utf8.UTFMax-1); i++ {
		last := text[len(text)-i:]
		if utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				break
			}
			return len(text) - i
		}
	}
	return len(text)
}

// appendSafe appends a text to a buffer, with its unsafe characters escaped.
func appendSafe(to, text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			to = fmt.Appendf(to, `\x%02x`, text[0])
		case isUnsafe(r):
			to = fmt.Appendf(to, `\u%04x`, r)
		default:
			to = append(to, text[:size]...)
		}
		text = text[size:]
	}
	return to
}

// isUnsafe reports whether a character must not reach a terminal.
func isUnsafe(r rune) bool {
	const lineSeparator, paragraphSeparator = '\u2028', '\u2029'
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) ||
		r == lineSeparator || r == paragraphSeparator
}
