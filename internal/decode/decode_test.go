package decode

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/andybalholm/brotli"
)

func TestUncompressBoundsRatio(t *testing.T) {
	t.Parallel()
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	if _, err := w.Write(make([]byte, 4<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, err := Uncompress(compressed.Bytes(), "gzip", Bounds{MaxBytes: 16 << 20, MaxRatio: 100})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("error = %v, want %v", err, ErrTooLarge)
	}
	got, _, err := Uncompress(compressed.Bytes(), "gzip", Bounds{MaxBytes: 16 << 20, MaxRatio: 2000})
	if err != nil || len(got) != 4<<20 {
		t.Errorf("got %d bytes, error %v, want %d bytes", len(got), err, 4<<20)
	}
}

// What is exactly as large as a limit is decoded.
func TestUncompressAtTheBounds(t *testing.T) {
	t.Parallel()
	page := []byte("<p>" + strings.Repeat("Something happened. ", 5))
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	if _, err := w.Write(page); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		raw    []byte
		header string
		limit  int
		want   error
	}{
		"plain":           {page, "", len(page), nil},
		"plain, one over": {page, "", len(page) - 1, ErrTooLarge},
		"gzip":            {compressed.Bytes(), "gzip", len(page), nil},
		"gzip, one over":  {compressed.Bytes(), "gzip", len(page) - 1, ErrTooLarge},
		"four codings":    {page, strings.Repeat("identity,", 4), len(page), nil},
		"five codings":    {page, strings.Repeat("identity,", 5), len(page), ErrUnknownEncoding},
	} {
		body, damaged, err := Uncompress(c.raw, c.header, Bounds{MaxBytes: c.limit, MaxRatio: 10})
		if !errors.Is(err, c.want) || damaged || c.want == nil && !bytes.Equal(body, page) {
			t.Errorf("%s: got %q, damaged %v, error %v, want error %v", name, body, damaged, err, c.want)
		}
	}
	// One control character in twenty is text, more are not.
	for size, want := range map[int]bool{20: false, 19: true} {
		if got := looksBinary([]byte("\x00" + strings.Repeat("a", size-1))); got != want {
			t.Errorf("one control character in %d is binary: %v", size, got)
		}
	}
	for _, c := range "\t\n\r\f\x1b\x20\x7f" {
		if looksBinary([]byte(string(c))) {
			t.Errorf("%q is binary", c)
		}
	}
	// One broken byte for ten valid sequences is damaged UTF-8, more are another charset.
	for valid, want := range map[int]utf8Validity{10: mostlyValid, 9: invalid} {
		if got := checkUTF8([]byte(strings.Repeat("é", valid) + "\xff")); got != want {
			t.Errorf("one broken byte and %d letters: %v, want %v", valid, got, want)
		}
	}
}

// TestStackedCodings undoes codings in the opposite order of the header, which names them in the order in which they
// were applied. Neither brotli nor raw deflate has a signature that would tell them apart.
func TestStackedCodings(t *testing.T) {
	t.Parallel()
	page := []byte("<p>" + strings.Repeat("Something happened. ", 20))
	deflated := compress(t, page, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, -1) })
	brotlied := compress(t, page, func(w io.Writer) (io.WriteCloser, error) { return brotli.NewWriter(w), nil })
	for header, raw := range map[string][]byte{
		"deflate, br": compress(t, deflated, func(w io.Writer) (io.WriteCloser, error) { return brotli.NewWriter(w), nil }),
		"br, deflate": compress(t, brotlied, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, -1) }),
	} {
		body, damaged, err := Uncompress(raw, header, Bounds{MaxBytes: 1 << 20, MaxRatio: 100})
		if err != nil || damaged || !bytes.Equal(body, page) {
			t.Errorf("%s: got %q, damaged %v, error %v, want the page", header, body, damaged, err)
		}
	}
}

