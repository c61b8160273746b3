// Package folder keeps the files of the archive in a folder. One process at a time writes
// to a folder; any number may read from it.
package folder

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/dateline-news/dateline/internal/disk"
	"github.com/dateline-news/dateline/internal/wholefile"
)

const (
	// prefix and suffix are the start and the end of the name of each file.
	prefix = "dateline-"
	suffix = ".warc.gz"
	// openSuffix follows the name of a file to which records may still be added.
	openSuffix = ".open"
	lockName   = "lock"
	// scratchName is the name of the copy of a file that is rewritten.
	scratchName = "rewrite.tmp"

	dirMode  = 0o750
	fileMode = 0o640
)

// ErrFull means that the files in a spool have reached their maximum size.
var ErrFull = errors.New("the spool is full")

// Config configures a Folder. All fields are required, except MaxSpool.
type Config struct {
	Dir string
	// MaxBytes and MaxAge are the size and the age at which a file is completed.
	MaxBytes int64
	MaxAge   time.Duration
	// MinFree is the free space in bytes below which nothing is written.
	MinFree int64
	// MaxSpool is the size of all files in bytes above which nothing is written. It is 0 if
	// the files stay in the folder. Otherwise, the folder is a spool whose files are uploaded
	// to a place that others write to, too: their names contain the id of the folder.
	MaxSpool int64
	// Info returns the member with which a file begins.
	Info func(name string) ([]byte, error)
	Now  func() time.Time
}

// Folder writes files. It is not safe for concurrent use.
//
// Records are durable once Sync has returned. Rollback removes those that are not.
type Folder struct {
	config Config
	host   string
	id     string // empty unless the folder is a spool
	lock   *flock.Flock

	file         *os.File // nil if no file is open
	name         string   // that the file has once it is complete
	size, synced int64
	opened       time.Time
	serial       int
}

// Open creates the folder if necessary, and locks it.
func Open(config Config) (*Folder, error) {
	if err := os.MkdirAll(config.Dir, dirMode); err != nil {
		return nil, fmt.Errorf("creating the archive's folder: %w; choose another with archiver.dir", err)
	}
	lock := flock.New(filepath.Join(config.Dir, lockName))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the archive's folder %s: %w; check that this user may write to it", config.Dir, err)
	}
	if !held {
		return nil, fmt.Errorf("another archiver writes to the folder %s: stop it, "+
			"or choose another folder with archiver.dir", config.Dir)
	}
	f := &Folder{config: config, host: hostName(), lock: lock}
	if config.MaxSpool == 0 {
		return f, nil
	}
	if f.id, err = spoolID(config.Dir); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	f.host += "-" + f.id
	return f, nil
}

// idName is the name of the file with the id of a spool.
const idName = "id"

// spoolID returns the id of a spool, which stays the same from one process to the next.
func spoolID(dir string) (string, error) {
	path := filepath.Join(dir, idName)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("reading the id of the spool: %w", err)
	}
	if id := unsafeName.ReplaceAllString(string(data), ""); id != "" {
		return id, nil
	}
	id := strings.ToLower(rand.Text()[:idLength])
	if err := wholefile.Write(path, []byte(id+"\n")); err != nil {
		return "", fmt.Errorf("keeping the id of the spool: %w", err)
	}
	return id, nil
}

// idLength is the length of the id of a spool. The ids are random.
const idLength = 16

// ID returns the id of a spool.
func (f *Folder) ID() string { return f.id }

var unsafeName = regexp.MustCompile(`[^A-Za-z0-9.]+`)

// hostName returns the name of this machine in the form of a part of a file name.
func hostName() string {
	name, err := os.Hostname()
	if name = strings.Trim(unsafeName.ReplaceAllString(name, "_"), "_"); err != nil || name == "" {
		return "localhost"
	}
	return name
}

// File is a file of the archive.
type File struct {
	// Name is the name that the file has once it is complete.
	Name string
	Size int64
	// Open reports whether the file was not completed.
	Open bool
}

