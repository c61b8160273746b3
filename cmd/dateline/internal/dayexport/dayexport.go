// Package dayexport exports articles to a folder or bucket with one file per day.
//
// A file gets its name only when it is complete and durable. Another run
// replaces the files of the days that have changed, and leaves the others as they are. A
// manifest lists the files.
package dayexport

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Format is a file format.
type Format struct {
	// Name is the end of file names, such as csv.
	Name  string
	Write func(io.Writer, func(yield func(store.Hit, error) bool)) error
}

// Options describe an export. All fields but Progress are required.
type Options struct {
	To     Place
	Format Format
	// Query selects the articles. Its period is extended to whole days.
	Query store.Query
	// Report is called for each day, the newest first, and for each file that was removed.
	Report func(Change) error
	// Progress is called for each article.
	Progress func()
}

// Change is what a run did with the file of a day.
type Change struct {
	Day
	// Change is written, unchanged or removed.
	Change string `json:"change"`
}

// The values of Change.Change.
const (
	Written   = "written"
	Unchanged = "unchanged"
	Removed   = "removed"
)

const (
	partialSuffix = ".partial"
	lockFile      = ".lock"
	buffer        = 64 << 10
	oneDay        = 24 * time.Hour
)

// Run exports the articles. Days are those of the time that orders articles, in UTC.
func Run(ctx context.Context, from library.Searcher, o Options) (err error) {
	release, err := o.To.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	o.Query.Filter.From, o.Query.Filter.Before = wholeDays(o.Query.Filter.From, o.Query.Filter.Before)
	m, err := openManifest(ctx, o.To, o.Format.Name, identity(o.Query))
	if err != nil {
		return err
	}
	e := exporter{Options: o, from: from, manifest: m}
	return errors.Join(e.run(ctx), m.write(context.WithoutCancel(ctx)))
}

// wholeDays extends a period to whole days.
func wholeDays(from, before time.Time) (time.Time, time.Time) {
	from = from.UTC().Truncate(oneDay)
	if end := before.UTC().Truncate(oneDay); !end.Equal(before) {
		before = end.Add(oneDay)
	}
	return from, before
}

type exporter struct {
	Options
	from     library.Searcher
	manifest *manifest
}

func (e exporter) run(ctx context.Context) error {
	if err := e.checkStore(ctx); err != nil {
		return err
	}
	first, bound := e.Query.Filter.From, e.Query.Filter.Before
	for {
		day, found, err := e.newest(ctx, bound)
		if err != nil {
			return err
		}
		start := first
		if found {
			start = day.Add(oneDay)
		}
		if err := e.removeBetween(ctx, start, bound); err != nil || !found {
			return err
		}
		if err := e.export(ctx, day); err != nil {
			return fmt.Errorf("exporting %s: %w", day.Format(time.DateOnly), err)
		}
		bound = day
	}
}

// checkStore returns an error if the folder has files but the store has none of the articles, of
// whatever day. Otherwise a run with the wrong store would remove all files.
func (e exporter) checkStore(ctx context.Context) error {
	if len(e.manifest.Days) == 0 {
		return nil
	}
	anyDay := e
	anyDay.Query.Filter.From = time.Time{}
	_, found, err := anyDay.newest(ctx, time.Time{})
	if err == nil && !found {
		err = fmt.Errorf("no article matches, but %s has the files of %d days: check that this is the right store; "+
			"if all articles were erased, delete the files", e.To, len(e.manifest.Days))
	}
	return err
}

// newest returns the day of the newest article before a time. The zero time means no bound.
func (e exporter) newest(ctx context.Context, bound time.Time) (day time.Time, found bool, err error) {
	query := e.Query
	query.Filter.Before, query.Limit, query.WithoutSnippets = bound, 1, true
	page, err := e.from.Search(ctx, query)
	if err != nil || len(page.Hits) == 0 {
		return time.Time{}, false, err
	}
	at := page.Hits[0].Time
	if at.IsZero() {
		return at, false, errors.New("the server is of an older version that does not tell the day of an article: " +
			"update it, or export without --partition")
	}
	return at.UTC().Truncate(oneDay), true, nil
}

