package httpget

import (
	"bytes"
	"iter"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// A head is the status line and the header lines of an HTTP/1 response, with the
// empty line that ends it. net/http refuses heads that browsers accept. Such heads are
// repaired before net/http reads them.

// maxBlank is the number of bytes of empty lines that may precede a status line.
const maxBlank = 4

// headState is what is known about the head at the start of some data.
type headState int

const (
	headIncomplete headState = iota
	headComplete
	headForeign // not a response of HTTP/1
)

// findHead looks for the head at the start of data, and returns its length if it is
// complete. The head does not end before the given position.
func findHead(data []byte, from int) (int, headState) {
	blank := 0
	for blank < len(data) && (data[blank] == '\r' || data[blank] == '\n') {
		if blank++; blank > maxBlank {
			return 0, headForeign
		}
	}
	const start = "HTTP/"
	if begin := data[blank:min(len(data), blank+len(start))]; !strings.HasPrefix(start, string(begin)) {
		return 0, headForeign
	}
	for i := max(from, blank); ; i++ {
		next := bytes.IndexByte(data[i:], '\n')
		if next < 0 {
			return 0, headIncomplete
		}
		i += next
		switch rest := data[i+1:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return i + 2, headComplete
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return i + 3, headComplete
		}
	}
}

// isInterim reports whether a head has a status of 1xx, so that another head follows.
func isInterim(head []byte) bool {
	_, status, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n"), []byte(" "))
	status = bytes.TrimLeft(status, " ")
	return len(status) > 0 && status[0] == '1' && !bytes.HasPrefix(status, []byte("101"))
}

// repairHead returns a head that net/http accepts, as browsers read the given one:
// without empty lines at the start, lines without a colon or with an invalid name, and
// blanks before a colon. A body in the transfer coding "identity" is not encoded, and
// one that is "chunked" twice is chunked once. Everything else is left to net/http,
// which may refuse it.
//
// The repaired head ends the connection after the response: another reader of the same
// bytes could find the end of the response elsewhere.
func repairHead(head []byte) []byte {
	out := make([]byte, 0, len(head)+len(closeLine)+2)
	var codings []string
	for number, line := range joinedLines(bytes.TrimLeft(head, "\r\n")) {
		if number == 0 {
			out = append(append(out, line...), "\r\n"...)
			continue
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		name = bytes.TrimRight(name, blanks)
		switch {
		case !found || !isToken(name):
		case isName(name, "Transfer-Encoding"):
			codings = append(codings, transferCodings(string(value))...)
		case isName(name, "Connection"):
		default:
			out = append(append(append(append(out, name...), ':'), value...), "\r\n"...)
		}
	}
	if codings = slices.Compact(codings); len(codings) > 0 {
		out = append(out, "Transfer-Encoding: "+strings.Join(codings, ", ")+"\r\n"...)
	}
	return append(append(out, closeLine...), "\r\n"...)
}

const closeLine = "Connection: close\r\n"

// needsRepair reports whether repairHead has anything to repair.
func needsRepair(head []byte) bool {
	if head[0] == '\r' || head[0] == '\n' {
		return true
	}
	encoded := false
	number := 0
	for line := range bytes.Lines(head) {
		number++
		line = bytes.TrimRight(line, "\r\n")
		if number == 1 || len(line) == 0 || isBlank(line[0]) && number > 2 {
			continue // net/http joins folded lines
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found || !isToken(name) {
			return true
		}
		if isName(name, "Transfer-Encoding") {
			if encoded || !isName(bytes.Trim(value, blanks), "chunked") {
				return true
			}
			encoded = true
		}
	}
	return false
}

// joinedLines returns the lines of a head without their ends, with their numbers. It
// joins folded lines to the line before (RFC 9112, section 5.2), but not to the status
// line. A line is valid until the next one.
func joinedLines(head []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		var current []byte
		number := -1
		for line := range bytes.Lines(head) {
			line = bytes.TrimRight(line, "\r\n")
			switch {
			case len(line) == 0:
			case number > 0 && isBlank(line[0]):
				current = append(append(current, ' '), bytes.Trim(line, blanks)...)
			case number >= 0 && !yield(number, current):
				return
			default:
				number++
				current = append(current[:0], line...)
			}
		}
		if number >= 0 {
			yield(number, current)
		}
	}
}

const blanks = " \t"

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// transferCodings returns the codings of a Transfer-Encoding header in lower case, without
// "identity", which does not change a body.
func transferCodings(value string) []string {
	var codings []string
	for coding := range strings.SplitSeq(strings.ToLower(value), ",") {
		if coding = strings.Trim(coding, blanks); coding != "" && coding != "identity" {
			codings = append(codings, coding)
		}
	}
	return codings
}

// isName reports whether a header name or value is the given one, in any case.
func isName(b []byte, name string) bool {
	return len(b) == len(name) && strings.EqualFold(string(b), name)
}

// isToken reports whether b can be the name of a header (RFC 9110, section 5.6.2).
func isToken(b []byte) bool {
	return len(b) > 0 && !slices.ContainsFunc(b, func(c byte) bool { return !httpguts.IsTokenRune(rune(c)) })
}
