package pipeline

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/wholefile"
)

// folderVersion is the version of the data folder's layout. Folders of newer versions
// are refused.
const folderVersion = 1

// lockFile is the file that the process which uses a data folder locks.
const lockFile = "lock"

// errInUse means that another process uses the data folder.
var errInUse = errors.New("the data folder is in use by another Dateline")

// folder is a data folder that is locked by this process.
type folder struct {
	dir  string
	lock *flock.Flock
}

// openFolder creates the folder if necessary, and locks it.
func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the data folder: %w; choose another with --data-dir", err)
	}
	lock := flock.New(filepath.Join(dir, lockFile))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the data folder %s: %w", dir, err)
	}
	if !held {
		return nil, fmt.Errorf("%s: %w: stop it, or choose another folder with --data-dir", dir, errInUse)
	}
	f := &folder{dir: dir, lock: lock}
	if err := f.checkVersion(); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return f, nil
}

// Clear removes everything from a data folder. It returns an error, and removes nothing, if
// another process uses the folder.
func Clear(dir string) (err error) {
	f, err := openFolder(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("listing the data folder %s: %w", dir, err)
	}
	for _, entry := range entries {
		if entry.Name() == lockFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("clearing the data folder %s: %w", dir, err)
		}
	}
	return nil
}

// checkVersion refuses the folder of a newer version, and marks a new folder with this
// version.
func (f *folder) checkVersion() error {
	path := filepath.Join(f.dir, "version")
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("reading the data folder's version: %w", err)
	}
	if len(data) == 0 { // earlier versions leave an empty file if they are killed
		if err := wholefile.Write(path, []byte(strconv.Itoa(folderVersion)+"\n")); err != nil {
			return fmt.Errorf("marking the data folder with its version: %w", err)
		}
		return nil
	}
	version, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return fmt.Errorf("%s does not contain a version number: is %s a data folder of Dateline?", path, f.dir)
	}
	if version > folderVersion {
		return fmt.Errorf("the data folder %s was written by a newer version of Dateline (layout %d, this version "+
			"supports %d): run that version, or choose another folder with --data-dir", f.dir, version, folderVersion)
	}
	return nil
}

// announce writes the embedded server's address, with user and password, to a file for
// commands that talk to a running pipeline.
func (f *folder) announce(address, password string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("parsing the NATS server's address: %w", err)
	}
	u.User = url.UserPassword(natsembed.User, password)
	if err := wholefile.Write(addressFile(f.dir), []byte(u.String())); err != nil {
		return fmt.Errorf("publishing the NATS server's address: %w", err)
	}
	return nil
}

// addressFile returns the path of the file with the embedded server's address.
func addressFile(dir string) string { return filepath.Join(dir, "nats.url") }

// close releases the folder.
func (f *folder) close() error {
	return errors.Join(ignoreMissing(os.Remove(addressFile(f.dir))), f.lock.Unlock())
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