// Files returns the archive's files in the folder, in the order of their names.
func (f *Folder) Files() ([]File, error) {
	entries, err := os.ReadDir(f.config.Dir)
	if err != nil {
		return nil, fmt.Errorf("listing the archive's folder: %w", err)
	}
	var files []File
	for _, entry := range entries {
		name, open := strings.CutSuffix(entry.Name(), openSuffix)
		if !IsFile(name) {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, os.ErrNotExist) {
			continue // the file was uploaded or completed meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("listing the archive's folder: %w", err)
		}
		files = append(files, File{Name: name, Size: info.Size(), Open: open})
	}
	return files, nil
}

// IsFile reports whether a name is that of a file of an archive.
func IsFile(name string) bool {
	return strings.HasPrefix(name, prefix) && strings.HasSuffix(name, suffix)
}

// Path returns the path of a complete file.
func (f *Folder) Path(name string) string { return filepath.Join(f.config.Dir, filepath.Base(name)) }

// Scratch creates an empty file in the folder, for a copy of a file that is rewritten. The
// next call replaces it.
func (f *Folder) Scratch(name string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(f.config.Dir, scratchName), os.O_RDWR|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return nil, fmt.Errorf("creating a copy of %s: %w", name, err)
	}
	return file, nil
}

// RemoveScratch removes the file that Scratch has created.
func (f *Folder) RemoveScratch() error {
	if err := os.Remove(filepath.Join(f.config.Dir, scratchName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the copy of a file: %w", err)
	}
	return nil
}

// Begin returns the name of the file to which records are added next. It completes a file
// that is large or old enough, and creates the next. It returns an error if the disk is
// nearly full.
func (f *Folder) Begin() (name string, err error) {
	if err := f.checkSpace(); err != nil {
		return "", err
	}
	switch {
	case f.file != nil && f.size != f.synced:
		err = f.Rollback() // the last attempt has failed
	case f.Due():
		err = f.Complete()
	}
	if err != nil {
		return "", err
	}
	if f.file == nil {
		if err := f.create(); err != nil {
			return "", f.advise(fmt.Errorf("creating a file of the archive: %w", err))
		}
	}
	return f.name, nil
}

func (f *Folder) checkSpace() error {
	space, err := disk.Of(f.config.Dir)
	if err != nil {
		return fmt.Errorf("reading the free space on the disk of the archive: %w", err)
	}
	if err := f.checkSpool(); err != nil {
		return err
	}
	if space.Free < f.config.MinFree {
		return fmt.Errorf("the disk of the archive %s has only %d MB left, less than the %d MB of archiver.min-free: "+
			"make room; pages wait on the stream meanwhile", f.config.Dir, space.Free>>20, f.config.MinFree>>20)
	}
	return nil
}

// checkSpool returns ErrFull if the spool is full.
func (f *Folder) checkSpool() error {
	if f.config.MaxSpool == 0 {
		return nil
	}
	_, size, err := f.Waiting()
	if err == nil && size >= f.config.MaxSpool {
		err = fmt.Errorf("%w: %d MB wait in %s to be uploaded, the maximum is the %d MB of archiver.max-spool: "+
			"see the errors of the uploads; pages wait on the stream meanwhile", ErrFull, size>>20, f.config.Dir,
			f.config.MaxSpool>>20)
	}
	return err
}

// Waiting returns the complete files, and the size of all files.
func (f *Folder) Waiting() (complete []File, size int64, err error) {
	files, err := f.Files()
	for _, file := range files {
		if size += file.Size; !file.Open {
			complete = append(complete, file)
		}
	}
	return complete, size, err
}

// advise adds to the error of a full disk what to do. The disk can be full in spite of MinFree if
// others write to it, too.
func (f *Folder) advise(err error) error {
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return err
	}
	return fmt.Errorf("%w: make room on the disk of %s; pages wait on the stream meanwhile", err, f.config.Dir)
}

