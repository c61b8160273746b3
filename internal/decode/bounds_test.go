package decode

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// What is damaged is decoded up to the damage, at any layer. Nothing but damage is an error.
func TestDamagedCodings(t *testing.T) {
	t.Parallel()
	page := []byte("<p>" + strings.Repeat("Something happened. ", 500))
	gzipped := compress(t, page, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
	twice := compress(t, gzipped, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
	stored := compress(t, page, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.NoCompression)
	})
	zlibbed := compress(t, page, func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil })
	cut := gzipped[:len(gzipped)-10]
	cutTwice := compress(t, cut, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
	for name, c := range map[string]struct {
		raw     []byte
		header  string
		damaged bool
		want    error
	}{
		"whole":                        {gzipped, "gzip", false, nil},
		"cut":                          {cut, "gzip", true, nil},
		"cut, then another coding":     {cut, "identity, gzip", true, nil},
		"twice":                        {twice, "gzip, gzip", false, nil},
		"cut, and coded again":         {cutTwice, "gzip, gzip", true, nil},
		"only the header of gzip":      {gzipped[:10], "gzip", true, ErrBroken},
		"half of the header of gzip":   {gzipped[:5], "gzip", true, ErrBroken},
		"nothing":                      {nil, "gzip", false, nil},
		"zlib":                         {zlibbed, "deflate", false, nil},
		"deflate that looks like text": {stored, "deflate", false, nil},
		"markup after a byte order mark": {
			append([]byte("\xef\xbb\xbf \n"), page...), "br", false, nil,
		},
		"bytes that begin like markup": {[]byte("<\x00\x01\x02\x03\x04\x05\x06\x07"), "deflate", true, ErrBroken},
	} {
		body, damaged, err := Uncompress(c.raw, c.header, Bounds{MaxBytes: 1 << 20, MaxRatio: 100})
		if !errors.Is(err, c.want) || c.want == nil && err != nil || damaged != c.damaged {
			t.Errorf("%s: damaged %v, error %v, want %v and %v", name, damaged, err, c.damaged, c.want)
		}
		switch begins := bytes.HasPrefix(page, body[:min(len(body), 1000)]); {
		case c.want != nil || c.raw == nil:
			if len(body) > 0 {
				t.Errorf("%s: got %d bytes", name, len(body))
			}
		case strings.HasPrefix(name, "markup"):
			if !bytes.HasSuffix(body, page) {
				t.Errorf("%s: got %.60q", name, body)
			}
		case !begins || len(body) == 0 || !c.damaged && len(body) != len(page):
			t.Errorf("%s: got %d of %d bytes, %.60q", name, len(body), len(page), body)
		}
	}
}

// Pages in UTF-16 without a byte order mark are recognised by the declaration and a zero byte.
func TestUndecoratedUTF16(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", utf16Window)
	for name, c := range map[string]struct{ body, label, want, charset string }{
		"little endian":              {"<\x00p\x00>\x00", "utf-16le", "<p>", "utf-16le"},
		"big endian":                 {"\x00<\x00p\x00>", "utf-16be", "<p>", "utf-16be"},
		"letters that are not ASCII": {"a\x00\xe9\x00\x36\x04", "utf-16le", "aéж", "utf-16le"},
		"declared by mistake":        {"<p>", "utf-16be", "<p>", "utf-8"},
		"no zero byte at the start":  {long + "\x00", "utf-16le", long + "\x00", "utf-8"},
	} {
		text, charset, broken := Text([]byte(c.body), "text/html; charset="+c.label)
		if string(text) != c.want || charset != c.charset || broken {
			t.Errorf("%s: got %q in %s, broken %v; want %q in %s", name, text, charset, broken, c.want, c.charset)
		}
	}
}

// A page is repaired if enough of it looks misread, and not more than a small part contradicts that.
func TestBoundsOfMisreading(t *testing.T) {
	t.Parallel()
	const accent, euro = "Ã© ", "â‚¬ " // é and € in UTF-8, read as windows-1252
	for name, c := range map[string]struct {
		page string
		want bool
	}{
		"64 characters":            {strings.Repeat(accent, 32), true},
		"62 characters":            {strings.Repeat(accent, 31), false},
		"2 of 100 are foreign":     {strings.Repeat(accent, 49) + "ж ж", true},
		"2 of 98 are foreign":      {strings.Repeat(accent, 48) + "ж ж", false},
		"5 of 101 contradict":      {strings.Repeat(accent, 48) + strings.Repeat("é ", 5), true},
		"5 of 100 contradict":      {strings.Repeat(accent, 46) + euro + strings.Repeat("é ", 5), false},
		"all in one run of markup": {"<p>" + strings.Repeat(accent, 40) + "</p>", true},
	} {
		text, _, _ := Text([]byte(c.page), "text/html; charset=utf-8")
		repaired := bytes.Contains(text, []byte(strings.Repeat("é ", 6))) && !bytes.Contains(text, []byte("Ã"))
		if repaired != c.want || !c.want && string(text) != c.page {
			t.Errorf("%s: repaired %v: %q", name, repaired, text)
		}
	}
	// Words of two characters are runs of four.
	words := "中国 经济 社会 政府 学校 市长 会议 河流 " +
		"道路 城市 居民 冬天 春天 工程 公路 汽车 票价 老城 车站"
	gb, err := simplifiedchinese.GBK.NewEncoder().String(words)
	if err != nil {
		t.Fatal(err)
	}
	var misread strings.Builder
	for _, b := range []byte(gb) {
		misread.WriteRune(rune(b))
	}
	if text, charset, _ := Text([]byte(misread.String()), ""); string(text) != words || charset != "gb18030" {
		t.Errorf("got %s in %s", text, charset)
	}
}
