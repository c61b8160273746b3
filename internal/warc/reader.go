// Package warc reads web archives: WARC 1.0 and 1.1 (ISO 28500) and ARC 1, plain or
// compressed with gzip or zstd. It reads from a stream, with constant memory. Damaged
// parts of a file are reported and skipped.
package warc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxHeader is the maximum size of a header block in bytes.
const MaxHeader = 64 << 10

// DamageError is a place in a file that cannot be read and was skipped. Reading goes on
// after it.
type DamageError struct {
	// Offset is the position in the file, in bytes. In a compressed file, it is the start
	// of the member.
	Offset int64
	Reason error
}

func (d *DamageError) Error() string { return fmt.Sprintf("at byte %d: %v", d.Offset, d.Reason) }

func (d *DamageError) Unwrap() error { return d.Reason }

// Reader reads the records of a file. Create it with NewReader, and close it.
type Reader struct {
	stream *stream
	text   *bufio.Reader // reads from stream
	block  *block        // of the current record, nil before the first
	isWARC bool          // since the first record of a WARC file
	// damage is to be returned by the next call of Next.
	damage error
}

// NewReader returns a Reader of a file. The first bytes tell the file's format.
func NewReader(file io.Reader) *Reader {
	s := newStream(file)
	return &Reader{stream: s, text: bufio.NewReaderSize(s, bufferBytes)}
}

// Close releases what the Reader holds. It does not close the file.
func (r *Reader) Close() { r.stream.close() }

// Offset returns how many bytes of the file have been read.
func (r *Reader) Offset() int64 { return r.stream.in.offset() }

// Next returns the next record. It skips what is unread of the previous one, whose block
// must not be read afterwards. Next returns io.EOF at the end of the file. If it returns
// a DamageError, the next call continues after the damage. Any other error means that the file
// cannot be read.
func (r *Reader) Next() (*Record, error) {
	if err := r.Finish(); err != nil {
		return nil, err
	}
	if err := r.align(); err != nil {
		return nil, err
	}
	record := &Record{Offset: r.offset()}
	parse := parseARC
	if start, _ := r.text.Peek(len(warcPrefix)); bytes.HasPrefix(start, warcPrefix) {
		r.isWARC, parse = true, parseWARC
	}
	if err := parse(r.text, record); err != nil {
		return nil, r.damaged(record.Offset, err)
	}
	r.block = &block{r: r, start: record.Offset, size: record.Length, left: record.Length}
	record.Block = r.block
	return record, nil
}

// damaged returns the DamageError for an error inside a record, or the error that ended the
// file.
func (r *Reader) damaged(offset int64, err error) error {
	if err := r.stream.in.failure(); err != nil {
		return err
	}
	if errors.Is(err, errMemberEnd) {
		err = errors.New("the record ends within its header")
		if r.stream.broken != nil {
			err = fmt.Errorf("%w: %w", err, reasonOf(r.stream.next()))
		}
	}
	return &DamageError{offset, err}
}

// reasonOf returns the reason of a DamageError, or the error if it is another one.
func reasonOf(err error) error {
	if damage, ok := errors.AsType[*DamageError](err); ok {
		return damage.Reason
	}
	return err
}

// offset returns the position of the next record.
func (r *Reader) offset() int64 {
	if r.stream.comp != nil {
		return r.stream.member
	}
	return r.stream.in.offset() - int64(r.text.Buffered())
}

// Finish skips what is unread of the current record, and checks that the record ends where
// its header says and that its compressed data is intact. It returns the DamageError that Next
// would return otherwise.
func (r *Reader) Finish() error {
	b := r.block
	if r.block = nil; b != nil {
		if _, err := io.Copy(io.Discard, b); err != nil && r.damage == nil {
			return err
		}
	}
	if err := r.damage; err != nil {
		r.damage = nil
		return err
	}
	if b == nil {
		return nil
	}
	separated, err := r.skipBlankLines()
	if err != nil {
		if r.stream.broken != nil {
			return r.damaged(b.start, reasonOf(r.stream.next()))
		}
		return nil
	}
	if separated || r.atRecord() {
		return nil
	}
	return &DamageError{b.start, fmt.Errorf("the length of the record is wrong: skipped %d bytes after its %d bytes",
		r.skipToRecord(), b.size)}
}

// align moves to the start of the next record. What it has to skip is a DamageError.
func (r *Reader) align() error {
	for {
		if _, err := r.skipBlankLines(); err != nil {
			if err := r.stream.next(); err != nil {
				return err
			}
			continue
		}
		if r.atRecord() {
			return nil
		}
		offset := r.offset()
		return &DamageError{offset, fmt.Errorf("skipped %d bytes that are not a record", r.skipToRecord())}
	}
}

// skipToRecord moves to the next line that starts a record, or to the end of the member,
// and returns the number of bytes in between.
func (r *Reader) skipToRecord() (skipped int64) {
	for {
		line, err := r.text.ReadSlice('\n')
		skipped += int64(len(line))
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) || r.atRecord() {
			return skipped
		}
	}
}

// skipBlankLines skips the line ends that separate records, and reports whether there were
// any.
func (r *Reader) skipBlankLines() (found bool, err error) {
	for {
		b, err := r.text.ReadByte()
		if err != nil {
			return found, err
		}
		if b != '\r' && b != '\n' {
			return found, r.text.UnreadByte()
		}
		found = true
	}
}

// atRecord reports whether a record starts at the position of the text.
func (r *Reader) atRecord() bool {
	start, _ := r.text.Peek(len(warcPrefix) + 1)
	if startsWARC(start) {
		return true
	}
	if r.isWARC {
		return false
	}
	start, _ = r.text.Peek(maxSignature)
	return startsRecord(start)
}

// block reads the block of a record.
type block struct {
	r           *Reader
	start       int64 // of the record
	size, left  int64
	interrupted bool
}

func (b *block) Read(p []byte) (int, error) {
	for {
		switch {
		case b.interrupted:
			return 0, io.ErrUnexpectedEOF
		case b.left == 0 || len(p) == 0:
			return 0, io.EOF
		}
		n, err := b.r.text.Read(p[:min(int64(len(p)), b.left)])
		if b.left -= int64(n); n > 0 {
			return n, nil
		}
		if err != nil {
			b.interrupt(b.proceed())
		}
	}
}

// proceed opens the next member. It returns an error unless the block goes on there.
func (b *block) proceed() error {
	switch err := b.r.stream.next(); {
	case errors.Is(err, io.EOF):
		return errors.New("the file is cut")
	case err != nil:
		return reasonOf(err)
	case b.r.atRecord():
		return errors.New("the next record starts there: its length is wrong")
	}
	return nil
}

// interrupt ends the block early because of an error.
func (b *block) interrupt(err error) {
	if err == nil {
		return
	}
	b.interrupted = true
	if failure := b.r.stream.in.failure(); failure != nil {
		b.r.damage = failure
		return
	}
	b.r.damage = &DamageError{b.start, fmt.Errorf("the record ends after %d of %d bytes: %w", b.size-b.left, b.size, err)}
}
