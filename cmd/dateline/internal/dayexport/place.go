package dayexport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/wholefile"
)

// Place is where the files of an export are: Folder or Bucket. A file has its name only once it is complete and
// durable.
type Place interface {
	fmt.Stringer
	// open prepares the place. The caller releases it after the export.
	open() (release func() error, err error)
	// isEmpty reports whether the place has no files.
	isEmpty(ctx context.Context) (bool, error)
	// scratch creates a local file for the content of the file with a name.
	scratch(name string) (*os.File, error)
	// store replaces the file with a name by a scratch file, which is durable and closed.
	store(ctx context.Context, scratch, name string) error
	// read returns a file, and size returns its length in bytes. The error is os.ErrNotExist if the file does not exist.
	read(ctx context.Context, name string) ([]byte, error)
	size(ctx context.Context, name string) (int64, error)
	// remove removes a file, if it exists.
	remove(ctx context.Context, name string) error
}

// maxManifest is the maximum size of a manifest in bytes.
const maxManifest = 64 << 20

// Folder is a folder of the file system. It is created if it does not exist.
type Folder string

// String returns the path.
func (f Folder) String() string { return string(f) }

func (f Folder) path(name string) string { return filepath.Join(string(f), name) }

func (f Folder) open() (release func() error, err error) {
	if err := os.MkdirAll(string(f), 0o777); err != nil {
		return nil, fmt.Errorf("creating the folder of the export: %w", err)
	}
	lock := flock.New(f.path(lockFile))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the folder of the export: %w", err)
	}
	if !held {
		return nil, fmt.Errorf("another process exports to %s: wait until it has ended, or choose another folder", f)
	}
	// A run that was killed may have left incomplete files.
	entries, err := os.ReadDir(string(f))
	for _, entry := range entries {
		if name := entry.Name(); strings.HasPrefix(name, ".") && strings.HasSuffix(name, partialSuffix) {
			err = errors.Join(err, os.Remove(f.path(name)))
		}
	}
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return lock.Unlock, nil
}

func (f Folder) isEmpty(context.Context) (bool, error) {
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return false, fmt.Errorf("reading the folder of the export: %w", err)
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") {
			return false, nil
		}
	}
	return true, nil
}

func (f Folder) scratch(name string) (*os.File, error) {
	return os.Create(f.path("." + name + partialSuffix))
}

func (f Folder) store(_ context.Context, scratch, name string) error {
	if err := os.Rename(scratch, f.path(name)); err != nil {
		return err
	}
	return wholefile.SyncDir(string(f))
}

func (f Folder) read(_ context.Context, name string) ([]byte, error) {
	file, err := os.Open(f.path(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxManifest))
}

func (f Folder) size(_ context.Context, name string) (int64, error) {
	info, err := os.Stat(f.path(name))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f Folder) remove(_ context.Context, name string) error { return removeLocal(f.path(name)) }

// removeLocal removes a local file, if it exists.
func removeLocal(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Bucket is the prefix of a bucket. Nothing keeps several processes from exporting to it at the same time.
type Bucket struct {
	Client *objects.Client
	At     objects.Location
}

// String returns the URL of the prefix.
func (b Bucket) String() string { return b.At.String() }

func (Bucket) open() (release func() error, err error) { return func() error { return nil }, nil }

func (b Bucket) isEmpty(ctx context.Context) (bool, error) {
	for _, err := range b.Client.List(ctx, b.At.Below("")) {
		return false, err
	}
	return true, nil
}

func (Bucket) scratch(name string) (*os.File, error) { return os.CreateTemp("", "dateline-*-"+name) }

func (b Bucket) store(ctx context.Context, scratch, name string) error {
	file, err := os.Open(scratch)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil {
		err = b.Client.Put(ctx, b.At.Below(name), file, info.Size())
	}
	if err != nil {
		return err
	}
	return os.Remove(scratch)
}

func (b Bucket) read(ctx context.Context, name string) ([]byte, error) {
	body, err := b.Client.Open(ctx, b.At.Below(name), 0, -1)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, maxManifest))
}

func (b Bucket) size(ctx context.Context, name string) (int64, error) {
	object, err := b.Client.Stat(ctx, b.At.Below(name))
	return object.Size, err
}

func (b Bucket) remove(ctx context.Context, name string) error {
	return b.Client.Delete(ctx, b.At.Below(name))
}
