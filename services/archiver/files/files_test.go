package files_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/services/archiver/files"
)

func TestOpen(t *testing.T) {
	service := objects.Config{Endpoint: "http://127.0.0.1:1", Region: "us-east-1"}
	for _, c := range []struct {
		location, spool, dir, name string
		inBucket                   bool
	}{
		{"archive", "spool", "archive", "the folder archive", false},
		{"s3://news/archive", "spool", "spool", "s3://news/archive", true},
		{"s3://news/archive", "", "", "s3://news/archive", true},
	} {
		f, err := files.Open(c.location, c.spool, service)
		if err != nil {
			t.Fatal(err)
		}
		if f.Dir() != c.dir || f.InBucket() != c.inBucket || f.String() != c.name ||
			files.IsBucket(c.location) != c.inBucket {
			t.Errorf("%s: %s in %q, in a bucket: %v", c.location, f, f.Dir(), f.InBucket())
		}
		f.Close()
	}
	if f, err := files.Open("", "spool", service); f != nil || err != nil {
		t.Errorf("no archive is %v, error %v", f, err)
	}
	if f, err := files.Open("s3://", "spool", service); err == nil {
		t.Errorf("a bucket without a name is %v", f)
	}
	if f, err := files.Open("s3://news", "spool", objects.Config{Endpoint: "nowhere"}); err == nil {
		t.Errorf("a service without an address is %v", f)
	}
	(*files.Files)(nil).Close()
}

func TestSection(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.warc.gz"), []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := files.InFolder(dir)
	for _, c := range []struct {
		offset, length int64
		want           string
	}{{0, 10, "0123456789"}, {3, 4, "3456"}, {8, 9, "89"}, {10, 1, ""}} {
		part, err := f.Section(t.Context(), "a.warc.gz", c.offset, c.length)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(part)
		if err := errors.Join(err, part.Close()); err != nil || string(got) != c.want {
			t.Errorf("%d bytes from %d are %q, error %v, want %q", c.length, c.offset, got, err, c.want)
		}
	}
	if _, err := f.Section(t.Context(), "missing.warc.gz", 0, 1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: error %v, want %v", err, os.ErrNotExist)
	}
}