func compress(t *testing.T, data []byte, open func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var compressed bytes.Buffer
	w, err := open(&compressed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return compressed.Bytes()
}

func TestUncompressIgnoresWrongHeader(t *testing.T) {
	t.Parallel()
	for _, coding := range []string{"gzip", "br", "deflate", "zstd"} {
		got, damaged, err := Uncompress([]byte("<p>plain</p>"), coding, Bounds{MaxBytes: 100, MaxRatio: 10})
		if err != nil || damaged || string(got) != "<p>plain</p>" {
			t.Errorf("%s: got %q, damaged %v, error %v, want the input", coding, got, damaged, err)
		}
	}
}

func TestUnknownCodings(t *testing.T) {
	t.Parallel()
	page := []byte("<p>Something happened.")
	for _, header := range []string{"sdch", "gzip, sdch", "aes128gcm"} {
		body, _, err := Uncompress(page, header, Bounds{MaxBytes: 100, MaxRatio: 10})
		if !errors.Is(err, ErrUnknownEncoding) {
			t.Errorf("%s: got %q, error %v, want %v", header, body, err, ErrUnknownEncoding)
		}
	}
	// Neither plain text nor compressed.
	for _, coding := range []string{"gzip", "x-gzip", "zstd"} {
		binary := []byte("\x00\x01\x02\x03\x04\x05\x06\x07")
		body, damaged, err := Uncompress(binary, coding, Bounds{MaxBytes: 100, MaxRatio: 10})
		if !errors.Is(err, ErrBroken) || !damaged {
			t.Errorf("binary data as %s: got %q, damaged %v, error %v, want %v", coding, body, damaged, err, ErrBroken)
		}
	}
}

// TestJSONIsNotAPage tells JSON from a page that begins with a bracket.
func TestJSONIsNotAPage(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"title": "Harbour"}`: "application/json",
		" \n[1, 2]":            "application/json",
		"[Updated] <html><body><P>Something new.":  "",
		"{{ banner }}<html><body><p>Something new": "",
		"<p>{}": "",
	} {
		if got := Kind([]byte(body)); got != want {
			t.Errorf("%q is %q, want %q", body, got, want)
		}
	}
}

// What servers call text/html is often a feed, an image or a document.
func TestKind(t *testing.T) {
	t.Parallel()
	padding := strings.Repeat(" ", kindBytes)
	for body, want := range map[string]string{
		"": "", " \n": "", padding: "",
		"<rss version='2.0'><channel>":                "application/xml",
		"<RSS version='2.0'><channel>":                "application/xml",
		"<feed xmlns='http://www.w3.org/2005/Atom'>":  "application/xml",
		"\xef\xbb\xbf<?xml version='1.0'?>\n<urlset>": "application/xml",
		"<?xml version='1.0'?><!-- news --><rdf:RDF>": "application/xml",
		"<?xml version='1.0'?><sitemapindex>":         "application/xml",
		"<?xml version='1.0'?><svg>":                  "application/xml",
		"<?xml version='1.0'?><error>":                "application/xml",
		"<!doctype html><html><body><svg><p>A chart.": "",
		"Something happened.":                         "",
		"\x1b$B$3$l":                                  "",
		"\x89PNG\r\n\x1a\n\x00\x00":                   "image/png",
		"%PDF-1.7":                                    "application/pdf",
		"\x00\x01\x02\x03\x04\x05\x06\x07":            "application/octet-stream",
		"{" + strings.Repeat(" ", jsonBytes-3) + "<p": "", // within what is searched for markup
		"{" + strings.Repeat(" ", jsonBytes-2) + "<p": "application/json",
		padding[:kindBytes-4] + "<rss":                "application/xml",
		padding[:kindBytes-3] + "<rss version='2.0'>": "",
	} {
		if got := Kind([]byte(body)); got != want {
			t.Errorf("%.60q is %q, want %q", body, got, want)
		}
	}
}

func TestCharsetAsContentEncoding(t *testing.T) {
	const page = "<p>Something happened."
	for _, header := range []string{"utf-8", "iso-8859-1", "windows-1251", "UTF8"} {
		body, damaged, err := Uncompress([]byte(page), header, Bounds{MaxBytes: 1 << 20, MaxRatio: 100})
		if err != nil || damaged || string(body) != page {
			t.Errorf("%s: %q, damaged %v, %v", header, body, damaged, err)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body, contentType string
		text, charset     string
		broken            bool
	}{
		"ASCII": {body: "plain", text: "plain", charset: "utf-8"},
		"UTF-8 BOM": {
			body: "\xef\xbb\xbfé", contentType: "text/html; charset=iso-8859-1",
			text: "é", charset: "utf-8",
		},
		"UTF-16 BOM": {body: "\xff\xfeh\x00i\x00", text: "hi", charset: "utf-16le"},
		"XML declaration": {
			body: "<?xml version='1.0' encoding='windows-1251'?>\xcf\xf0\xe8\xe2\xe5\xf2",
			text: "<?xml version='1.0' encoding='windows-1251'?>Привет", charset: "windows-1251",
		},
		"truncated character": {
			body: "ééééééééééé\xc3", contentType: "text/html; charset=utf-8",
			text: "ééééééééééé\uFFFD", charset: "utf-8", broken: true,
		},
		"charset after two semicolons": {
			body: "\xcf\xf0\xe8\xe2\xe5\xf2", contentType: "text/html;;charset=windows-1251",
			text: "Привет", charset: "windows-1251",
		},
		"charset in the second of two types": {
			body: "\xcf\xf0\xe8\xe2\xe5\xf2", contentType: "text/html, text/html; charset=windows-1251",
			text: "Привет", charset: "windows-1251",
		},
		"UTF-16 declared by mistake": {
			body: "<meta charset=utf-16>é",
			text: "<meta charset=utf-16>é", charset: "utf-8",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, charset, broken := Text([]byte(test.body), test.contentType)
			if string(text) != test.text || charset != test.charset || broken != test.broken {
				t.Errorf("got %q in %s, broken %v, want %q in %s, %v",
					text, charset, broken, test.text, test.charset, test.broken)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x1f\x8b\x08\x00\x00"), "gzip", "text/html")
	f.Add([]byte("\x28\xb5\x2f\xfd\x00"), "zstd, br", "text/html; charset=gbk")
	f.Add([]byte("<meta charset=shift_jis>\x82\xa0"), "", "")
	f.Fuzz(func(t *testing.T, raw []byte, coding, contentType string) {
		body, _, err := Uncompress(raw, coding, Bounds{MaxBytes: 1 << 16, MaxRatio: 50})
		if err != nil {
			return
		}
		if len(body) > 1<<16 {
			t.Errorf("got %d bytes, more than the bound", len(body))
		}
		Kind(body)
		if text, _, _ := Text(body, contentType); !utf8.Valid(text) {
			t.Error("text is not valid UTF-8")
		}
	})
}
