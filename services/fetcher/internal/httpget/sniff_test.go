package httpget

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

func encode(tb testing.TB, coding, text string) []byte {
	tb.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "raw deflate":
		w, err = flate.NewWriter(&b, 5)
	case "br":
		w = brotli.NewWriter(&b)
	case "zstd":
		w, err = zstd.NewWriter(&b)
	}
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func utf16(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		b.WriteByte(c)
		b.WriteByte(0)
	}
	return b.String()
}

func TestTypeCheck(t *testing.T) {
	const (
		png  = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
		pdf  = "%PDF-1.7\n"
		xml  = `<?xml version="1.0"?>`
		note = "<!-- a long licence -->"
	)
	client := newClient(t, nil)
	tests := []struct{ name, declared, encoding, body, refusedAs string }{
		{"HTML", "text/html", "", page, ""},
		{"HTML with parameters and in upper case", "TEXT/HTML ; charset=utf-8", "", page, ""},
		{"HTML without a tag", "text/html", "", "Nothing here.", ""},
		{"HTML with an empty body", "text/html", "", "", ""},
		{"HTML after a comment", "text/html", "", note + page, ""},
		{"HTML with stray bytes", "text/html", "", "\x01\x02" + page, ""},
		{"HTML in UTF-16", "text/html", "", utf16(page), ""},
		{"HTML in UTF-16 with a byte order mark", "text/html", "", "\xff\xfe" + utf16(page), ""},
		{"HTML in ISO-2022-JP", "text/html", "", "\x1b$B%K%e!<%9\x1b(B" + page, ""},
		{"HTML with blanks instead of a semicolon", "text/html charset=utf-8", "", page, ""},
		{"HTML declared twice", "text/html, text/html; charset=utf-8", "", page, ""},
		{"HTML after any type", "*/*, text/html", "", page, ""},
		{"HTML with two semicolons", "text/html;;charset=utf-8", "", page, ""},
		{"HTML with two types", "image/png, text/html", "", page, ""},
		{"XHTML", "application/xhtml+xml", "", xml + "<html xmlns='http://www.w3.org/1999/xhtml'>", ""},
		{"XHTML declared as XML", "application/xml", "", xml + "<html xmlns='http://www.w3.org/1999/xhtml'>", ""},
		{"HTML declared as text", "text/plain", "", page, ""},
		{"HTML declared as text, with a byte order mark", "text/plain", "", "\ufeff" + page, ""},
		{"HTML without a declared type", "", "", "\n\n" + page, ""},
		{"HTML declared as bytes", "application/octet-stream", "", page, ""},
		{"HTML with a malformed type", "html", "", page, ""},
		{"HTML declared as text, encoded", "text/plain", "gzip", page, ""},
		{"HTML without a declared type, encoded twice", "", "deflate, br", page, ""},

		{"image", "image/png", "", png, "image/png"},
		{"HTML declared as an image", "image/png", "", page, "image/png"},
		{"PDF", "application/pdf", "", pdf, "application/pdf"},
		{"JSON", "application/json", "", "{}", "application/json"},
		{"image declared as HTML", "text/html", "", png, "image/png"},
		{"PDF declared as HTML", "text/html; charset=utf-8", "", pdf + page, "application/pdf"},
		{"archive declared as HTML", "text/html", "", "PK\x03\x04" + page, "application/zip"},
		{"gzip declared as HTML", "text/html", "", string(encode(t, "gzip", page)), "application/x-gzip"},
		{"bytes declared as HTML", "text/html", "", strings.Repeat("\x00\x01\x02\xfe", 500), "binary data"},
		{"PDF without a declared type", "", "", pdf, "application/pdf"},
		{"PDF declared as text, encoded", "text/plain", "br", pdf, "application/pdf"},
		{"text", "text/plain", "", "Nothing here.", "text/plain"},
		{"text without a declared type", "", "", "Nothing here.", "text/plain"},
		{"feed", "application/rss+xml", "", xml + "<rss>", "application/rss+xml"},
		{"feed declared as XML", "text/xml", "", xml + "<rss><channel><title>News</title>", "text/xml"},
		{"Atom feed declared as XML", "application/xml", "", xml + "<feed><title>News</title>", "text/xml"},
		{"drawing declared as XML", "text/xml", "", xml + "<svg><title>Map</title>", "text/xml"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body := test.body
			for coding := range strings.SplitSeq(test.encoding, ", ") {
				if coding != "" {
					body = string(encode(t, coding, body))
				}
			}
			headers := []string{"Content-Type", test.declared}
			if test.encoding != "" {
				headers = append(headers, "Content-Encoding", test.encoding)
			}
			base := servePage(t, body, headers...)
			if test.refusedAs == "" {
				if response := mustGet(t, client, Request{URL: base + "/"}); string(response.Body) != body {
					t.Errorf("received %d of %d bytes", len(response.Body), len(body))
				}
				return
			}
			failure := mustFail(t, client, Request{URL: base + "/"}, BadType)
			if failure.MediaType != test.refusedAs || failure.Status != 200 || failure.Transient() {
				t.Errorf("media type %q, status %d, transient %v; want %q",
					failure.MediaType, failure.Status, failure.Transient(), test.refusedAs)
			}
			if response := mustGet(t, client, Request{URL: base + "/", AnyType: true}); string(response.Body) != body {
				t.Errorf("AnyType: received %d of %d bytes", len(response.Body), len(body))
			}
		})
	}
}

