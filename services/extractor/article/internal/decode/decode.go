// Package decode turns the bytes of a page as received into UTF-8 text: first
// the content encoding is undone, under bounds, then the character encoding.
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

// The errors of Uncompress that a caller branches on.
var (
	// ErrTooLarge: the output would exceed a bound.
	ErrTooLarge = errors.New("page is too large once decoded")
	// ErrUnknownEncoding: the content encoding has a name that no one decodes.
	ErrUnknownEncoding = errors.New("unknown content encoding")
	// ErrBroken: nothing could be decoded.
	ErrBroken = errors.New("compressed page is broken from its first bytes")
)

// Bounds are the limits of Uncompress.
type Bounds struct {
	// MaxBytes is the most bytes that may come out of any one coding.
	MaxBytes int
	// MaxRatio is how many times larger than its input the output may be.
	MaxRatio int
}

const (
	// ratioFree is what may always come out, however small the input: short
	// repetitive pages compress far better than the ratio allows.
	ratioFree = 1 << 20
	// maxCodings bounds how many codings may be stacked ("gzip, br").
	maxCodings = 4
	// zstdWindow bounds what a zstd frame may ask for: RFC 9659 sets 8 MiB as
	// the most that an HTTP sender may use.
	zstdWindow = 8 << 20
)

// Uncompress undoes the content codings that header (a Content-Encoding value)
// names, last first. Where the header is silent or wrong, the bytes' own
// signature decides. Damaged says that the data broke off and body holds what
// came before.
func Uncompress(raw []byte, header string, b Bounds) (body []byte, damaged bool, err error) {
	codings := strings.FieldsFunc(strings.ToLower(header), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
	if len(codings) > maxCodings {
		return nil, false, fmt.Errorf("%w: %d codings stacked", ErrUnknownEncoding, len(codings))
	}
	if len(codings) == 0 {
		codings = []string{"identity"}
	}
	limit := min(b.MaxBytes, max(ratioFree, len(raw)*b.MaxRatio))
	body = raw
	for i := len(codings) - 1; i >= 0; i-- {
		var hurt bool
		body, hurt, err = undo(body, codings[i], limit)
		damaged = damaged || hurt
		if err != nil {
			return nil, damaged, err
		}
	}
	return body, damaged, nil
}

func undo(raw []byte, coding string, limit int) ([]byte, bool, error) {
	if len(raw) == 0 {
		return raw, false, nil
	}
	if signed := signature(raw); signed != "" {
		coding = signed
	} else if coding == "gzip" || coding == "x-gzip" || coding == "zstd" {
		// Announced but not there: proxies that decode and keep the header.
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
			return zstd.NewReader(bytes.NewReader(raw), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		})
	case "br":
		return orPlain(raw, limit, func() (io.Reader, error) { return brotli.NewReader(bytes.NewReader(raw)), nil })
	case "deflate":
		return orPlain(raw, limit, func() (io.Reader, error) { return inflater(raw) })
	default:
		return nil, false, fmt.Errorf("%w %q", ErrUnknownEncoding, coding)
	}
}

// inflater reads "deflate", which RFC 9110 section 8.4.1.2 defines as zlib and
// some servers send raw.
func inflater(raw []byte) (io.Reader, error) {
	if len(raw) >= 2 && raw[0]&0x0f == 8 && (int(raw[0])<<8|int(raw[1]))%31 == 0 {
		return zlib.NewReader(bytes.NewReader(raw))
	}
	return flate.NewReader(bufio.NewReader(bytes.NewReader(raw))), nil
}

// orPlain decodes, and takes the bytes as they are where that yields nothing
// and they read as text. Brotli and raw deflate have no signature to tell.
func orPlain(raw []byte, limit int, open func() (io.Reader, error)) ([]byte, bool, error) {
	if trimmed := bytes.TrimLeft(raw, " \t\r\n\xef\xbb\xbf"); len(trimmed) > 0 && trimmed[0] == '<' && !looksBinary(raw) {
		return undo(raw, "identity", limit)
	}
	return drain(limit, open)
}

// drain reads up to limit bytes. Data that breaks off is not an error once
// something came out.
func drain(limit int, open func() (io.Reader, error)) ([]byte, bool, error) {
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

// signature names the coding that the first bytes give away.
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

// looksBinary says that the start of raw holds bytes that no text holds.
func looksBinary(raw []byte) bool {
	odd := 0
	head := raw[:min(len(raw), 512)]
	for _, c := range head {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b {
			odd++
		}
	}
	return odd*20 > len(head)
}
