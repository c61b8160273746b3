package warcfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"strconv"
	"time"

	"github.com/klauspost/compress/flate"
)

// The parts of a gzip member (RFC 1952).
const (
	gzipFrame   = 18 // header and trailer
	extraFrame  = 6  // length of the extra field, and the header of its only subfield
	maxExtra    = 60_000
	storedFrame = 5 // header of a stored block
	maxStored   = 65_535
)

// Tombstone returns a gzip member of exactly the given length with a record that replaces an
// erased one. It can overwrite the member of that record in its file, so that the
// offsets of the other records stay valid. id is the id of the tombstone.
func Tombstone(id string, at time.Time, length int64) ([]byte, error) {
	if length > MaxBlock {
		return nil, fmt.Errorf("a record of %d bytes is too large to be erased: the maximum is %d", length, MaxBlock)
	}
	size := int(length)
	if size > maxExtra {
		// The block is padded, and the extra field fills the rest.
		blocks := size/maxStored + 2
		padding := max(0, size-gzipFrame-blocks*storedFrame-1024)
		content := tombstoneContent(id, at, padding)
		return member(storedBlocks(content), content, size)
	}
	// The extra field can have any length but a very small one.
	for padding := range 2 * extraFrame {
		content := tombstoneContent(id, at, padding)
		packed, err := compressed(content)
		if err != nil {
			return nil, err
		}
		if rest := size - gzipFrame - len(packed); rest == 0 || rest >= extraFrame {
			return member(packed, content, size)
		}
	}
	return nil, fmt.Errorf("a record of %d bytes is too small to be replaced", length)
}

// tombstoneContent returns the record, with a padded block.
func tombstoneContent(id string, at time.Time, padding int) []byte {
	block := FieldBlock([]Field{{"erased", Date(at)}})
	block = append(block, bytes.Repeat([]byte("\n"), padding)...)
	var out bytes.Buffer
	out.WriteString(version + newline)
	writeFields(&out, []Field{
		{FieldType, TypeMetadata}, {FieldID, id}, {FieldDate, Date(at)}, {FieldContentType, Fields},
		{FieldBlockDigest, Digest(block)}, {fieldLength, strconv.Itoa(len(block))},
	})
	out.WriteString(newline)
	out.Write(block)
	out.WriteString(newline + newline)
	return out.Bytes()
}

func compressed(content []byte) ([]byte, error) {
	var out bytes.Buffer
	writer, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("creating a compressor: %w", err)
	}
	if _, err := writer.Write(content); err != nil {
		return nil, fmt.Errorf("compressing a tombstone: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("compressing a tombstone: %w", err)
	}
	return out.Bytes(), nil
}

// storedBlocks returns content in blocks without compression (RFC 1951).
func storedBlocks(content []byte) []byte {
	out := make([]byte, 0, len(content)+(len(content)/maxStored+1)*storedFrame)
	for {
		part := content[:min(len(content), maxStored)]
		content = content[len(part):]
		last := byte(0)
		if len(content) == 0 {
			last = 1
		}
		out = append(out, last)
		out = binary.LittleEndian.AppendUint16(out, uint16(len(part)))
		out = binary.LittleEndian.AppendUint16(out, ^uint16(len(part)))
		out = append(out, part...)
		if last == 1 {
			return out
		}
	}
}

// member returns a gzip member of a size with compressed data of content.
func member(packed, content []byte, size int) ([]byte, error) {
	rest := size - gzipFrame - len(packed)
	if rest != 0 && rest < extraFrame || rest > math.MaxUint16 {
		return nil, fmt.Errorf("%d bytes are left in a member of %d bytes", rest, size)
	}
	const deflate, hasExtra, unknownSystem = 8, 4, 255
	out := make([]byte, 0, size)
	if rest == 0 {
		out = append(out, 0x1f, 0x8b, deflate, 0, 0, 0, 0, 0, 0, unknownSystem)
	} else {
		out = append(out, 0x1f, 0x8b, deflate, hasExtra, 0, 0, 0, 0, 0, unknownSystem)
		out = binary.LittleEndian.AppendUint16(out, uint16(rest-2))
		out = append(out, 'e', 'r') // identifies the subfield
		out = binary.LittleEndian.AppendUint16(out, uint16(rest-extraFrame))
		out = append(out, make([]byte, rest-extraFrame)...)
	}
	out = append(out, packed...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(content))
	return binary.LittleEndian.AppendUint32(out, uint32(len(content))), nil
}
