package ingest

import (
	"context"
	"errors"
	"iter"

	"github.com/dateline-news/dateline/internal/warc"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// errStopped means that the caller wants no more pages.
var errStopped = errors.New("stopped")

// Pages yields the pages of archives without publishing them, one archive after another,
// and passes the summary of each to report. It leaves out what Run would reject. It goes on
// after an archive that cannot be read, which is in its summary, and ends after an error of
// report or of ctx. Of config, it uses Labels, MaxBytes, Now and Progress.
func Pages(
	ctx context.Context, config Config, archives []Archive, report func(Summary) error,
) iter.Seq2[*datelinev1.Page, error] {
	return func(yield func(*datelinev1.Page, error) bool) {
		r := newRun(config)
		for _, archive := range archives {
			summary, err := r.yieldPages(ctx, archive, yield)
			if errors.Is(err, errStopped) {
				return
			}
			if err = errors.Join(err, report(summary)); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// yieldPages yields the pages of an archive.
func (r *run) yieldPages(
	ctx context.Context, archive Archive, yield func(*datelinev1.Page, error) bool,
) (Summary, error) {
	summary := Summary{Archive: archive.Name}
	file, err := archive.Open(ctx)
	if err != nil {
		summary.Error = err.Error()
		return summary, nil
	}
	defer file.Close()
	records := warc.NewReader(file)
	defer records.Close()
	var read int64
	err = r.each(ctx, records, &summary, func(c *capture) error {
		r.Progress(records.Offset() - read)
		read = records.Offset()
		if c.rejection != "" {
			summary.reject(c.rejection)
			return nil
		}
		summary.Published++
		if !yield(c.page, nil) {
			return errStopped
		}
		return nil
	})
	return summary, err
}
