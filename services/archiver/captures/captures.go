// Package captures is the index of the archive: which file holds which capture of a URL,
// in tables of the store.
package captures

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// ErrNotFound means that the archive has no such capture.
var ErrNotFound = errors.New("not in the archive")

// Capture is a response in the archive.
type Capture struct {
	// PageID is the id of the page that the response is part of, and Position its place
	// in the page: the redirects come before the response with the body.
	PageID   string
	Position int
	URL      string
	// Time is the date of the record.
	Time   time.Time
	Status int
	// Type is the media type of the response, without parameters.
	Type string
	// Digest is that of the payload, with its label.
	Digest string
	// OriginalTime is set if the record is a revisit: its payload is that of the capture
	// of the same URL at this time.
	OriginalTime time.Time
	// Labels are the labels of the request as a JSON object, or empty. Only the last capture
	// of a page has them.
	Labels string
	// File is the name of the file when it is complete. Offset and Length are those of
	// the record in it.
	File           string
	Offset, Length int64
}

// IsRevisit reports whether the payload is in an earlier capture.
func (c Capture) IsRevisit() bool { return !c.OriginalTime.IsZero() }

// Index reads and writes the tables.
type Index struct{ db store.Database }

// Of returns the index in a store.
func Of(s interface{ SQL() store.Database }) *Index { return &Index{s.SQL()} }

// Add adds captures from one file, which is indexed up to an offset now. Captures that the
// index has are ignored.
func (x *Index) Add(ctx context.Context, file string, indexed int64, all []Capture) error {
	return x.write(ctx, "indexing captures", func(ctx context.Context, tx *sql.Tx) error {
		var id int64
		err := tx.QueryRowContext(ctx, `INSERT INTO archive_files (name, indexed) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET indexed =
				CASE WHEN excluded.indexed > archive_files.indexed THEN excluded.indexed ELSE archive_files.indexed END
			RETURNING id`, file, indexed).Scan(&id)
		if err != nil {
			return err
		}
		insert, err := tx.PrepareContext(ctx, `INSERT INTO archive_captures (page_id, position, url_key, url, time, status,
				type, digest, original_time, file_id, place, length, labels)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (page_id, position) DO NOTHING`)
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, c := range all {
			_, err := insert.ExecContext(ctx, c.PageID, c.Position, c.Key(), c.URL, c.Time.UnixMicro(), c.Status,
				c.Type, c.Digest, store.Micros(c.OriginalTime), id, c.Offset, c.Length, c.Labels)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Has returns which of the given pages the index has.
func (x *Index) Has(ctx context.Context, pageIDs []string) (map[string]bool, error) {
	known := map[string]bool{}
	if len(pageIDs) == 0 {
		return known, nil
	}
	args := make([]any, len(pageIDs))
	for i, id := range pageIDs {
		args[i] = id
	}
	found, err := query(ctx, x, "looking up pages in the archive", func(rows *sql.Rows) (id string, err error) {
		return id, rows.Scan(&id)
	}, `SELECT DISTINCT page_id FROM archive_captures WHERE page_id IN (`+placeholders(len(args))+`)`, args...)
	for _, id := range found {
		known[id] = true
	}
	return known, err
}

// Latest returns the last successful capture of a URL. The error is ErrNotFound if the URL has
// none.
func (x *Index) Latest(ctx context.Context, url string) (Capture, error) {
	return one(x.read(ctx, "reading the last capture of "+url,
		`WHERE c.url_key = $1 AND c.url = $2 AND c.status BETWEEN 200 AND 299 ORDER BY c.time DESC LIMIT 1`,
		boundKey(Key(url)), url))
}

// Page returns the captures of a page in their order. The error is ErrNotFound if the
// archive does not have the page.
func (x *Index) Page(ctx context.Context, pageID string) ([]Capture, error) {
	all, err := x.read(ctx, "reading the captures of page "+pageID,
		`WHERE c.page_id = $1 AND `+live+` ORDER BY c.position`, pageID)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("page %s: %w", pageID, ErrNotFound)
	}
	return all, err
}

// Files returns the names of all files, and the offset up to which each is indexed.
func (x *Index) Files(ctx context.Context) (map[string]int64, error) {
	type file struct {
		name    string
		indexed int64
	}
	all, err := query(ctx, x, "reading the files of the archive", func(rows *sql.Rows) (f file, err error) {
		return f, rows.Scan(&f.name, &f.indexed)
	}, `SELECT name, indexed FROM archive_files`)
	files := map[string]int64{}
	for _, f := range all {
		files[f.name] = f.indexed
	}
	return files, err
}

// read returns captures that match a condition.
func (x *Index) read(ctx context.Context, action, condition string, args ...any) ([]Capture, error) {
	return query(ctx, x, action, scan, `SELECT c.page_id, c.position, c.url, c.time, c.status, c.type, c.digest,
			c.original_time, f.name, c.place, c.length, c.labels
		FROM archive_captures c JOIN archive_files f ON f.id = c.file_id `+condition, args...)
}

func scan(rows *sql.Rows) (Capture, error) {
	var c Capture
	var at, original int64
	err := rows.Scan(&c.PageID, &c.Position, &c.URL, &at, &c.Status, &c.Type, &c.Digest, &original, &c.File,
		&c.Offset, &c.Length, &c.Labels)
	c.Time, c.OriginalTime = store.TimeOf(at), store.TimeOf(original)
	return c, err
}
