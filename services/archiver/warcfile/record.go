// Package warcfile writes and reads the records of WARC 1.1 files (ISO 28500). Each
// record is a gzip member of its own, so that it can be read by its offset alone.
package warcfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Names of record types.
const (
	TypeInfo     = "warcinfo"
	TypeRequest  = "request"
	TypeResponse = "response"
	TypeRevisit  = "revisit"
	TypeMetadata = "metadata"
)

// Names of the fields that this package or its callers read.
const (
	FieldType          = "WARC-Type"
	FieldID            = "WARC-Record-ID"
	FieldDate          = "WARC-Date"
	FieldURL           = "WARC-Target-URI"
	FieldBlockDigest   = "WARC-Block-Digest"
	FieldPayloadDigest = "WARC-Payload-Digest"
	FieldOriginalURL   = "WARC-Refers-To-Target-URI"
	FieldOriginalDate  = "WARC-Refers-To-Date"
	FieldProfile       = "WARC-Profile"
	FieldContentType   = "Content-Type"
	fieldLength        = "Content-Length"
)

// Media types of blocks.
const (
	Fields   = "application/warc-fields"
	Request  = "application/http;msgtype=request"
	Response = "application/http;msgtype=response"
)

// ProfileIdentical is the profile of a revisit record whose payload is that of an earlier
// record.
const ProfileIdentical = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"

// ProfileNotModified is the profile of a revisit record of a response with the status 304.
const ProfileNotModified = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"

const (
	version = "WARC/1.1"
	newline = "\r\n"
)

// Field is a named field of a record or of a block of fields.
type Field struct{ Name, Value string }

// Record is a record to write. The block is Head followed by Payload.
type Record struct {
	Type string
	ID   string
	Date time.Time
	// Fields are written in their order, without those that are empty. The type, the
	// id, the date, the digest of the block and its length are added.
	Fields        []Field
	Head, Payload []byte
	// Packed reports that the payload is compressed already.
	Packed bool
	// Captured reports that the index of the archive names the record.
	Captured bool
}

// Date returns a time in the form of WARC 1.1, with microseconds.
func Date(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Digest returns the digest of data with its label.
func Digest(data ...[]byte) string {
	hash := sha256.New()
	for _, part := range data {
		hash.Write(part)
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil))
}

// ID returns a record id that depends only on a name, so that a record which is written
// again after a crash has the same one. It is a UUID of version 8 (RFC 9562).
func ID(name string) string {
	sum := sha256.Sum256([]byte(name))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("<urn:uuid:%x-%x-%x-%x-%x>", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// FieldBlock returns a block of the media type Fields, without fields that are empty.
func FieldBlock(fields []Field) []byte {
	var block bytes.Buffer
	writeFields(&block, fields)
	return block.Bytes()
}

func writeFields(out *bytes.Buffer, fields []Field) {
	for _, f := range fields {
		if f.Value != "" {
			out.WriteString(f.Name + ": " + singleLine.Replace(f.Value) + newline)
		}
	}
}

// singleLine keeps a value from outside in its line.
var singleLine = strings.NewReplacer("\r", " ", "\n", " ", "\x00", " ")

const (
	// textLevel is the compression level of blocks in general. Higher levels take more
	// than twice the time for files that are a tenth smaller.
	textLevel = 3
	// packedLevel is that of blocks that are compressed already.
	packedLevel = gzip.BestSpeed
)

// Encoder encodes records. It reuses its buffers, and is not safe for concurrent use.
type Encoder struct {
	text, packed *gzip.Writer
	head         bytes.Buffer
}

// NewEncoder returns an Encoder.
func NewEncoder() (*Encoder, error) {
	text, err := gzip.NewWriterLevel(nil, textLevel)
	if err != nil {
		return nil, fmt.Errorf("creating a gzip writer: %w", err)
	}
	packed, err := gzip.NewWriterLevel(nil, packedLevel)
	if err != nil {
		return nil, fmt.Errorf("creating a gzip writer: %w", err)
	}
	return &Encoder{text: text, packed: packed}, nil
}

// Append appends the gzip member with a record to out.
func (e *Encoder) Append(out *bytes.Buffer, r *Record) error {
	e.head.Reset()
	e.head.WriteString(version + newline)
	writeFields(&e.head, []Field{{FieldType, r.Type}, {FieldID, r.ID}, {FieldDate, Date(r.Date)}})
	writeFields(&e.head, r.Fields)
	writeFields(&e.head, []Field{
		{FieldBlockDigest, Digest(r.Head, r.Payload)},
		{fieldLength, strconv.Itoa(len(r.Head) + len(r.Payload))},
	})
	e.head.WriteString(newline)
	writer := e.text
	if r.Packed {
		writer = e.packed
	}
	writer.Reset(out)
	for _, part := range [][]byte{e.head.Bytes(), r.Head, r.Payload, []byte(newline + newline)} {
		if _, err := writer.Write(part); err != nil {
			return fmt.Errorf("compressing a %s record: %w", r.Type, err)
		}
	}
	if err := writer.Close(); err != nil {
		return fmt.Errorf("compressing a %s record: %w", r.Type, err)
	}
	return nil
}
