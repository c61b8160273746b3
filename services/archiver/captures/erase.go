package captures

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/archiver/internal/folder"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
)

// Rows of erased captures have one of two types. Their pages stay known, so that a page that
// is delivered again is not archived again.
const (
	// erasingType means that the record still has to be overwritten. The time of the row is
	// that of the erasure, so that everyone who overwrites the record writes the same bytes.
	erasingType = "erasing"
	erasedType  = "erased"
)

// live is a condition that leaves out the erased captures.
const live = "c.type NOT IN ('" + erasedType + "', '" + erasingType + "')"

// eraseRows is the start of a statement that erases captures from the index. Its arguments
// are erasingType and the time.
const eraseRows = `UPDATE archive_captures AS c SET type = $1, time = $2, url = '', url_key = '', digest = '',
	status = 0, original_time = 0, labels = '' `

// eraseBatch is the number of captures that are overwritten together.
const eraseBatch = 100

// Erase erases all captures of a URL, and returns their number. From now on, the index keeps
// only the ids of their pages and the places of their records. If the archive is in a folder
// to which this process can write, it overwrites the records. Otherwise they are left to the
// archiver, which overwrites them within seconds, or rewrites their files in the bucket. Erase
// may be called again after an error.
func (x *Index) Erase(
	ctx context.Context, from *files.Files, url string, at time.Time,
) (erased, left int, err error) {
	if erased, err = x.markErasing(ctx, url, at); err != nil {
		return 0, 0, err
	}
	if from != nil && !from.InBucket() {
		err = x.Overwrite(ctx, from.Dir())
	}
	if isReadOnly(err) {
		err = nil // leave the records to the archiver
	}
	if err != nil {
		return erased, 0, err
	}
	left, err = x.Erasing(ctx)
	return erased, left, err
}

func (x *Index) markErasing(ctx context.Context, url string, at time.Time) (marked int, err error) {
	err = x.write(ctx, "erasing captures from the index", func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, eraseRows+`WHERE url_key = $3 AND url = $4 AND `+live,
			erasingType, at.UnixMicro(), boundKey(Key(url)), url)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		marked = int(n)
		return err
	})
	return marked, err
}

// maxCounted is the maximum number of captures that Erasing counts.
const maxCounted = 10_000

// Erasing returns the number of captures whose records still have to be overwritten, of at
// most 10,000.
func (x *Index) Erasing(ctx context.Context) (int, error) {
	counts, err := query(ctx, x, "counting captures to overwrite", func(rows *sql.Rows) (n int, err error) {
		return n, rows.Scan(&n)
	}, `SELECT count(*) FROM (SELECT 1 FROM archive_captures WHERE type = '`+erasingType+
		fmt.Sprintf(`' LIMIT %d) AS c`, maxCounted))
	if err != nil || len(counts) == 0 {
		return 0, err
	}
	return counts[0], nil
}

// isReadOnly reports whether an error means that this process can only read the folder.
func isReadOnly(err error) bool {
	return errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// Overwrite overwrites the records of erased captures in the files of a folder with
// tombstones of the same length. Several processes may do so at the same time. A record that
// cannot be overwritten does not keep the others from being overwritten. The error is then
// that of the first one.
func (x *Index) Overwrite(ctx context.Context, dir string) error {
	var failed int
	var first error
	var last Capture // of the batch before
	for {
		found, err := x.read(ctx, "finding captures to overwrite", fmt.Sprintf(`WHERE c.type = '%s' AND ($1 = '' OR
			(c.file_id, c.place) > ((SELECT id FROM archive_files WHERE name = $1), $2))
			ORDER BY c.file_id, c.place LIMIT %d`, erasingType, eraseBatch), last.File, last.Offset)
		if err != nil {
			return err
		}
		done := make([]Capture, 0, len(found))
		for _, c := range found {
			err := overwrite(dir, c)
			switch {
			case isReadOnly(err):
				return err // all others would fail, too
			case err == nil:
				done = append(done, c)
			default:
				failed++
				first = cmp.Or(first, err)
			}
		}
		if err := x.markErased(ctx, done); err != nil {
			return err
		}
		if len(found) < eraseBatch {
			break
		}
		last = found[len(found)-1]
	}
	if first != nil {
		return fmt.Errorf("%d erased captures are not overwritten yet: %w", failed, first)
	}
	return nil
}

// Tombstone returns what replaces the record of an erased capture.
func (c Capture) Tombstone() ([]byte, error) {
	id := warcfile.ID(fmt.Sprintf("erased\n%s\n%d", c.File, c.Offset))
	tombstone, err := warcfile.Tombstone(id, c.Time, c.Length)
	if err != nil {
		return nil, fmt.Errorf("erasing from file %s of the archive at offset %d: %w", c.File, c.Offset, err)
	}
	return tombstone, nil
}

// overwrite replaces the record of a capture. A file that is not there any more has nothing
// to erase.
func overwrite(dir string, c Capture) error {
	tombstone, err := c.Tombstone()
	if err != nil {
		return err
	}
	err = folder.Overwrite(dir, c.File, c.Offset, tombstone)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func (x *Index) markErased(ctx context.Context, found []Capture) error {
	if len(found) == 0 {
		return nil
	}
	return x.write(ctx, "erasing captures from the index", func(ctx context.Context, tx *sql.Tx) error {
		for _, c := range found {
			_, err := tx.ExecContext(ctx, `UPDATE archive_captures SET type = $3 WHERE page_id = $1 AND position = $2`,
				c.PageID, c.Position, erasedType)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
