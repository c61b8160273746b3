package captures

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// Size is the extent of the archive.
type Size struct {
	Files int
	// Bytes is the size of all files as far as they are indexed.
	Bytes int64
	// Oldest is the time of the first capture in the oldest file, or zero.
	Oldest time.Time
}

// Size returns the extent of the archive.
func (x *Index) Size(ctx context.Context) (Size, error) {
	all, err := query(ctx, x, "reading the size of the archive", func(rows *sql.Rows) (s Size, err error) {
		var oldest int64
		err = rows.Scan(&s.Files, &s.Bytes, &oldest)
		s.Oldest = store.TimeOf(oldest)
		return s, err
	}, `SELECT count(*), coalesce(sum(indexed), 0), coalesce((SELECT c.time FROM archive_captures c
		WHERE c.file_id = (SELECT min(id) FROM archive_files) AND `+live+` ORDER BY c.place LIMIT 1), 0) FROM archive_files`)
	if err != nil || len(all) == 0 {
		return Size{}, err
	}
	return all[0], nil
}

// File is a file in the index.
type File struct {
	Name string
	// Newest is the time of its last capture, or zero if it has none.
	Newest time.Time

	id int64
}

// OldestFile returns the file that was begun first. The error is ErrNotFound if the
// archive has no files.
func (x *Index) OldestFile(ctx context.Context) (File, error) {
	all, err := query(ctx, x, "finding the oldest file of the archive", func(rows *sql.Rows) (f File, err error) {
		var newest int64
		err = rows.Scan(&f.id, &f.Name, &newest)
		f.Newest = store.TimeOf(newest)
		return f, err
	}, `SELECT f.id, f.name, coalesce((SELECT c.time FROM archive_captures c WHERE c.file_id = f.id AND `+live+`
			ORDER BY c.place DESC LIMIT 1), 0)
		FROM archive_files f ORDER BY f.id LIMIT 1`)
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return File{}, err
	}
	return all[0], nil
}

// DropCaptures removes up to 1,000 captures of a file from the index, and reports whether
// none is left.
func (x *Index) DropCaptures(ctx context.Context, f File) (empty bool, err error) {
	err = x.write(ctx, "removing the captures of a deleted file", func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, fmt.Sprintf(`DELETE FROM archive_captures WHERE file_id = $1 AND place IN
			(SELECT place FROM archive_captures WHERE file_id = $1 ORDER BY place LIMIT %d)`, chunk), f.id)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		empty = n < chunk
		return err
	})
	return empty, err
}

// DropFile removes a file without captures from the index.
func (x *Index) DropFile(ctx context.Context, f File) error {
	return x.write(ctx, "removing a deleted file from the index", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM archive_files WHERE id = $1`, f.id)
		return err
	})
}

// EraseLabelled marks the pages with a label that were captured in a span of time as erased at
// a time. It examines up to 1,000 pages with labels, and returns the time until which it has
// examined the span, and the number of erased pages.
func (x *Index) EraseLabelled(
	ctx context.Context, label, value string, from, before, at time.Time,
) (until time.Time, erased int, err error) {
	found, err := x.read(ctx, "finding pages with the label "+label, fmt.Sprintf(`WHERE c.labels <> '' AND c.time >= $1
		AND c.time < $2 AND %s ORDER BY c.time LIMIT %d`, live, chunk), store.Micros(from), before.UnixMicro())
	if err != nil {
		return from, 0, err
	}
	until = before
	if len(found) == chunk && found[chunk-1].Time.After(from) {
		until = found[chunk-1].Time
	}
	err = x.write(ctx, "erasing pages with the label "+label, func(ctx context.Context, tx *sql.Tx) error {
		for _, c := range found {
			if !c.HasLabel(label, value) {
				continue
			}
			erased++
			_, err := tx.ExecContext(ctx, eraseRows+`WHERE page_id = $3 AND `+live, erasingType, at.UnixMicro(), c.PageID)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return until, erased, err
}

// HasLabel reports whether the page had a label with a value.
func (c Capture) HasLabel(label, value string) bool {
	labels := map[string]string{}
	if c.Labels == "" || json.Unmarshal([]byte(c.Labels), &labels) != nil {
		return false
	}
	got, found := labels[label]
	return found && got == value
}
