package extractor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

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

// body returns the page's body as the origin sent it.
func (e *Extractor) body(ctx context.Context, page *datelinev1.Page) ([]byte, error) {
	body := page.GetBody()
	if ref := page.GetBodyObject(); ref != nil {
		var err error
		if body, err = e.readObject(ctx, ref); err != nil {
			return nil, err
		}
	}
	switch page.GetBodyCompression() {
	case "":
		return body, nil
	case "zstd":
		plain, err := e.zstd.DecodeAll(body, nil)
		if err != nil {
			return nil, stage.Permanent(outcome.Malformed, fmt.Errorf("decompressing the page's body: %w", err))
		}
		return plain, nil
	}
	return nil, stage.Permanent(outcome.Malformed, fmt.Errorf(
		"page body has unknown compression %q: upgrade the extractor", page.GetBodyCompression()))
}

func (e *Extractor) readObject(ctx context.Context, ref *datelinev1.ObjectReference) ([]byte, error) {
	if err := checkObject(ref); err != nil {
		return nil, stage.Permanent(outcome.Malformed, err)
	}
	ctx, cancel := context.WithTimeout(ctx, objectTimeout)
	defer cancel()
	data, err := bucket.Object(ctx, e.js, subject.BucketBodies, ref.GetName(), e.config.MaxDecodedBytes)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil, stage.Permanent(outcome.BodyGone, fmt.Errorf(
			"page body %s is no longer in object store %s: fetch the page again", ref.GetName(), ref.GetBucket()))
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

// header returns the value of the page's first header with a name in lower case.
func header(page *datelinev1.Page, name string) string {
	var values []string
	for _, h := range page.GetHeaders() {
		if h.GetName() == name {
			values = append(values, h.GetValue())
		}
	}
	return strings.Join(values, ", ")
}
