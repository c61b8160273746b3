package article_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func FuzzExtract(f *testing.F) {
	fixtures, err := filepath.Glob(filepath.Join("testdata", "*.html"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range fixtures {
		page, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(page, "text/html; charset=utf-8", "")
	}
	f.Add([]byte("<p><a href='"), "text/html", "gzip")
	f.Fuzz(func(t *testing.T, body []byte, contentType, encoding string) {
		a, err := article.Extract(t.Context(),
			article.Page{URL: "https://example.com/a", ContentType: contentType, ContentEncoding: encoding,
				Body: body}, article.Options{MaxDecodedBytes: 1 << 20})
		if err != nil {
			if article.ReasonOf(err) == "" {
				t.Errorf("error without a reason: %v", err)
			}
			return
		}
		for _, b := range a.Body {
			for _, l := range b.Links {
				if l.Start < 0 || l.End > len(b.Text) || l.Start >= l.End {
					t.Errorf("link %+v is outside its text of %d bytes", l, len(b.Text))
				}
			}
			if b.Kind == article.Picture && b.Image >= len(a.Images) {
				t.Errorf("image %d of %d", b.Image, len(a.Images))
			}
		}
		article.Markdown(a)
	})
}

// BenchmarkParse measures the lower bound: only parsing the page that
// BenchmarkExtract extracts.
func BenchmarkParse(b *testing.B) {
	page, err := os.ReadFile(filepath.Join("testdata", "classic.html"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		if _, err := html.Parse(bytes.NewReader(page)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExtract(b *testing.B) {
	page, err := os.ReadFile(filepath.Join("testdata", "classic.html"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		p := article.Page{URL: "https://thenewregion.com/posts/2054/x", Body: page}
		if _, err := article.Extract(b.Context(), p, article.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkExtractPerParse measures both in turn, so that other load affects them alike,
// and reports the time of Extract as a multiple of that of a bare parse.
func BenchmarkExtractPerParse(b *testing.B) {
	page, err := os.ReadFile(filepath.Join("testdata", "classic.html"))
	if err != nil {
		b.Fatal(err)
	}
	var parse, extract time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := html.Parse(bytes.NewReader(page)); err != nil {
			b.Fatal(err)
		}
		parsed := time.Now()
		p := article.Page{URL: "https://thenewregion.com/posts/2054/x", Body: page}
		if _, err := article.Extract(b.Context(), p, article.Options{}); err != nil {
			b.Fatal(err)
		}
		parse += parsed.Sub(start)
		extract += time.Since(parsed)
	}
	b.ReportMetric(extract.Seconds()/parse.Seconds(), "parses/op")
}
