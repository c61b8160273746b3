package captures

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Upload states of a file.
type Upload int

// The order of the states is that in which a file takes them.
const (
	// InFolder means that the file was never uploaded.
	InFolder Upload = iota
	// UploadBegun means that the bucket may have the file.
	UploadBegun
	// Uploaded means that the bucket has the file.
	Uploaded
)

// Upload returns the state of a file, and whether the index has the file.
func (x *Index) Upload(ctx context.Context, name string) (state Upload, found bool, err error) {
	all, err := query(ctx, x, "reading the state of a file of the archive", func(rows *sql.Rows) (s Upload, err error) {
		return s, rows.Scan(&s)
	}, `SELECT uploaded FROM archive_files WHERE name = $1`, name)
	if err != nil || len(all) == 0 {
		return InFolder, false, err
	}
	return all[0], true, nil
}

// SetUpload changes the state of a file.
func (x *Index) SetUpload(ctx context.Context, name string, state Upload) error {
	return x.write(ctx, "marking a file of the archive as uploaded", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE archive_files SET uploaded = $1 WHERE name = $2`, state, name)
		return err
	})
}

// ToErase are captures of one file that still have to be overwritten.
type ToErase struct {
	File   string
	Upload Upload
}

// maxToErase is the maximum number of captures that are overwritten in a file at once.
const maxToErase = 10_000

// FilesToErase returns the names of files with captures that still have to be overwritten, at
// most 100, and their states.
func (x *Index) FilesToErase(ctx context.Context) ([]ToErase, error) {
	return query(ctx, x, "finding files to erase from", func(rows *sql.Rows) (t ToErase, err error) {
		return t, rows.Scan(&t.File, &t.Upload)
	}, fmt.Sprintf(`SELECT f.name, f.uploaded FROM archive_files f WHERE EXISTS (SELECT 1 FROM archive_captures c
		WHERE c.file_id = f.id AND c.type = '%s') ORDER BY f.id LIMIT %d`, erasingType, eraseBatch))
}

// CapturesToErase returns the captures of a file that still have to be overwritten, at most
// 10,000.
func (x *Index) CapturesToErase(ctx context.Context, name string) ([]Capture, error) {
	return x.read(ctx, "finding captures to overwrite", fmt.Sprintf(`WHERE c.type = '%s' AND f.name = $1
		ORDER BY c.place LIMIT %d`, erasingType, maxToErase), name)
}

// MarkErased records that captures are overwritten wherever their file is.
func (x *Index) MarkErased(ctx context.Context, all []Capture) error { return x.markErased(ctx, all) }

// OverwriteIn overwrites the records of captures in their files in a folder.
func OverwriteIn(dir string, all []Capture) error {
	for _, c := range all {
		if err := overwrite(dir, c); err != nil {
			return err
		}
	}
	return nil
}

// Hold takes a file for an archiver until a time, and reports whether no other one holds it.
func (x *Index) Hold(ctx context.Context, name, holder string, now, until time.Time) (held bool, err error) {
	err = x.write(ctx, "taking a file of the archive", func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE archive_files SET holder = $1, held_until = $2
			WHERE name = $3 AND (holder = $1 OR held_until < $4)`, holder, until.UnixMicro(), name, now.UnixMicro())
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		held = n > 0
		return err
	})
	return held, err
}

// Release ends a Hold.
func (x *Index) Release(ctx context.Context, name, holder string) error {
	return x.write(ctx, "releasing a file of the archive", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE archive_files SET holder = '', held_until = 0 WHERE name = $1 AND holder = $2`,
			name, holder)
		return err
	})
}
