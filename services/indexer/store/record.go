package store

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// maxRecordBytes is the maximum size of a record of an article that is decoded. A message of the
// pipeline has at most 8 MB.
const maxRecordBytes = 64 << 20

// compressedPrefix starts the records that are compressed (the magic number of RFC 8878, section
// 3.1.1). Earlier versions stored messages as they are, which start with the tag of the id.
var compressedPrefix = []byte{0x28, 0xb5, 0x2f, 0xfd}

// Both work for several goroutines at the same time. The fastest level makes records 3.8 times
// smaller, the default one 4.0 times with twice the CPU (1,361 pages of the corpus).
var (
	compressor = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true))
	})
	decompressor = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxRecordBytes))
	})
)

// encodeArticle returns the record of an article: the message, compressed.
func encodeArticle(article *datelinev1.Article) ([]byte, error) {
	message, err := proto.MarshalOptions{Deterministic: true}.Marshal(article)
	if err != nil {
		return nil, fmt.Errorf("encoding article %s: %w", article.GetId(), err)
	}
	encoder, err := compressor()
	if err != nil {
		return nil, fmt.Errorf("compressing article %s: %w", article.GetId(), err)
	}
	return encoder.EncodeAll(message, make([]byte, 0, len(message)/3)), nil
}

// decodeArticle reverses encodeArticle.
func decodeArticle(id string, record []byte) (*datelinev1.Article, error) {
	message, err := decompressed(record)
	if err != nil {
		return nil, fmt.Errorf("decompressing the stored record of article %s: %w", id, err)
	}
	article := new(datelinev1.Article)
	if err := proto.Unmarshal(message, article); err != nil {
		return nil, fmt.Errorf("decoding the stored record of article %s: %w", id, err)
	}
	return article, nil
}

func decompressed(record []byte) ([]byte, error) {
	if !bytes.HasPrefix(record, compressedPrefix) {
		return record, nil
	}
	decoder, err := decompressor()
	if err != nil {
		return nil, err
	}
	return decoder.DecodeAll(record, nil)
}

// messageSize returns the size in bytes of the message in a record.
func messageSize(record []byte) int {
	var header zstd.Header
	if bytes.HasPrefix(record, compressedPrefix) && header.Decode(record) == nil && header.HasFCS {
		return int(min(header.FrameContentSize, maxRecordBytes)) //nolint:gosec // it is bounded
	}
	return len(record)
}
