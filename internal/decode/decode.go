// Package decode converts the bytes of a page as received to UTF-8 text. It
// undoes the content encoding, within bounds, and then the character encoding.
package decode

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Errors that Uncompress returns, wrapped.
var (
	// ErrTooLarge means that the output would exceed a bound.
	ErrTooLarge = errors.New("decoded page is too large")
	// ErrUnknownEncoding means that a content encoding is not supported.
	ErrUnknownEncoding = errors.New("unknown content encoding")
	// ErrBroken means that no part of the page could be decoded.
	ErrBroken = errors.New("compressed page is broken from its first bytes")
)

// Bounds limits the output of Uncompress.
type Bounds struct {
	// MaxBytes is the maximum output of each content coding, in bytes.
	MaxBytes int
	// MaxRatio is the maximum ratio of output to input.
	MaxRatio int
}

const (
	// ratioExempt is the output, in bytes, up to which MaxRatio is ignored: short
	// repetitive pages compress far better than the ratio allows.
	ratioExempt = 1 << 20
	// maxCodings is the maximum number of stacked codings ("gzip, br").
	maxCodings = 4
	// zstdWindow is the maximum window of a zstd frame. RFC 9659 allows HTTP senders
	// at most 8 MiB.
	zstdWindow = 8 << 20
)

// Uncompress undoes the content codings in header, a Content-Encoding value,
// starting with the last. If the header is missing or wrong, the signature of the
// bytes decides. Damaged reports that the data is truncated or corrupt after the
// part in body.
func Uncompress(raw []byte, header string, b Bounds) (body []byte, damaged bool, err error) {
	codings := strings.FieldsFunc(strings.ToLower(header), func(r rune) bool {
		return r == ',' || r == ' ' || r == '\t'
	})
	if len(codings) > maxCodings {
		return nil, false, fmt.Errorf("%w: %d stacked codings, more than %d", ErrUnknownEncoding, len(codings), maxCodings)
	}
	if len(codings) == 0 {
		codings = []string{"identity"}
	}
	limit := min(b.MaxBytes, max(ratioExempt, len(raw)*b.MaxRatio))
	body = raw
	for i := len(codings) - 1; i >= 0; i-- {
		var layerDamaged bool
		body, layerDamaged, err = undo(body, codings[i], limit)
		damaged = damaged || layerDamaged
		if err != nil {
			return nil, damaged, err
		}
	}
	return body, damaged, nil
}

// undo undoes one content coding. The results are those of Uncompress.
func undo(raw []byte, coding string, limit int) (body []byte, damaged bool, err error) {
	if len(raw) == 0 {
		return raw, false, nil
	}
	if signed := signature(raw); signed != "" {
		coding = signed
	} else if coding == "gzip" || coding == "x-gzip" || coding == "zstd" {
		// The data is not compressed: some proxies decompress it but keep the header.
		coding = "identity"
		if looksBinary(raw) {
			return nil, true, ErrBroken
		}
	}
	switch coding {
	case "identity", "none", "utf-8", "":
		if len(raw) > limit {
			return nil, false, fmt.Errorf("%w: over %d bytes", ErrTooLarge, limit)
		}
		return raw, false, nil
	case "gzip":
		return drain(limit, func() (io.Reader, error) { return gzip.NewReader(bytes.NewReader(raw)) })
	case "zstd":
		return drain(limit, func() (io.Reader, error) {
			return zstd.NewReader(bytes.NewReader(raw),
				zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		})
	case "br":
		return orPlain(raw, limit, func() (io.Reader, error) { return brotli.NewReader(bytes.NewReader(raw)), nil })
	case "deflate":
		return orPlain(raw, limit, func() (io.Reader, error) { return inflater(raw) })
	default:
		// Some servers send a charset, which is not a content coding (RFC 9110,
		// section 8.4.1).
		if canonical(coding) != "" {
			return undo(raw, "identity", limit)
		}
		return nil, false, fmt.Errorf("%w %q", ErrUnknownEncoding, coding)
	}
}

// inflater returns a reader of the coding "deflate". RFC 9110, section 8.4.1.2,
// defines it as zlib, but some servers send raw deflate data.
func inflater(raw []byte) (io.Reader, error) {
	if len(raw) >= 2 && raw[0]&0x0f == 8 && (int(raw[0])<<8|int(raw[1]))%31 == 0 {
		return zlib.NewReader(bytes.NewReader(raw))
	}
	return flate.NewReader(bufio.NewReader(bytes.NewReader(raw))), nil
}

// orPlain decodes raw unless it is plain markup despite its header. Brotli and raw
// deflate data has no signature that would decide.
func orPlain(raw []byte, limit int, open func() (io.Reader, error)) ([]byte, bool, error) {
	if trimmed := bytes.TrimLeft(raw, " \t\r\n\xef\xbb\xbf"); len(trimmed) > 0 && trimmed[0] == '<' && !looksBinary(raw) {
		return undo(raw, "identity", limit)
	}
	return drain(limit, open)
}

// drain reads at most limit bytes. Truncated or corrupt data is an error only if
// nothing could be read.
func drain(limit int, open func() (io.Reader, error)) (body []byte, damaged bool, err error) {
	r, err := open()
	if err != nil {
		return nil, true, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if z, ok := r.(*zstd.Decoder); ok {
		defer z.Close()
	}
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(r, int64(limit)+1))
	switch {
	case n > int64(limit):
		return nil, false, fmt.Errorf("%w: over %d bytes", ErrTooLarge, limit)
	case err != nil && n == 0:
		return nil, true, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return out.Bytes(), err != nil, nil
}

// signature returns the coding that the first bytes identify, or "".
func signature(raw []byte) string {
	switch {
	case bytes.HasPrefix(raw, []byte{0x1f, 0x8b}):
		return "gzip"
	case bytes.HasPrefix(raw, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "zstd"
	default:
		return ""
	}
}

const (
	// binaryBytes is the number of bytes at the start that are examined for control
	// characters.
	binaryBytes = 512
	// binaryShare is the denominator of the share of control characters above which
	// bytes are binary: one in twenty.
	binaryShare = 20
)

// looksBinary reports whether too many of the first bytes of raw are control
// characters that text does not contain. Escape is allowed because ISO-2022 encodings
// use it.
func looksBinary(raw []byte) bool {
	controls := 0
	head := raw[:min(len(raw), binaryBytes)]
	for _, c := range head {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b {
			controls++
		}
	}
	return controls*binaryShare > len(head)
}
