// Package files finds the files of the archive. They are in a folder; or in a bucket, and in
// a spool folder until they are uploaded.
package files

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/services/archiver/internal/folder"
)

// Files are the files of an archive.
type Files struct {
	dir    string
	bucket *objects.Client // nil if the archive is in the folder
	at     objects.Location
}

// IsBucket reports whether an archive is in a bucket.
func IsBucket(location string) bool { return strings.HasPrefix(location, objects.Scheme) }

// Open returns the files of an archive: a folder, or s3://BUCKET/PREFIX with a spool folder.
// The result is nil if the location is empty. The spool may be empty if this process only
// reads. Open does not connect to the service.
func Open(location, spool string, service objects.Config) (*Files, error) {
	if location == "" {
		return nil, nil
	}
	if !IsBucket(location) {
		return InFolder(location), nil
	}
	at, err := objects.ParseLocation(location)
	if err != nil {
		return nil, fmt.Errorf("archiver.dir: %w", err)
	}
	bucket, err := objects.New(service)
	if err != nil {
		return nil, err
	}
	return &Files{dir: spool, bucket: bucket, at: at}, nil
}

// InFolder returns the files of an archive in a folder.
func InFolder(dir string) *Files { return &Files{dir: dir} }

// Close closes idle connections.
func (f *Files) Close() {
	if f != nil && f.bucket != nil {
		f.bucket.Close()
	}
}

// Dir returns the folder: that of the archive, or the spool of a bucket.
func (f *Files) Dir() string { return f.dir }

// Bucket returns the client and the location of an archive in a bucket.
func (f *Files) Bucket() (*objects.Client, objects.Location) { return f.bucket, f.at }

// Object returns the location of a file in the bucket.
func (f *Files) Object(name string) objects.Location { return f.at.Below(path.Base(name)) }

// InBucket reports whether the archive is in a bucket.
func (f *Files) InBucket() bool { return f.bucket != nil }

// String returns the location.
func (f *Files) String() string {
	if f.bucket != nil {
		return f.at.String()
	}
	return "the folder " + cmp.Or(f.dir, ".")
}

// Section returns a part of a file. If there is no such file, the error is os.ErrNotExist.
func (f *Files) Section(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	if f.dir != "" {
		file, err := folder.OpenFile(f.dir, name)
		if err == nil {
			return section{io.NewSectionReader(file, offset, length), file}, nil
		}
		if f.bucket == nil || !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	return f.bucket.Open(ctx, f.Object(name), offset, length)
}

type section struct {
	io.Reader
	io.Closer
}
