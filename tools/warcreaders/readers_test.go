// Package warcreaders reads the files of the archiver with the WARC libraries of others.
package warcreaders

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	second "github.com/internetarchive/gowarc"
	first "github.com/nlnwa/gowarc/v3"

	"github.com/dateline-news/dateline/services/archiver/warcfile"
)

// summary is what a reader finds in the files.
type summary struct {
	types   map[string]int
	digests map[string]string // payload digests by record id
}

func newSummary() summary { return summary{map[string]int{}, map[string]string{}} }

// TestIndependentReaders fetches pages of a hostile site into an archive, and reads the
// files with two libraries. Neither may find a fault, and both must find what the site sent.
func TestIndependentReaders(t *testing.T) {
	dir, site := archiveSite(t)
	paths, err := filepath.Glob(filepath.Join(dir, "*.warc.gz"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("files %q, %v", paths, err)
	}
	one, two := newSummary(), newSummary()
	for _, path := range paths {
		readFirst(t, path, one)
		readSecond(t, path, two, site)
	}
	if fmt.Sprint(one) != fmt.Sprint(two) {
		t.Errorf("the readers differ: %v and %v", one.types, two.types)
	}
	t.Logf("%d files, records %v", len(paths), one.types)
	site.checkRevisits(t)
	for url, count := range site.missing() {
		t.Errorf("%s was archived %d times", url, count)
	}
}

// readFirst reads a file with github.com/nlnwa/gowarc, which checks the syntax and both
// digests of each record.
func readFirst(t *testing.T, path string, into summary) {
	t.Helper()
	reader, err := first.NewWarcFileReader(path, 0, first.WithStrictValidation())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for record, err := range reader.Records() {
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		validation := record.Validation
		more, err := record.WarcRecord.ValidateDigest()
		if validation = append(validation, more...); err != nil || len(validation) > 0 {
			t.Errorf("%s at %d: %v, %v", path, record.Offset, err, validation)
		}
		header := record.WarcRecord.WarcHeader()
		into.types[header.Get("WARC-Type")]++
		into.digests[header.Get("WARC-Record-ID")] = header.Get("WARC-Payload-Digest")
		if err := record.Close(); err != nil {
			t.Errorf("%s at %d: %v", path, record.Offset, err)
		}
	}
}

// readSecond reads a file with github.com/internetarchive/gowarc, and compares the bodies
// with what the site sent.
func readSecond(t *testing.T, path string, into summary, site *site) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader, err := second.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for {
		record, err := reader.ReadRecord()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		block, err := io.ReadAll(record.Content)
		if err != nil {
			t.Fatal(err)
		}
		kind, id := record.Header.Get("WARC-Type"), record.Header.Get("WARC-Record-ID")
		into.types[kind]++
		into.digests[id] = record.Header.Get("WARC-Payload-Digest")
		checkDigest(t, id, block, record.Header.Get("WARC-Block-Digest"))
		switch kind {
		case warcfile.TypeRevisit:
			site.revisit(record.Header.Get("WARC-Target-URI"), record.Header.Get("WARC-Profile"))
		case warcfile.TypeResponse:
			head, body := warcfile.SplitHTTP(block)
			checkDigest(t, id, body, into.digests[id])
			url := record.Header.Get("WARC-Target-URI")
			site.check(t, url, string(head), body, record.Header.Get("WARC-Truncated"))
		}
		if err := record.Content.Close(); err != nil {
			t.Error(err)
		}
	}
}

// checkDigest compares a digest with one that the second library computes.
func checkDigest(t *testing.T, id string, data []byte, want string) {
	t.Helper()
	got, err := second.GetDigest(strings.NewReader(string(data)), second.SHA256Base16)
	if err != nil || got != want {
		t.Errorf("record %s has the digest %s, %v; want %s", id, want, err, got)
	}
}
