package ingest_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/warctest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// pageAt returns a record of a page with a URL.
func pageAt(url string) warctest.Record {
	return warctest.Page(url, url, time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), []byte("<html><p>"+url))
}

// plain returns the content of a file of records that are not compressed.
func plain(records ...warctest.Record) string {
	var all strings.Builder
	for _, r := range records {
		all.Write(r.Bytes())
	}
	return all.String()
}

// resource returns a record of a resource that is not a response.
func resource(uri, contentType string) warctest.Record {
	r := pageAt("https://example.com/")
	r.Type, r.URI, r.ID, r.Block = "resource", uri, "urn:uuid:"+uri, []byte("\x89PNG")
	r.Fields = []string{"Content-Type: " + contentType}
	return r
}

// publishedURLs ingests an archive, and returns the sorted URLs of the pages that were published.
func publishedURLs(t *testing.T, config ingest.Config, content io.Reader) ([]string, ingest.Summary) {
	t.Helper()
	var summary ingest.Summary
	open := func(context.Context) (io.ReadCloser, error) { return io.NopCloser(content), nil }
	err := ingest.Run(t.Context(), config, []ingest.Archive{{Name: "test", Open: open}}, func(s ingest.Summary) error {
		summary = s
		return nil
	})
	if err != nil || summary.Error != "" {
		t.Fatalf("%+v, %v", summary, err)
	}
	var urls []string
	for _, msg := range natstest.Messages(t, config.JS, subject.StreamPages) {
		p := &datelinev1.Page{}
		if err := proto.Unmarshal(msg.Data, p); err != nil {
			t.Fatal(err)
		}
		urls = append(urls, p.GetFinalUrl())
	}
	slices.Sort(urls)
	return urls, summary
}

// TestRecordsOfOtherPrograms ingests archives whose second record is broken, odd or not a page.
// The pages before and after it must be published.
func TestRecordsOfOtherPrograms(t *testing.T) {
	const first, last = "https://example.com/first", "https://example.com/last"
	start, end := pageAt(first), pageAt(last)
	odd := pageAt("https://example.com/odd")
	between := func(middle string) string { return plain(start) + middle + plain(end) }
	withLength := func(length string) string {
		header, block, _ := strings.Cut(plain(odd), "\r\n\r\n")
		fields := strings.Split(header, "\r\n")
		fields[len(fields)-1] = "Content-Length: " + length
		return strings.Join(fields, "\r\n") + "\r\n\r\n" + block
	}
	at := func(uri string) string {
		r := odd
		r.URI = uri
		return plain(r)
	}
	withLF := odd
	withLF.Block = bytes.ReplaceAll(odd.Block, []byte("\r\n"), []byte("\n"))
	cut := odd.Gzip()
	inPage := len(plain(start)) - 10
	for name, test := range map[string]struct {
		file string
		// url is that of the second page, if it is published.
		url     string
		leftOut string // why the second record is not a page
		damage  string // a part of the reason of the first damage
	}{
		"cut gzip member": {
			file:   string(start.Gzip()) + string(cut[:len(cut)/2]) + string(end.Gzip()),
			damage: "the compressed data is broken",
		},
		"cut gzip file": {
			file:   string(start.Gzip()) + string(end.Gzip()) + string(cut[:len(cut)/2]),
			damage: "ends too early",
		},
		"one gzip member": {
			file: string(warctest.Gzip([]byte(plain(start, odd, end)))), url: "https://example.com/odd",
		},
		"member ends within a page": {
			file: string(warctest.Gzip([]byte(plain(start)[:inPage]))) +
				string(warctest.Gzip([]byte(plain(start)[inPage:]+plain(odd, end)))),
			url: "https://example.com/odd",
		},
		"long Content-Length": {
			file:   string(start.Gzip()) + string(warctest.Gzip([]byte(withLength("9999")))) + string(end.Gzip()),
			damage: "its length is wrong",
		},
		"short Content-Length":    {file: between(withLength("20")), damage: "the length of the record is wrong"},
		"no valid Content-Length": {file: between(withLength("many")), damage: "no valid Content-Length"},
		"LF": {
			file: between(strings.ReplaceAll(plain(withLF), "\r\n", "\n")), url: "https://example.com/odd",
		},
		"no URL": {file: between(at("")), leftOut: "not a web URL"},
		"space in the URL": {file: between(at("https://example.com/an odd page?q=a b")),
			url: "https://example.com/an%20odd%20page?q=a%20b"},
		"angle brackets":  {file: between(at("<https://example.com/odd>")), url: "https://example.com/odd"},
		"square brackets": {file: between(at("https://example.com/a[1]?b[]=2")), url: "https://example.com/a[1]?b[]=2"},
		"screenshot": {file: between(plain(resource("urn:view:https://example.com/", "image/png"))),
			leftOut: "not a web URL"},
		"thumbnail": {file: between(plain(resource("urn:thumbnail:https://example.com/", "image/jpeg"))),
			leftOut: "not a web URL"},
		"screenshot with URL": {
			file: between(plain(resource("https://example.com/", "image/png"))), leftOut: "not HTML",
		},
		"text of a page": {file: between(plain(resource("urn:text:https://example.com/", "text/plain"))),
			leftOut: "not a web URL"},
		"name server": {file: between(plain(resource("dns:example.com", "text/dns"))), leftOut: "not a web URL"},
		"log of wget": {
			file:    between(plain(resource("metadata://gnu.org/software/wget/warc/wget.log", "text/plain"))),
			leftOut: "not a web URL",
		},
	} {
		t.Run(name, func(t *testing.T) {
			urls, summary := publishedURLs(t, newConfig(t), strings.NewReader(test.file))
			want := []string{first, last}
			if test.url != "" {
				want = append(want, test.url)
				slices.Sort(want)
			}
			if !slices.Equal(urls, want) {
				t.Errorf("published %q, want %q; %+v", urls, want, summary)
			}
			leftOut := slices.Collect(maps.Keys(summary.LeftOut))
			if strings.Join(leftOut, ", ") != test.leftOut || len(summary.Rejected) > 0 {
				t.Errorf("rejected %v, left out %v; want %q left out", summary.Rejected, summary.LeftOut, test.leftOut)
			}
			if test.damage == "" && summary.Damaged > 0 ||
				test.damage != "" && (summary.Damaged == 0 || !strings.Contains(summary.Damages[0].Reason, test.damage)) {
				t.Errorf("damages %+v, want %q", summary.Damages, test.damage)
			}
		})
	}
}

