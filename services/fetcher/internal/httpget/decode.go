package httpget

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/net/html/charset"
)

// maxCodings is the maximum number of nested content codings that are decoded.
const maxCodings = 3

// zstdMaxWindow is the maximum window of the zstd content coding in bytes, as set
// by RFC 9659.
const zstdMaxWindow = 8 << 20

// DecodePrefix decodes at most the first limit bytes of a body. It serves the few
// bodies that the fetcher itself reads: robots.txt, the start of a body without a
// type, and small pages that may only be a refresh. The encoding has the form of
// Response.ContentEncoding. If the body is damaged, DecodePrefix returns the bytes
// before the damage and an error.
func DecodePrefix(encoding string, body []byte, limit int) ([]byte, error) {
	if len(body) == 0 {
		return nil, nil // servers name a coding even for an empty body
	}
	codings := strings.Split(encoding, ",")
	if len(codings) > maxCodings {
		return nil, fmt.Errorf("decoding body: %d content codings exceed the limit of %d", len(codings), maxCodings)
	}
	decoded, err := decodeCodings(codings, body, limit)
	if err != nil && isText(body) {
		// Some servers and proxies label a body with a coding that it does not
		// have.
		return body[:min(len(body), limit)], nil
	}
	return decoded, err
}

// textPrefix is the number of bytes that isText examines, as many as
// http.DetectContentType.
const textPrefix = 512

// isText reports whether a body starts with UTF-8 text, as an encoded body never does.
func isText(body []byte) bool {
	start := body[:min(len(body), textPrefix)]
	// The last character may be cut off.
	whole := bytes.TrimRightFunc(start, func(r rune) bool { return r >= utf8.RuneSelf })
	return len(whole) > 0 && utf8.Valid(whole) && strings.HasPrefix(http.DetectContentType(start), "text/")
}

// decodeCodings undoes content codings, the last of them first.
func decodeCodings(codings []string, body []byte, limit int) ([]byte, error) {
	var reader io.Reader = bytes.NewReader(body)
	for _, coding := range slices.Backward(codings) {
		decoder, closer, err := newDecoder(strings.ToLower(strings.TrimSpace(coding)), reader)
		if err != nil {
			return nil, fmt.Errorf("decoding body: %w", err)
		}
		if closer != nil {
			defer closer()
		}
		reader = decoder
	}
	decoded, err := io.ReadAll(io.LimitReader(reader, int64(limit)))
	if err != nil {
		return decoded, fmt.Errorf("decoding body of %s: %w", strings.Join(codings, ","), err)
	}
	return decoded, nil
}

// newDecoder returns a reader that decodes one content coding (RFC 9110, section
// 8.4.1), and a function that closes it, or nil.
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
		decoder, err := zstd.NewReader(reader, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxWindow(zstdMaxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, nil, err
		}
		return decoder, decoder.Close, nil
	}
	if _, known := charset.Lookup(coding); known != "" {
		return reader, nil, nil // a charset is not a coding
	}
	return nil, nil, fmt.Errorf("unknown content coding %q", coding)
}

// newInflater reads the "deflate" coding. The RFC defines it as the zlib format,
// but some servers send raw deflate data. The check bits of the zlib header tell
// them apart.
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
