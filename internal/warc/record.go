package warc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// The types of records that have a captured resource.
const (
	TypeResponse = "response"
	TypeResource = "resource"
	TypeRevisit  = "revisit"
	TypeInfo     = "warcinfo"
)

// Record is a record of a web archive. The header of an ARC record has the fields that a
// WARC record would have.
type Record struct {
	// Offset is the position of the record in the file, in bytes. In a compressed file, it
	// is the start of the member.
	Offset int64
	// Version is the format and its version, such as WARC/1.0.
	Version string
	Header  Header
	// Length is the size of the block in bytes, as the header states it.
	Length int64
	// Block is the content of the record. It returns io.ErrUnexpectedEOF if the record is
	// shorter than its length. The next call of Next then returns the DamageError.
	Block io.Reader
}

// Type returns the type of the record in lower case.
func (r *Record) Type() string { return strings.ToLower(r.Header.Get("WARC-Type")) }

// ID returns the id of the record without angle brackets, or "" if it has none.
func (r *Record) ID() string { return trimBrackets(r.Header.Get("WARC-Record-ID")) }

// RefersTo returns the id of the record that a revisit record refers to, or "".
func (r *Record) RefersTo() string { return trimBrackets(r.Header.Get("WARC-Refers-To")) }

// URI returns the URI of the captured resource. Some versions of wget enclose it in angle
// brackets.
func (r *Record) URI() string { return trimBrackets(r.Header.Get("WARC-Target-URI")) }

func trimBrackets(value string) string {
	if inner, ok := strings.CutPrefix(value, "<"); ok {
		return strings.TrimSuffix(inner, ">")
	}
	return value
}

// dateLayouts are the forms of WARC-Date. WARC 1.1 allows to leave out its end (W3C-DTF).
var dateLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", time.DateOnly, "2006-01", "2006"}

// Date returns when the resource was captured. It returns an error if the record does not
// state a valid time.
func (r *Record) Date() (time.Time, error) {
	value := r.Header.Get("WARC-Date")
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("WARC-Date %.40q is not a time", value)
}

// Field is a field of a header.
type Field struct{ Name, Value string }

// Header is the fields of a record or of an HTTP message, in order.
type Header []Field

// Get returns the value of the first field with a name, or "". Case does not matter.
func (h Header) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Join returns the values of all fields with a name, separated by commas.
func (h Header) Join(name string) string {
	var values []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return strings.Join(values, ", ")
}

// add adds a line of a header. A line that starts with white space continues the one
// before (RFC 822). Lines without a colon are ignored.
func (h *Header) add(line []byte) {
	if n := len(*h); n > 0 && (line[0] == ' ' || line[0] == '\t') {
		last := &(*h)[n-1].Value
		*last += " " + string(bytes.TrimSpace(line))
		return
	}
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return
	}
	*h = append(*h, Field{string(bytes.TrimSpace(name)), string(bytes.TrimSpace(value))})
}

var warcPrefix = []byte("WARC/")

// maxSignature is how many bytes identify the start of a record: those of the longest
// header line of an ARC record.
const maxSignature = 4 << 10

func startsWARC(b []byte) bool {
	digit := len(warcPrefix)
	return len(b) > digit && bytes.HasPrefix(b, warcPrefix) && b[digit] >= '0' && b[digit] <= '9'
}

// startsRecord reports whether text starts with the header of a record.
func startsRecord(text []byte) bool {
	if startsWARC(text) {
		return true
	}
	line, _, ok := bytes.Cut(text[:min(len(text), maxSignature)], []byte("\n"))
	if !ok {
		return false
	}
	_, ok = parseARCLine(line)
	return ok
}

// readLine reads a line without its end. The line is valid until the next read.
func readLine(text *bufio.Reader) (line []byte, size int, err error) {
	line, err = text.ReadSlice('\n')
	if err != nil {
		return nil, len(line), err
	}
	return bytes.TrimRight(line, "\r\n"), len(line), nil
}

// errLargeHeader is the error of a header of more than MaxHeader bytes.
var errLargeHeader = fmt.Errorf("the header of the record has more than %d bytes", MaxHeader)

// parseWARC reads the header of a WARC record.
func parseWARC(text *bufio.Reader, record *Record) error {
	left := MaxHeader
	for {
		line, size, err := readLine(text)
		if left -= size; left < 0 || errors.Is(err, bufio.ErrBufferFull) {
			return errLargeHeader
		}
		switch {
		case err != nil:
			return err
		case record.Version == "":
			record.Version = string(line)
		case len(line) == 0:
			return record.parseLength()
		default:
			record.Header.add(line)
		}
	}
}

func (r *Record) parseLength() error {
	value := r.Header.Get("Content-Length")
	length, err := strconv.ParseInt(value, 10, 64)
	if err != nil || length < 0 {
		return fmt.Errorf("the record has no valid Content-Length: %.40q", value)
	}
	r.Length = length
	return nil
}
