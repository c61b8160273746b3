package ingest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/dateline-news/dateline/internal/objects"
)

// suffixes are the names of web archives in a folder.
var suffixes = []string{".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz"}

// Archive is a web archive to read.
type Archive struct {
	Name string
	// Size is the size in bytes, or 0 if it is unknown.
	Size int64
	// Open opens the archive. The caller closes it. Reading fails once the context has ended.
	Open func(context.Context) (io.ReadCloser, error)
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

// Sources are where Find looks for archives.
type Sources struct {
	Stdin *bufio.Reader
	// Bucket reads buckets. It may be nil if no argument names one.
	Bucket *objects.Client
}

// OpenSources returns the sources for arguments. It does not connect to the service of a bucket.
// The caller closes the sources after it has read the archives.
func OpenSources(args []string, stdin *bufio.Reader, service objects.Config) (Sources, error) {
	in := Sources{Stdin: stdin}
	var err error
	if slices.ContainsFunc(args, isBucket) {
		in.Bucket, err = objects.New(service)
	}
	return in, err
}

// Close closes idle connections.
func (in Sources) Close() {
	if in.Bucket != nil {
		in.Bucket.Close()
	}
}

func isBucket(arg string) bool { return strings.HasPrefix(arg, objects.Scheme) }

// Find returns the archives that arguments name: files, folders with archives, objects in
// buckets, and "-" for standard input. others are the remaining arguments.
func Find(ctx context.Context, args []string, in Sources) (archives []Archive, others []string, err error) {
	for _, arg := range args {
		found, err := in.find(ctx, arg)
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

func (in Sources) find(ctx context.Context, arg string) ([]Archive, error) {
	if isBucket(arg) {
		return in.findInBucket(ctx, arg)
	}
	if arg == "-" {
		if start, _ := in.Stdin.Peek(sniffed); !IsArchive(start) {
			return nil, nil
		}
		open := func(context.Context) (io.ReadCloser, error) { return io.NopCloser(in.Stdin), nil }
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
	return Archive{
		Name: path, Size: info.Size(),
		Open: func(context.Context) (io.ReadCloser, error) { return os.Open(path) },
	}
}
