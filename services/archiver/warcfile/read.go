package warcfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// The bounds of a record that is read, in bytes.
const (
	maxHeader = 64 << 10
	// MaxBlock is the maximum size of a block.
	MaxBlock = 128 << 20
)

// Entry is a record that was read, and its place in the file.
type Entry struct {
	fields []Field
	Block  []byte
	// Offset and Length are those of the gzip member.
	Offset, Length int64
}

// Get returns the first value of a field, or "".
func (e *Entry) Get(name string) string {
	for _, f := range e.fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Value returns the first value of a field in a block of fields, or "".
func Value(block []byte, name string) string {
	for line := range strings.Lines(string(block)) {
		key, value, found := strings.Cut(line, ":")
		if found && strings.EqualFold(key, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// HTTP splits the block of a request or response into the head and the body.
func (e *Entry) HTTP() (head, body []byte) { return SplitHTTP(e.Block) }

// SplitHTTP splits a message of HTTP/1.1 after the empty line that ends its head.
func SplitHTTP(message []byte) (head, body []byte) {
	for at := 0; at < len(message); {
		end := bytes.IndexByte(message[at:], '\n')
		if end < 0 {
			break
		}
		line := message[at : at+end]
		at += end + 1
		if len(line) == 0 || len(line) == 1 && line[0] == '\r' {
			return message[:at], message[at:]
		}
	}
	return message, nil
}

// Reader reads the records of a file that this package has written, one after another.
type Reader struct {
	in *countingReader
	gz *gzip.Reader
}

// NewReader returns a Reader for a file from the given offset, at which a member begins.
func NewReader(r io.Reader, offset int64) *Reader {
	return &Reader{in: &countingReader{r: bufio.NewReaderSize(r, 64<<10), at: offset}}
}

// Next returns the next record. The error is io.EOF at the end of the file, and
// io.ErrUnexpectedEOF if the file ends within a record.
func (r *Reader) Next() (*Entry, error) {
	offset := r.in.at
	if _, err := r.in.r.Peek(1); err != nil {
		return nil, err
	}
	entry, err := r.next()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("reading the record at offset %d: %w", offset, err)
	}
	entry.Offset, entry.Length = offset, r.in.at-offset
	return entry, nil
}

func (r *Reader) next() (*Entry, error) {
	var err error
	if r.gz == nil {
		r.gz, err = gzip.NewReader(r.in)
	} else {
		err = r.gz.Reset(r.in)
	}
	if err != nil {
		return nil, err
	}
	r.gz.Multistream(false)
	plain := bufio.NewReader(r.gz)
	entry := &Entry{}
	if err := entry.readHeader(plain); err != nil {
		return nil, err
	}
	length, err := strconv.ParseInt(entry.Get(fieldLength), 10, 64)
	if err != nil || length < 0 || length > MaxBlock {
		return nil, fmt.Errorf("the record has the Content-Length %q: expected 0 to %d", entry.Get(fieldLength), MaxBlock)
	}
	entry.Block = make([]byte, length)
	if _, err := io.ReadFull(plain, entry.Block); err != nil {
		return nil, err
	}
	rest, err := io.ReadAll(io.LimitReader(plain, int64(len(newline)*2+1)))
	if err == nil && string(rest) != newline+newline {
		err = errors.New("the record does not end after its block")
	}
	return entry, err
}

// readHeader reads the version, the fields and the empty line.
func (e *Entry) readHeader(r *bufio.Reader) error {
	for size := 0; ; {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if size += len(line); size > maxHeader {
			return fmt.Errorf("the header of the record exceeds %d bytes", maxHeader)
		}
		text := strings.TrimRight(string(line), newline)
		name, value, isField := strings.Cut(text, ":")
		switch {
		case size == len(line):
			if text != version {
				return fmt.Errorf("the record begins with %.20q: expected %s", text, version)
			}
		case text == "":
			return nil
		case !isField:
			return fmt.Errorf("the header of the record has the line %.40q: expected a field", text)
		default:
			e.fields = append(e.fields, Field{name, strings.TrimSpace(value)})
		}
	}
}

// countingReader counts the bytes that are taken from a reader. It is an io.ByteReader,
// so that gzip takes no more than a member.
type countingReader struct {
	r  *bufio.Reader
	at int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.at += int64(n)
	return n, err
}

func (c *countingReader) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.at++
	}
	return b, err
}