// zeros reads as a number of zeros.
type zeros int64

func (z *zeros) Read(p []byte) (int, error) {
	if *z == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), int64(*z))
	clear(p[:n])
	*z -= zeros(n)
	return int(n), nil
}

// TestRecordOfTwoGigabytes skips a page of 2 GB.
func TestRecordOfTwoGigabytes(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 2 GB")
	}
	const size = 2 << 30
	start, end := pageAt("https://example.com/first"), pageAt("https://example.com/last")
	huge := pageAt("https://example.com/huge")
	header, _, _ := strings.Cut(plain(huge), "Content-Length: ")
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
	body := zeros(size - len(head))
	urls, summary := publishedURLs(t, newConfig(t), io.MultiReader(
		bytes.NewReader(start.Bytes()), strings.NewReader(header+"Content-Length: 2147483648\r\n\r\n"+head), &body,
		strings.NewReader("\r\n\r\n"), bytes.NewReader(end.Bytes())))
	if !slices.Equal(urls, []string{start.URI, end.URI}) || summary.Rejected[outcome.TooLarge] != 1 ||
		summary.Damaged > 0 {
		t.Errorf("published %q, %+v", urls, summary)
	}
}

// TestArchivesOfOtherPrograms ingests archives of other programs, good and broken. DATELINE_WARC
// names their folder.
func TestArchivesOfOtherPrograms(t *testing.T) {
	dir := cmp.Or(os.Getenv("DATELINE_WARC"), filepath.Join("..", "..", "..", "..", "..", "shared", "data", "warc"))
	files, err := filepath.Glob(filepath.Join(dir, "*warc*"))
	if err != nil || len(files) == 0 {
		t.Skipf("no WARC files at %s: set DATELINE_WARC to a folder of them to run this test", dir)
	}
	var archives []ingest.Archive
	for _, name := range files {
		archives = append(archives, ingest.Archive{
			Name: filepath.Base(name), Open: func(context.Context) (io.ReadCloser, error) { return os.Open(name) },
		})
	}
	err = ingest.Run(t.Context(), newConfig(t), archives, func(s ingest.Summary) error {
		if s.Records == 0 || s.Error != "" {
			t.Errorf("no records were read: %+v", s)
		}
		t.Logf("%+v", s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
