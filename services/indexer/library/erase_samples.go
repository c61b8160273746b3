package library

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/subject"
)

const (
	// fillerKey is a key of BucketDrift that is written and removed by eraseSamples.
	fillerKey = "filler"
	// fillerBytes times fillers exceeds the size of a file of the bucket's stream
	// (8 MiB, defaultLargeBlockSize in filestore.go of nats-server).
	fillerBytes = 512 << 10
	fillers     = 17
)

// eraseSamples removes the article's pages that were kept as samples when the pages of
// a host changed.
//
// The server does not let anyone overwrite a message of a bucket, and leaves removed
// and replaced ones on disk until nothing in their file is needed. So eraseSamples
// starts a new file and writes all other entries again, after which the server deletes
// the files before. The lifetime of the entries begins again.
func (l *Library) eraseSamples(ctx context.Context, e *Erased) error {
	bucket, err := l.js.KeyValue(ctx, subject.BucketDrift)
	if err != nil {
		return fmt.Errorf("opening bucket %s: %w", subject.BucketDrift, err)
	}
	stream, err := l.js.Stream(ctx, subject.KVStream(subject.BucketDrift))
	if err != nil {
		return fmt.Errorf("opening stream of bucket %s: %w", subject.BucketDrift, err)
	}
	last := stream.CachedInfo().State.LastSeq
	if last == 0 {
		return nil // the bucket has always been empty
	}
	filler := make([]byte, fillerBytes)
	for range fillers {
		if _, err := bucket.Put(ctx, fillerKey, filler); err != nil {
			return fmt.Errorf("starting a new file of bucket %s: %w", subject.BucketDrift, err)
		}
	}
	for sequence := uint64(1); sequence <= last; sequence++ {
		msg, err := stream.GetMsg(ctx, sequence, jetstream.WithGetMsgSubject(subject.KVKey(subject.BucketDrift, ">")))
		if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && msg.Sequence > last {
			break
		}
		if err == nil {
			sequence = msg.Sequence
			err = e.rewriteEntry(ctx, bucket, msg)
		}
		if err != nil {
			return fmt.Errorf("rewriting bucket %s: %w", subject.BucketDrift, err)
		}
	}
	if err := bucket.Purge(ctx, fillerKey); err != nil {
		return fmt.Errorf("removing filler from bucket %s: %w", subject.BucketDrift, err)
	}
	return nil
}

// rewriteEntry writes an entry again, or removes it if it is a sample of the article.
func (e *Erased) rewriteEntry(ctx context.Context, bucket jetstream.KeyValue, msg *jetstream.RawStreamMsg) error {
	key := strings.TrimPrefix(msg.Subject, subject.KVKey(subject.BucketDrift, ""))
	isSample := strings.HasPrefix(key, strings.TrimSuffix(subject.AllDriftSamples, ">")) && e.isSample(msg.Data)
	var err error
	if isSample || len(msg.Header) > 0 { // headers mark removed keys
		err = bucket.Purge(ctx, key, jetstream.LastRevision(msg.Sequence))
	} else {
		_, err = bucket.Update(ctx, key, msg.Data, msg.Sequence)
	}
	if err == nil && isSample {
		e.Pages++
	}
	if bus.IsConflict(err) {
		return nil // another process has just written the entry
	}
	return err
}
