package warc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxWindow is the maximum window of a zstd frame: it bounds the memory of the
	// decoder.
	maxWindow = 32 << 20
	// maxDictionary is the maximum size of a dictionary, before and after it is
	// decompressed.
	maxDictionary = 16 << 20
	// dictionaryFrame marks the skippable frame that holds the dictionary, at the start
	// of a file.
	dictionaryFrame = 0x184d2a5d
)

// dictionarySignature starts a dictionary (RFC 8878, section 5). One without it is only
// content that frames refer to.
var dictionarySignature = []byte{0x37, 0xa4, 0x30, 0xec}

// isSkippable reports whether a skippable frame starts here (RFC 8878, section 3.1.2).
func isSkippable(start []byte) bool {
	return len(start) >= 4 && start[0]&0xf0 == 0x50 && bytes.Equal(start[1:4], []byte{0x2a, 0x4d, 0x18})
}

// zstdDecompressor reads zstd frames. A file may start with a dictionary for all its
// frames, as in the draft "Zstandard Compression for WARC Files 1.0".
type zstdDecompressor struct {
	in      *input
	frame   frame
	decoder *zstd.Decoder
}

func (d *zstdDecompressor) open() error {
	if err := d.skipFrames(); err != nil {
		return err
	}
	if d.decoder == nil {
		if err := d.newDecoder(); err != nil {
			return err
		}
	}
	d.frame = frame{in: d.in}
	if err := d.frame.begin(); err != nil {
		return err
	}
	return d.decoder.Reset(&d.frame)
}

func (d *zstdDecompressor) newDecoder(options ...zstd.DOption) error {
	options = append(options,
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	decoder, err := zstd.NewReader(nil, options...)
	if err != nil {
		return fmt.Errorf("preparing zstd: %w", err)
	}
	d.close()
	d.decoder = decoder
	return nil
}

// skipFrames skips the skippable frames at the position of the input, and reads the
// dictionary if it is one of them.
func (d *zstdDecompressor) skipFrames() error {
	for {
		start, err := d.in.Peek(8)
		if err != nil || !isSkippable(start) {
			return nil //nolint:nilerr // the frame's own header tells what is wrong
		}
		kind, size := binary.LittleEndian.Uint32(start), binary.LittleEndian.Uint32(start[4:])
		if _, err := d.in.Discard(len(start)); err != nil {
			return err
		}
		if kind != dictionaryFrame {
			if _, err := io.CopyN(io.Discard, d.in, int64(size)); err != nil {
				return err
			}
			continue
		}
		if size > maxDictionary {
			return fmt.Errorf("the dictionary has %d bytes, more than %d", size, maxDictionary)
		}
		if err := d.readDictionary(int64(size)); err != nil {
			return fmt.Errorf("reading the dictionary: %w", err)
		}
	}
}

func (d *zstdDecompressor) readDictionary(size int64) error {
	var dictionary bytes.Buffer
	if _, err := io.CopyN(&dictionary, d.in, size); err != nil {
		return err
	}
	content := dictionary.Bytes()
	if bytes.HasPrefix(content, zstdSignature) {
		plain, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxDictionary))
		if err != nil {
			return err
		}
		defer plain.Close()
		if content, err = plain.DecodeAll(content, nil); err != nil {
			return err
		}
	}
	if !bytes.HasPrefix(content, dictionarySignature) {
		return d.newDecoder(zstd.WithDecoderDictRaw(0, content))
	}
	return d.newDecoder(zstd.WithDecoderDicts(content))
}

func (d *zstdDecompressor) Read(p []byte) (int, error) {
	n, err := d.decoder.Read(p)
	if errors.Is(err, io.EOF) && !d.frame.done {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (d *zstdDecompressor) signature() []byte { return zstdSignature }

func (d *zstdDecompressor) close() {
	if d.decoder != nil {
		d.decoder.Close()
	}
}

// frame reads the bytes of a single zstd frame (RFC 8878, section 3.1.1). The decoder
// alone would read on into the next frame.
type frame struct {
	in *input
	// left is how many bytes are left of the current part: the header, a block or the
	// checksum.
	left                  int
	last, checksum, ended bool
	// done means that the last byte was read.
	done bool
}

// begin reads how long the header of the frame is.
func (f *frame) begin() error {
	start, err := f.in.Peek(5)
	if err != nil || !bytes.HasPrefix(start, zstdSignature) {
		return errors.New("no zstd frame")
	}
	descriptor := start[4]
	single := descriptor&0x20 != 0
	f.checksum = descriptor&4 != 0
	f.left = 5 + []int{0, 1, 2, 4}[descriptor&3] + []int{0, 2, 4, 8}[descriptor>>6]
	if !single {
		f.left++
	} else if descriptor>>6 == 0 {
		f.left++
	}
	return nil
}

func (f *frame) Read(p []byte) (int, error) {
	if f.left == 0 {
		if err := f.advance(); err != nil {
			return 0, err
		}
	}
	n, err := f.in.Read(p[:min(len(p), f.left)])
	f.left -= n
	f.done = f.ended && f.left == 0
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// advance starts the next part of the frame.
func (f *frame) advance() error {
	const headerBytes, checksumBytes, runLength = 3, 4, 1
	switch {
	case f.ended || f.last && !f.checksum:
		f.done = true
		return io.EOF
	case f.last:
		f.ended, f.left = true, checksumBytes
		return nil
	}
	header, err := f.in.Peek(headerBytes)
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	bits := int(header[0]) | int(header[1])<<8 | int(header[2])<<16
	f.last = bits&1 != 0
	f.left = headerBytes + bits>>3
	if bits>>1&3 == runLength {
		f.left = headerBytes + 1
	}
	return nil
}
