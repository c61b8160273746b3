package archiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
)

// recover brings the files and the index in line after a crash, or after the store was
// restored from an older backup. It adds to the index what the files have beyond the
// indexed offsets, cuts off an incomplete end of the file that was open, and completes it.
func (a *Archiver) recover(ctx context.Context) error {
	files, err := a.folder.Files()
	if err != nil {
		return err
	}
	indexed, err := a.index.Files(ctx)
	if err != nil {
		return err
	}
	for _, file := range files {
		from := indexed[file.Name]
		if from > file.Size {
			a.log.Error("a file of the archive is shorter than the index says: restore it from a backup",
				"file", file.Name, "size", file.Size, "indexed", from)
			continue
		}
		if !file.Open && from == file.Size {
			continue
		}
		end, added, err := a.indexRest(ctx, file.Name, from, file.Size)
		if err != nil {
			return err
		}
		a.log.Info("file of the archive recovered", "file", file.Name, "size", file.Size, "indexed", from,
			"captures", added, "cut", file.Size-end)
		if !file.Open {
			continue
		}
		if err := a.folder.Repair(file.Name, end); err != nil {
			return err
		}
	}
	return nil
}

// indexRest adds the whole units of a file from an offset on to the index. It returns the
// end of the last unit that the archive needs, and the number of captures. It stops at
// a record that cannot be read.
func (a *Archiver) indexRest(
	ctx context.Context, name string, from, size int64,
) (end int64, added int, err error) {
	file, err := a.files.Section(ctx, name, from, size-from)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	end = from
	units := unitReader{records: warcfile.NewReader(file, from)}
	for ctx.Err() == nil {
		unit, until, err := units.next()
		if errors.Is(err, io.EOF) {
			return end, added, nil
		}
		if err != nil {
			a.log.Warn("the rest of a file of the archive cannot be read", "file", name, "error", err)
			return end, added, nil
		}
		page := unit[0].PageID
		known, err := a.index.Has(ctx, []string{page})
		if err != nil {
			return 0, 0, err
		}
		if known[page] {
			continue // another archiver has written the page meanwhile
		}
		if err := a.index.Add(ctx, name, until, unit); err != nil {
			return 0, 0, err
		}
		if err := a.eraseLate(ctx, []string{unit[len(unit)-1].URL}); err != nil {
			return 0, 0, err
		}
		end, added = until, added+len(unit)
	}
	return 0, 0, ctx.Err()
}

// unitReader reads the units of a file.
type unitReader struct {
	records *warcfile.Reader
	unit    []captures.Capture
}

// next returns the captures of the next whole unit, and its end. The error is io.EOF at the
// end of the file, also within a unit.
func (r *unitReader) next() (unit []captures.Capture, end int64, err error) {
	for {
		entry, err := r.records.Next()
		if err != nil {
			return nil, 0, err
		}
		switch entry.Get(warcfile.FieldType) {
		case warcfile.TypeResponse, warcfile.TypeRevisit:
			capture, err := captureOf(entry)
			if err != nil {
				return nil, 0, err
			}
			capture.Position = len(r.unit)
			r.unit = append(r.unit, capture)
		case warcfile.TypeMetadata:
			if warcfile.Value(entry.Block, fieldFailure) != "" {
				failure, err := captureOf(entry)
				if err != nil {
					return nil, 0, err
				}
				failure.Position = len(r.unit)
				r.unit = append(r.unit, failure)
				continue
			}
			id := warcfile.Value(entry.Block, fieldPageID)
			if id == "" {
				continue // the tombstone of a response
			}
			if unit, r.unit = r.unit, nil; len(unit) == 0 {
				continue // all were erased
			}
			for i := range unit {
				unit[i].PageID = id
			}
			unit[len(unit)-1].Labels = warcfile.Value(entry.Block, fieldLabels)
			return unit, entry.Offset + entry.Length, nil
		}
	}
}

// captureOf returns what the index keeps of a record.
func captureOf(entry *warcfile.Entry) (captures.Capture, error) {
	head, _ := entry.HTTP()
	c := captures.Capture{
		URL: entry.Get(warcfile.FieldURL), Digest: entry.Get(warcfile.FieldPayloadDigest), Type: mediaType(head),
		Offset: entry.Offset, Length: entry.Length,
	}
	if entry.Get(warcfile.FieldType) == warcfile.TypeMetadata {
		c.Type = failureType(warcfile.Value(entry.Block, fieldFailure))
	} else if line := strings.Fields(string(head[:min(len(head), maxStatusLine)])); len(line) > 1 {
		c.Status, _ = strconv.Atoi(line[1])
	}
	var err error
	if c.Time, err = time.Parse(time.RFC3339Nano, entry.Get(warcfile.FieldDate)); err != nil {
		return c, fmt.Errorf("the record at offset %d has no valid date: %w", entry.Offset, err)
	}
	if original := entry.Get(warcfile.FieldOriginalDate); original != "" && c.Status != http.StatusNotModified {
		if c.OriginalTime, err = time.Parse(time.RFC3339Nano, original); err != nil {
			return c, fmt.Errorf("the record at offset %d refers to no valid date: %w", entry.Offset, err)
		}
	}
	return c, nil
}

// maxStatusLine is the length of the start of a head that contains the status.
const maxStatusLine = 64
