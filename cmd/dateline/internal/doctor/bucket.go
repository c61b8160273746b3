package doctor

import (
	"context"
	"errors"

	"github.com/dateline-news/dateline/internal/objects"
)

// examineBucket checks the bucket of the archive by writing, reading and deleting a small
// object in it.
func examineBucket(ctx context.Context, t Target, r *report) {
	const check = "bucket"
	if t.Archive == nil || !t.Archive.InBucket() {
		return
	}
	client, at := t.Archive.Bucket()
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	keepsVersions, problems := client.Check(ctx, at)
	for _, err := range problems {
		if known, is := errors.AsType[*objects.Error](err); is {
			r.problem(check, known.Advice, "%v", known.Err)
			continue
		}
		r.problem(check, "check the bucket and the settings s3.…", "%v", err)
	}
	if len(problems) > 0 {
		return
	}
	text := "%s can be written, read, listed and deleted"
	if keepsVersions {
		text += ", also old versions"
	}
	r.ok(check, text, at)
}
