package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// suffixes are the names of web archives in a folder.
var suffixes = []string{".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz"}

// Archive is a web archive to read.
type Archive struct {
	Name string
	// Size is the size in bytes, or 0 if it is unknown.
	Size int64
	// Open opens the archive. The caller closes it.
	Open func() (io.ReadCloser, error)
}

// IsArchive reports whether a file starts like a web archive: as a record of WARC or ARC,
// plain or compressed with gzip, or with zstd, in which no other input is compressed.
func IsArchive(start []byte) bool {
	if bytes.HasPrefix(start, []byte{0x1f, 0x8b}) {
		plain, err := gzip.NewReader(bytes.NewReader(start))
		if err != nil {
			return false
		}
		start = make([]byte, len("filedesc://"))
		n, _ := io.ReadFull(plain, start)
		start = start[:n]
	}
	for _, prefix := range []string{"WARC/", "filedesc://", "\x28\xb5\x2f\xfd", "\x5d\x2a\x4d\x18"} {
		if bytes.HasPrefix(start, []byte(prefix)) {
			return true
		}
	}
	return false
}

// sniffed is how many bytes of a file IsArchive needs.
const sniffed = 4 << 10

// Find returns the archives that arguments name: files, folders with archives, and "-" for
// standard input. others are the remaining arguments.
func Find(args []string, stdin *bufio.Reader) (archives []Archive, others []string, err error) {
	for _, arg := range args {
		found, err := find(arg, stdin)
		switch {
		case err != nil:
			return nil, nil, err
		case len(found) == 0:
			others = append(others, arg)
		}
		archives = append(archives, found...)
	}
	return archives, others, nil
}

func find(arg string, stdin *bufio.Reader) ([]Archive, error) {
	if arg == "-" {
		if start, _ := stdin.Peek(sniffed); !IsArchive(start) {
			return nil, nil
		}
		open := func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }
		return []Archive{{Name: "standard input", Open: open}}, nil
	}
	info, err := os.Stat(arg)
	if err != nil {
		return nil, nil //nolint:nilerr // a URL, or what reads the argument otherwise reports it
	}
	if info.IsDir() {
		return findIn(arg)
	}
	if !hasSuffix(arg) && !startsArchive(arg) {
		return nil, nil
	}
	return []Archive{fileOf(arg, info)}, nil
}

// findIn returns the archives in a folder and the folders below, in the order of their
// names.
func findIn(dir string) ([]Archive, error) {
	var found []Archive
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || !hasSuffix(path) {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the file was removed meanwhile
		}
		if err == nil {
			found = append(found, fileOf(path, info))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", dir, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("the folder %s has no web archives: their names end with %s", dir,
			strings.Join(suffixes, ", "))
	}
	return found, nil
}

func hasSuffix(name string) bool {
	for _, suffix := range suffixes {
		if strings.HasSuffix(strings.ToLower(name), suffix) {
			return true
		}
	}
	return false
}

// startsArchive reports whether a file has the content of an archive, whatever its name.
func startsArchive(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	start := make([]byte, sniffed)
	n, _ := io.ReadFull(f, start)
	return IsArchive(start[:n])
}

func fileOf(path string, info fs.FileInfo) Archive {
	return Archive{Name: path, Size: info.Size(), Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}
