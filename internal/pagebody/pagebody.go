// Package pagebody reads the bodies of pages for the stages that need them.
package pagebody

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bucket"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// objectTimeout bounds reading a page's body from an object store.
const objectTimeout = time.Minute

// Reader reads bodies. It is safe for concurrent use.
type Reader struct {
	js       jetstream.JetStream
	zstd     *zstd.Decoder
	maxBytes int
}

// NewReader returns a Reader for bodies of at most maxBytes. It decompresses up to workers
// bodies at the same time.
func NewReader(js jetstream.JetStream, workers, maxBytes int) (*Reader, error) {
	decoder, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(workers), zstd.WithDecoderMaxMemory(uint64(maxBytes)))
	if err != nil {
		return nil, fmt.Errorf("creating zstd decoder: %w", err)
	}
	return &Reader{js: js, zstd: decoder, maxBytes: maxBytes}, nil
}

// Close releases the reader.
func (r *Reader) Close() { r.zstd.Close() }

// Read returns the page's body as the origin sent it. Its errors are those of a stage.
func (r *Reader) Read(ctx context.Context, page *datelinev1.Page) ([]byte, error) {
	body := page.GetBody()
	if ref := page.GetBodyObject(); ref != nil {
		var err error
		if body, err = r.readObject(ctx, ref); err != nil {
			return nil, err
		}
	}
	switch page.GetBodyCompression() {
	case "":
		return body, nil
	case "zstd":
		plain, err := r.zstd.DecodeAll(body, nil)
		if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
			return nil, r.tooLarge(fmt.Errorf("decompressing the page's body: %w", err))
		}
		if err != nil {
			return nil, stage.Permanent(outcome.Malformed, fmt.Errorf("decompressing the page's body: %w", err))
		}
		return plain, nil
	}
	return nil, stage.Permanent(outcome.Malformed, fmt.Errorf(
		"page body has unknown compression %q: upgrade this program", page.GetBodyCompression()))
}

func (r *Reader) tooLarge(err error) error {
	return stage.Permanent(outcome.TooLarge, fmt.Errorf(
		"%w; this stage reads at most %d bytes: lower fetcher.max-body-bytes, or raise extractor.max-decoded-bytes if the "+
			"stage is the extractor", err, r.maxBytes))
}

func (r *Reader) readObject(ctx context.Context, ref *datelinev1.ObjectReference) ([]byte, error) {
	if err := checkObject(ref); err != nil {
		return nil, stage.Permanent(outcome.Malformed, err)
	}
	ctx, cancel := context.WithTimeout(ctx, objectTimeout)
	defer cancel()
	data, err := bucket.Object(ctx, r.js, subject.BucketBodies, ref.GetName(), r.maxBytes)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil, stage.Permanent(outcome.BodyGone, fmt.Errorf(
			"page body %s is no longer in object store %s: fetch the page again", ref.GetName(), ref.GetBucket()))
	}
	if errors.Is(err, bucket.ErrTooLarge) {
		return nil, r.tooLarge(err)
	}
	if err != nil {
		return nil, stage.Transient(outcome.Body, fmt.Errorf("reading page body %s: %w", ref.GetName(), err))
	}
	return data, nil
}

// maxObjectName is the maximum length of an object's name in bytes. The fetcher names
// objects after pages.
const maxObjectName = 512

// checkObject returns an error if a page's body cannot be where the page says. Opening
// any other bucket fails each time, so the page would be retried forever.
func checkObject(ref *datelinev1.ObjectReference) error {
	switch name := ref.GetName(); {
	case ref.GetBucket() != subject.BucketBodies:
		return fmt.Errorf("the page's body is in the object store %q: put it into %s",
			ledger.Cut(ref.GetBucket()), subject.BucketBodies)
	case name == "" || len(name) > maxObjectName:
		return fmt.Errorf("the name of the page's body has %d bytes: use 1 to %d", len(name), maxObjectName)
	}
	return nil
}