// create creates a file and writes its first member, which becomes durable with the first
// Sync.
func (f *Folder) create() error {
	for {
		now := f.config.Now().UTC()
		name := fmt.Sprintf("%s%s%03d-%05d-%s%s", prefix, now.Format("20060102150405"), now.Nanosecond()/1e6, f.serial,
			f.host, suffix)
		f.serial++
		if _, err := os.Stat(filepath.Join(f.config.Dir, name)); err == nil {
			continue // the clock was set back
		}
		file, err := os.OpenFile(filepath.Join(f.config.Dir, name+openSuffix), os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		f.file, f.name, f.size, f.synced, f.opened = file, name, 0, 0, time.Now()
		info, err := f.config.Info(name)
		if err == nil {
			_, err = f.Append(info)
		}
		if err != nil {
			return errors.Join(err, f.discard())
		}
		return wholefile.SyncDir(f.config.Dir)
	}
}

// Append adds a member to the file that Begin has named, and returns its offset.
func (f *Folder) Append(member []byte) (offset int64, err error) {
	offset = f.size
	n, err := f.file.WriteAt(member, offset)
	f.size += int64(n)
	if err != nil {
		return 0, f.advise(fmt.Errorf("writing to %s: %w", f.name, err))
	}
	return offset, nil
}

// Sync makes all records durable and returns the size of the file.
func (f *Folder) Sync() (size int64, err error) {
	if err := f.file.Sync(); err != nil {
		return 0, f.advise(fmt.Errorf("syncing %s: %w", f.name, err))
	}
	f.synced = f.size
	return f.size, nil
}

// Rollback removes the records that are not durable, and completes the file: after a
// failed write it is unknown what the system has kept of later ones.
func (f *Folder) Rollback() error {
	if f.file == nil {
		return nil
	}
	if f.synced == 0 {
		return f.discard()
	}
	if err := f.file.Truncate(f.synced); err != nil {
		return fmt.Errorf("removing incomplete records from %s: %w", f.name, err)
	}
	f.size = f.synced
	return f.Complete()
}

// discard deletes a file without durable records.
func (f *Folder) discard() error {
	path := f.file.Name()
	err := errors.Join(f.file.Close(), os.Remove(path))
	f.file = nil
	return err
}

// Due reports whether the open file is large or old enough to be completed.
func (f *Folder) Due() bool {
	return f.file != nil && (f.size >= f.config.MaxBytes || time.Since(f.opened) >= f.config.MaxAge)
}

// Complete gives the open file its final name, if there is one. All its records must be
// durable.
func (f *Folder) Complete() error {
	if f.file == nil {
		return nil
	}
	if err := f.file.Sync(); err != nil {
		return fmt.Errorf("syncing %s: %w", f.name, err)
	}
	if err := f.rename(f.name); err != nil {
		return err
	}
	err := f.file.Close()
	f.file = nil
	return err
}

func (f *Folder) rename(name string) error {
	path := filepath.Join(f.config.Dir, name)
	if err := os.Rename(path+openSuffix, path); err != nil {
		return fmt.Errorf("completing a file of the archive: %w", err)
	}
	return wholefile.SyncDir(f.config.Dir)
}

// Repair completes a file that an earlier process has left open, after cutting it to a
// size. A file that is cut to nothing is deleted.
func (f *Folder) Repair(name string, size int64) error {
	path := filepath.Join(f.config.Dir, name+openSuffix)
	if size == 0 {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("removing an empty file of the archive: %w", err)
		}
		return nil
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("repairing a file of the archive: %w", err)
	}
	err = errors.Join(file.Truncate(size), file.Sync(), file.Close())
	if err != nil {
		return fmt.Errorf("repairing %s: %w", name, err)
	}
	return f.rename(name)
}

// IsOpen reports whether a name is that of the open file.
func (f *Folder) IsOpen(name string) bool { return f.file != nil && f.name == name }

// Delete deletes a complete file. It succeeds if there is no such file. It may be called while
// records are written to another file.
func (f *Folder) Delete(name string) error {
	err := os.Remove(filepath.Join(f.config.Dir, filepath.Base(name)))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return wholefile.SyncDir(f.config.Dir)
}

// Close completes the open file and releases the folder.
func (f *Folder) Close() error { return errors.Join(f.Complete(), f.lock.Unlock()) }
