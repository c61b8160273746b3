package decode_test

import (
	"bytes"
	"compress/gzip"
	"testing"
	"unicode/utf8"

	"github.com/dateline-news/dateline/internal/decode"
)

func FuzzUncompressAndText(f *testing.F) {
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	if _, err := w.Write([]byte("<p>Grüße</p>")); err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(compressed.Bytes(), "gzip", "text/html")
	f.Add(compressed.Bytes()[:compressed.Len()-9], "", "text/html")
	f.Add([]byte("<meta charset=shift_jis>\x83\x65"), "", "")
	f.Add([]byte("\xff\xfe<\x00p\x00>\x00"), "identity", "text/html; charset=utf-16le")
	f.Add([]byte("\xef\xbb\xbf<p>\xc3\x28"), "", "text/html;charset=\"utf-8\"")
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd}, "zstd, br", "")
	f.Add([]byte{0x78, 0x9c, 0x03}, "deflate", "")
	f.Fuzz(func(t *testing.T, raw []byte, encoding, contentType string) {
		const limit = 1 << 20
		body, _, err := decode.Uncompress(raw, encoding, decode.Bounds{MaxBytes: limit, MaxRatio: 50})
		if err != nil {
			return
		}
		if len(body) > limit {
			t.Fatalf("got %d bytes, more than the bound", len(body))
		}
		decode.Kind(body)
		text, name, _ := decode.Text(body, contentType)
		if !utf8.Valid(text) || name == "" {
			t.Errorf("valid UTF-8 = %v, charset = %q, want true and a name", utf8.Valid(text), name)
		}
		if len(text) > 4*len(body)+16 {
			t.Errorf("got %d bytes of text from %d bytes", len(text), len(body))
		}
	})
}
