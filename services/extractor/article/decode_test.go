package article_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/charmap"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestContentEncodings(t *testing.T) {
	t.Parallel()
	want := readRecord(t)
	page, err := os.ReadFile(filepath.Join("testdata", "classic.html"))
	if err != nil {
		t.Fatal(err)
	}
	writers := map[string]func(io.Writer) io.WriteCloser{
		"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"br":   func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
		"zstd": func(w io.Writer) io.WriteCloser {
			z, err := zstd.NewWriter(w)
			if err != nil {
				t.Fatal(err)
			}
			return z
		},
		"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"deflate, raw": func(w io.Writer) io.WriteCloser {
			f, err := flate.NewWriter(w, 6)
			if err != nil {
				t.Fatal(err)
			}
			return f
		},
	}
	for name, open := range writers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var packed bytes.Buffer
			w := open(&packed)
			if _, err := w.Write(page); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			coding, _, _ := strings.Cut(name, ",")
			a := extract(t, article.Page{URL: want.URL, ContentEncoding: coding, Body: packed.Bytes()})
			compare(t, a, want)
		})
	}
}

func TestTruncatedGzipYieldsTheStart(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	for i := range 4000 {
		fmt.Fprintf(w, "<p>Paragraph %d tells, in words of its own, of the %dth stone that was laid into the "+
			"bridge that year.</p>", i, i*7919%4001)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	a := extract(t, article.Page{ContentEncoding: "gzip", Body: packed.Bytes()[:packed.Len()/2]})
	if !a.Damaged || !strings.HasPrefix(a.Text, "Paragraph 0 tells") {
		t.Errorf("damaged is %v, text begins %.40q", a.Damaged, a.Text)
	}
}

func TestCharsets(t *testing.T) {
	t.Parallel()
	const sentence = "Gemäß dem Beschluss des Rates müssen die Brücken über den Fluß bis zum Frühjahr überprüft " +
		"werden, erklärte der Bürgermeister am Dienstag während der Sitzung. Später würden außerdem größere " +
		"Straßen für den Verkehr geöffnet, hieß es."
	page := "<html lang=de><head>%s<title>Brücken werden überprüft</title></head><body><h1>Brücken werden " +
		"überprüft</h1><p>" + sentence + "</p></body></html>"
	tests := map[string]struct {
		meta, header string
		latin1       bool
		charset      string
	}{
		"header": {header: "text/html; charset=iso-8859-1", latin1: true, charset: "windows-1252"},
		"meta":   {meta: `<meta charset="iso-8859-1">`, latin1: true, charset: "windows-1252"},
		"meta after a long script": {
			meta: "<script>" + strings.Repeat("var x=1;", 1000) + `</script><meta http-equiv="Content-Type" ` +
				`content="text/html; charset=windows-1252">`,
			latin1: true, charset: "windows-1252",
		},
		"UTF-8 labelled wrongly": {header: "text/html; charset=iso-8859-1", charset: "utf-8"},
		"labelled UTF-8 wrongly": {header: "text/html; charset=utf-8", latin1: true, charset: "windows-1252"},
		"no label":               {latin1: true, charset: "windows-1252"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := []byte(fmt.Sprintf(page, test.meta))
			if test.latin1 {
				var err error
				if body, err = charmap.Windows1252.NewEncoder().Bytes(body); err != nil {
					t.Fatal(err)
				}
			}
			a := extract(t, article.Page{ContentType: test.header, Body: body})
			if a.Text != sentence || a.Language != "de" {
				t.Errorf("text is %q in %s", a.Text, a.Language)
			}
			if got := a.Charset; got != test.charset && got != "iso-8859-1" && got != "iso-8859-15" {
				t.Errorf("charset is %s, want %s", got, test.charset)
			}
		})
	}
}
