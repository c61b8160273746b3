package doctor

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// examineArchive reports the extent of the archive, and erased captures that are still in its
// files.
func examineArchive(ctx context.Context, _ jetstream.JetStream, s store.Store, r *report) error {
	const check = "archive"
	index := captures.Of(s)
	size, err := index.Size(ctx)
	if err != nil {
		return err
	}
	left, err := index.Erasing(ctx)
	switch {
	case err != nil:
		return err
	case left > 0:
		r.problem(check, "start the archiver, or look into its log",
			"the archive still has %s that were erased", plural(uint64(left), "record"))
	case size.Files == 0:
		r.skip(check, "nothing is archived")
	default:
		r.ok(check, "%s with %s", plural(uint64(size.Files), "file"), fmt.Sprintf("%.1f GB", float64(size.Bytes)/1e9))
	}
	return nil
}
