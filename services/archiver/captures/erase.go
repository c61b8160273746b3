package captures

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/dateline-news/dateline/services/archiver/internal/folder"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
)

// ErrNoFolder means that captures cannot be erased without the folder of the archive.
var ErrNoFolder = errors.New("the archive has captures of this article: erase it in a process that knows the folder " +
	"of the archive (archiver.dir)")

// erasedType marks the rows of erased captures. Their pages stay known, so that a page that
// is delivered again is not archived again.
const erasedType = "erased"

// live is a condition that leaves out the erased captures.
const live = "c.type <> '" + erasedType + "'"

// eraseBatch is the number of captures that are erased together.
const eraseBatch = 100

// Erase overwrites all captures of a URL in the files of a folder with tombstones of the
// same length, and returns their number. The index keeps only the ids of their pages.
// Erase may be called again after an error.
func (x *Index) Erase(ctx context.Context, dir, url string, at time.Time) (erased int, err error) {
	for {
		found, err := x.read(ctx, "finding captures to erase",
			`WHERE c.url_key = $1 AND c.url = $2 AND `+live+fmt.Sprintf(` LIMIT %d`, eraseBatch), boundKey(Key(url)), url)
		if err != nil || len(found) == 0 {
			return erased, err
		}
		if dir == "" {
			return erased, ErrNoFolder
		}
		for _, c := range found {
			if err := overwrite(dir, c, at); err != nil {
				return erased, err
			}
		}
		if err := x.markErased(ctx, found); err != nil {
			return erased, err
		}
		erased += len(found)
	}
}

// overwrite replaces the record of a capture. A file that is not there any more has nothing
// to erase.
func overwrite(dir string, c Capture, at time.Time) error {
	id := warcfile.ID(fmt.Sprintf("erased\n%s\n%d", c.File, c.Offset))
	tombstone, err := warcfile.Tombstone(id, at, c.Length)
	if err != nil {
		return fmt.Errorf("erasing from file %s of the archive at offset %d: %w", c.File, c.Offset, err)
	}
	err = folder.Overwrite(dir, c.File, c.Offset, tombstone)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func (x *Index) markErased(ctx context.Context, found []Capture) error {
	return x.write(ctx, "erasing captures from the index", func(ctx context.Context, tx *sql.Tx) error {
		for _, c := range found {
			_, err := tx.ExecContext(ctx, `UPDATE archive_captures SET type = $3, url = '', url_key = '', digest = '', status = 0
				WHERE page_id = $1 AND position = $2`, c.PageID, c.Position, erasedType)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