func TestDecodePrefix(t *testing.T) {
	text := strings.Repeat("Something happened. ", 1000)
	for _, coding := range []string{"gzip", "deflate", "raw deflate", "br", "zstd"} {
		body := encode(t, coding, text)
		name := strings.TrimPrefix(coding, "raw ")
		if got, err := DecodePrefix(name, body, 1<<20); err != nil || string(got) != text {
			t.Errorf("%s: %d bytes, %v", coding, len(got), err)
		}
		if got, err := DecodePrefix(name, body, 10); err != nil || string(got) != text[:10] {
			t.Errorf("%s, ten bytes: %q, %v", coding, got, err)
		}
		got, err := DecodePrefix(name, body[:len(body)-9], 1<<20)
		if err == nil || !strings.HasPrefix(text, string(got)) {
			t.Errorf("%s, truncated: %d bytes, %v", coding, len(got), err)
		}
		if got, err := DecodePrefix(name, []byte{0xfe, 0xfe, 0xfe}, 10); err == nil {
			t.Errorf("%s, garbage: %q", coding, got)
		}
		if got, err := DecodePrefix(name, nil, 10); err != nil || len(got) != 0 {
			t.Errorf("%s, empty body: %q, %v", coding, got, err)
		}
	}
	for _, coding := range []string{"gzip", "br", "zstd", "deflate", "utf-8", "iso-8859-1", "gzip, utf-8"} {
		if got, err := DecodePrefix(coding, []byte(text), 10); err != nil || string(got) != text[:10] {
			t.Errorf("plain text that is labelled as %s: %q, %v", coding, got, err)
		}
	}
	if got, err := DecodePrefix("gzip, utf-8", encode(t, "gzip", text), 10); err != nil || string(got) != text[:10] {
		t.Errorf("a charset after a coding: %q, %v", got, err)
	}
	if got, err := DecodePrefix("", []byte(text), 1<<20); err != nil || string(got) != text {
		t.Errorf("no coding: %d bytes, %v", len(got), err)
	}
	for _, coding := range []string{strings.Repeat("gzip, ", maxCodings) + "gzip"} {
		if _, err := DecodePrefix(coding, []byte(text), 10); err == nil {
			t.Errorf("%q was accepted", coding)
		}
	}
}

// TestDecodePrefixOfABomb checks that a small body never decodes to more than the
// limit.
func TestDecodePrefixOfABomb(t *testing.T) {
	zeros := strings.Repeat("\x00", 8<<20)
	for _, coding := range []string{"gzip", "deflate", "br", "zstd"} {
		got, err := DecodePrefix(coding, encode(t, coding, zeros), sniffLength)
		if err != nil || len(got) != sniffLength || cap(got) > 8*sniffLength {
			t.Errorf("%s: %d bytes in %d, %v", coding, len(got), cap(got), err)
		}
	}
}