// export writes the file of a day, unless the file is the same as before.
func (e exporter) export(ctx context.Context, day time.Time) error {
	query := e.Query
	query.Filter.From, query.Filter.Before = day, day.Add(oneDay)
	name := day.Format(time.DateOnly) + "." + e.Format.Name
	scratch, entry, err := e.writeFile(ctx, name, query)
	entry.Day, entry.File = day.Format(time.DateOnly), name
	if err != nil {
		return errors.Join(err, removeLocal(scratch))
	}
	if entry.Rows == 0 { // they were erased meanwhile
		return errors.Join(removeLocal(scratch), e.removeBetween(ctx, day, day.Add(oneDay)))
	}
	if e.manifest.Days[entry.Day] == entry {
		size, err := e.To.size(ctx, name)
		if err == nil && size == entry.Bytes {
			return errors.Join(removeLocal(scratch), e.Report(Change{entry, Unchanged}))
		}
	}
	if err := e.To.store(ctx, scratch, name); err != nil {
		return errors.Join(err, removeLocal(scratch))
	}
	e.manifest.Days[entry.Day] = entry
	return errors.Join(e.manifest.writeSometimes(ctx), e.Report(Change{entry, Written}))
}

// writeFile writes the articles of a query to the scratch file for a name, and waits until the disk has it. It returns
// the path of the file, also with an error.
func (e exporter) writeFile(ctx context.Context, name string, query store.Query) (path string, entry Day, err error) {
	file, err := e.To.scratch(name)
	if err != nil {
		return "", entry, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	counted := &counter{w: file, sum: sha256.New()}
	out := bufio.NewWriterSize(counted, buffer)
	err = e.Format.Write(out, func(yield func(store.Hit, error) bool) {
		for hit, err := range library.Walk(ctx, e.from, query) {
			if err == nil {
				entry.Rows++
				e.Progress()
			}
			if !yield(hit, err) {
				return
			}
		}
	})
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	entry.Bytes, entry.SHA256 = counted.bytes, hex.EncodeToString(counted.sum.Sum(nil))
	return file.Name(), entry, err
}

// removeBetween removes the files of days that have no articles any more, in [from, before).
// A zero time means no bound.
func (e exporter) removeBetween(ctx context.Context, from, before time.Time) error {
	var errs []error
	for name, entry := range e.manifest.Days {
		day, err := time.Parse(time.DateOnly, name)
		if err != nil || day.Before(from) || !before.IsZero() && !day.Before(before) {
			continue
		}
		if err := e.To.remove(ctx, entry.File); err != nil {
			errs = append(errs, err)
			continue
		}
		delete(e.manifest.Days, name)
		errs = append(errs, e.manifest.writeSometimes(ctx), e.Report(Change{entry, Removed}))
	}
	return errors.Join(errs...)
}

// counter counts and hashes what is written.
type counter struct {
	w     io.Writer
	sum   hash.Hash
	bytes int64
}

func (c *counter) Write(data []byte) (int, error) {
	n, err := c.w.Write(data)
	c.sum.Write(data[:n])
	c.bytes += int64(n)
	return n, err
}

// identity describes which articles a query selects, apart from their period.
func identity(q store.Query) string {
	f := q.Filter
	parts := []string{fmt.Sprintf("text=%q", q.Text)}
	for _, one := range []struct {
		name   string
		values []string
	}{
		{"host", f.Hosts}, {"language", f.Languages}, {"section", f.Sections}, {"author", f.Authors}, {"tag", f.Tags},
		{"label", f.Labels},
	} {
		if len(one.values) > 0 {
			parts = append(parts, fmt.Sprintf("%s=%q", one.name, one.values))
		}
	}
	for _, access := range f.Access {
		parts = append(parts, "access="+store.AccessName(access))
	}
	return strings.Join(parts, " ")
}
