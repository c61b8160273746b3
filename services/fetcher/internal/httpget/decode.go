package httpget

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// maxCodings bounds how many codings are undone one within the other.
const maxCodings = 3

// DecodePrefix returns at most the first max bytes that a body decodes to, for
// what the fetcher itself must read: robots.txt, and the start of a body
// without a type. An encoding is as in Response.ContentEncoding. Where the
// body is damaged, it returns what came before the damage, and an error.
func DecodePrefix(encoding string, body []byte, max int) ([]byte, error) {
	if len(body) == 0 {
		return nil, nil // servers name a coding for an empty body, too
	}
	codings := strings.Split(encoding, ",")
	if len(codings) > maxCodings {
		return nil, fmt.Errorf("decoding a body: it has %d content codings, the limit is %d", len(codings), maxCodings)
	}
	var reader io.Reader = bytes.NewReader(body)
	for _, coding := range slices.Backward(codings) {
		decoder, closer, err := newDecoder(strings.ToLower(strings.TrimSpace(coding)), reader)
		if err != nil {
			return nil, fmt.Errorf("decoding a body: %w", err)
		}
		if closer != nil {
			defer closer()
		}
		reader = decoder
	}
	decoded, err := io.ReadAll(io.LimitReader(reader, int64(max)))
	if err != nil {
		return decoded, fmt.Errorf("decoding a body of %s: %w", encoding, err)
	}
	return decoded, nil
}

// newDecoder undoes one content coding (RFC 9110, section 8.4.1).
func newDecoder(coding string, reader io.Reader) (io.Reader, func(), error) {
	switch coding {
	case "", "identity":
		return reader, nil, nil
	case "gzip", "x-gzip":
		decoder, err := gzip.NewReader(reader)
		return decoder, nil, err
	case "deflate":
		return newInflater(reader)
	case "br":
		return brotli.NewReader(reader), nil, nil
	case "zstd":
		// RFC 9659 bounds the window of this coding to 8 MB.
		decoder, err := zstd.NewReader(reader, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, nil, err
		}
		return decoder, decoder.Close, nil
	}
	return nil, nil, fmt.Errorf("the content coding %q is not known", coding)
}

// newInflater reads "deflate", which is the zlib format by the RFC and bare
// deflate by some servers; the zlib header's check bits tell them apart.
func newInflater(reader io.Reader) (io.Reader, func(), error) {
	buffered := bufio.NewReader(reader)
	head, err := buffered.Peek(2)
	if err != nil {
		return nil, nil, io.ErrUnexpectedEOF
	}
	if head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		decoder, err := zlib.NewReader(buffered)
		return decoder, nil, err
	}
	return flate.NewReader(buffered), nil, nil
}
