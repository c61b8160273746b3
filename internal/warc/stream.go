package warc

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// errMemberEnd is returned by stream.Read at the end of a member whose text does not go on in
// the next one, until next is called.
var errMemberEnd = errors.New("end of the member")

// The signatures of compressed members.
var (
	gzipSignature = []byte{0x1f, 0x8b, 8} // with the only method, deflate
	zstdSignature = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// decompressor reads the members of a compressed file one by one.
type decompressor interface {
	// open starts to read the member at the position of the input.
	open() error
	// Read returns io.EOF at the end of the member.
	io.Reader
	// signature returns the first bytes of every member.
	signature() []byte
	close()
}

// stream is the content of a file, decompressed. A file that is not compressed is a
// single member.
type stream struct {
	in   *input
	comp decompressor // nil if the file is not compressed
	// member is the offset of the current member.
	member int64
	isOpen bool
	// broken is why the current member cannot be read to its end.
	broken error
	// ended means that the current member has been read to its end.
	ended bool
	// following is the member that goesOn has opened, if it starts with a record.
	following opened
	// ahead is what goesOn has read of a member, and aheadErr the error after it.
	ahead    []byte
	aheadErr error
	// buffer is what isRecord and goesOn examine.
	buffer [maxSignature]byte
}

// opened is the offset of an open member.
type opened struct {
	offset int64
	is     bool
}

// newStream returns the content of a file. Its first bytes tell how it is compressed.
func newStream(file io.Reader) *stream {
	s := &stream{in: newInput(file)}
	start, _ := s.in.Peek(bufferBytes)
	switch {
	case len(start) >= 4 && (bytes.HasPrefix(start, zstdSignature) || isSkippable(start)):
		s.comp = &zstdDecompressor{in: s.in}
	case bytes.HasPrefix(start, gzipSignature), !startsRecord(start) && bytes.Contains(start, gzipSignature):
		// The second condition is for a file that lacks its beginning.
		s.comp = &gzipDecompressor{in: s.in}
	}
	return s
}

// Read reads from the current member, and goes on in the next one unless a record starts there:
// some programs, such as bgzip, compress a file without regard to its records.
func (s *stream) Read(p []byte) (int, error) {
	for {
		if s.ended {
			s.ended = false
			s.isOpen = s.comp != nil && s.goesOn()
		}
		if !s.isOpen {
			return 0, errMemberEnd
		}
		n, err := s.readMember(p)
		switch {
		case err == nil:
		case !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			s.isOpen, s.broken = false, err
		default:
			s.ended = true
		}
		if n > 0 {
			return n, nil
		}
	}
}

func (s *stream) readMember(p []byte) (int, error) {
	if n := copy(p, s.ahead); n > 0 {
		s.ahead = s.ahead[n:]
		return n, nil
	}
	if err := s.aheadErr; err != nil {
		s.aheadErr = nil
		return 0, err
	}
	if s.comp != nil {
		return s.comp.Read(p)
	}
	return s.in.Read(p)
}

// goesOn opens the next member, and reports whether it continues the text of the one before. If a record
// starts there, it is the following one.
func (s *stream) goesOn() bool {
	if _, err := s.in.Peek(1); err != nil {
		return false
	}
	at := s.in.offset()
	if err := s.comp.open(); err != nil {
		s.in.rewind(at)
		return false
	}
	n := 0
	for n < len(s.buffer) && s.aheadErr == nil {
		var read int
		read, s.aheadErr = s.comp.Read(s.buffer[n:])
		n += read
	}
	s.ahead = s.buffer[:n]
	switch {
	case startsRecord(s.ahead):
		s.following = opened{at, true}
		return false
	case s.aheadErr != nil && !errors.Is(s.aheadErr, io.EOF): // What comes before may be an intact record.
		s.ahead, s.aheadErr = nil, nil
		s.in.rewind(at)
		return false
	}
	s.member = at
	return true
}

// next opens the next member. It returns io.EOF at the end of the file, a DamageError if it
// had to skip bytes or the current member is broken, and any other error if the file
// cannot be read. After a DamageError, the next call continues after the damage.
func (s *stream) next() error {
	if s.following.is {
		s.member, s.isOpen, s.following = s.following.offset, true, opened{}
		return nil
	}
	if err := s.in.failure(); err != nil {
		return err
	}
	if err := s.broken; err != nil {
		s.broken = nil
		damage := &DamageError{s.member, fmt.Errorf("the compressed data is broken: %w", err)}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			damage.Reason = errors.New("the compressed data ends too early")
		}
		if s.comp != nil {
			s.in.rewind(s.member + 1)
			s.search()
		}
		return damage
	}
	if _, err := s.in.Peek(1); err != nil {
		return s.end()
	}
	if s.comp == nil {
		s.member, s.isOpen = s.in.offset(), true
		return nil
	}
	at := s.in.offset()
	if err := s.comp.open(); err == nil {
		s.member, s.isOpen = at, true
		return nil
	}
	// A file may be padded with zero bytes.
	s.in.rewind(at)
	padded := s.skipZeros()
	if _, err := s.in.Peek(1); err != nil && padded {
		return s.end()
	}
	found := s.search()
	if err := s.in.failure(); err != nil && !found {
		return err
	}
	skipped := s.in.offset() - at
	if !found {
		return &DamageError{at, fmt.Errorf("the last %d bytes are not a %s member", skipped, s.format())}
	}
	return &DamageError{at, fmt.Errorf("skipped %d bytes that are not a %s member", skipped, s.format())}
}

// end returns the error for the end of the file.
func (s *stream) end() error {
	if err := s.in.failure(); err != nil {
		return err
	}
	return io.EOF
}

func (s *stream) format() string {
	if _, ok := s.comp.(*zstdDecompressor); ok {
		return "zstd"
	}
	return "gzip"
}

func (s *stream) skipZeros() bool {
	skipped := false
	for {
		if b, err := s.in.ReadByte(); err != nil {
			return skipped
		} else if b != 0 {
			_ = s.in.UnreadByte() // a byte was just read
			return skipped
		}
		skipped = true
	}
}

// search moves the input to the next member that starts with a record, and reports
// whether there is one.
func (s *stream) search() bool {
	for s.in.find(s.comp.signature()) {
		at := s.in.offset()
		isRecord := s.isRecord()
		if s.in.rewind(at); isRecord {
			return true
		}
		if _, err := s.in.Discard(1); err != nil {
			return false
		}
	}
	_, _ = s.in.Discard(s.in.Buffered()) // fewer bytes than the signature has
	return false
}

// isRecord reports whether the member at the position of the input starts with a record.
func (s *stream) isRecord() bool {
	if err := s.comp.open(); err != nil {
		return false
	}
	n, _ := io.ReadFull(s.comp, s.buffer[:])
	return startsRecord(s.buffer[:n])
}

func (s *stream) close() {
	if s.comp != nil {
		s.comp.close()
	}
}

// gzipDecompressor reads gzip members.
type gzipDecompressor struct {
	in *input
	gz gzip.Reader
}

func (d *gzipDecompressor) open() error {
	if err := d.gz.Reset(d.in.Reader); err != nil {
		return err
	}
	d.gz.Multistream(false)
	return nil
}

func (d *gzipDecompressor) Read(p []byte) (int, error) { return d.gz.Read(p) }

func (d *gzipDecompressor) signature() []byte { return gzipSignature }

func (d *gzipDecompressor) close() {}
