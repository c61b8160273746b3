package doctor

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// examineCopies reports among which articles copies are looked for.
func examineCopies(ctx context.Context, _ jetstream.JetStream, s store.Store, r *report) error {
	window, limits, err := s.StoredCopies(ctx)
	if err == nil {
		r.judgeCopies(window, limits)
	}
	return err
}

func (r *report) judgeCopies(window store.CopiesWindow, limits store.CopyLimits) {
	const check = "copies"
	switch {
	case limits == store.CopyLimits{}:
		r.ok(check, "no articles were stored since the version that bounds the search for copies by time")
	case window.Articles >= limits.Articles && window.Length < limits.Window:
		r.problem(check, "raise indexer.copies-memory, 100 bytes per article, or lower indexer.copies-window",
			"memory is used up: an article is compared only with the %d articles of the last %.1f hours, instead of %.1f hours",
			limits.Articles, window.Length.Hours(), limits.Window.Hours())
	default:
		r.ok(check, "an article is compared with the %d articles of the last %.1f hours",
			window.Articles, min(window.Length, limits.Window).Hours())
	}
}
