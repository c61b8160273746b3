package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"time"

	"github.com/minio/minio-go/v7"
)

// Object is an object in a bucket.
type Object struct {
	Key  string
	Size int64
	ETag string
	// Digest is the digest that Put has kept with the object, or "".
	Digest string
}

// Stat returns an object, or os.ErrNotExist if the bucket does not have it.
func (c *Client) Stat(ctx context.Context, at Location) (Object, error) {
	var found Object
	err := c.attempt(ctx, callTimeout, lookingUp, at, func(ctx context.Context) error {
		info, err := c.core.StatObject(ctx, at.Bucket, at.Key, minio.StatObjectOptions{})
		found = Object{Key: at.Key, Size: info.Size, ETag: info.ETag, Digest: info.UserMetadata[digestField]}
		return err
	})
	return found, err
}

// List yields the objects whose keys begin with that of a location, in the order of the
// keys. It ends after an error.
func (c *Client) List(ctx context.Context, at Location) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		after := ""
		for {
			var page []Object
			err := c.attempt(ctx, callTimeout, listing, at, func(ctx context.Context) (err error) {
				page, err = c.listPage(ctx, at, after)
				return err
			})
			if err != nil {
				yield(Object{}, err)
				return
			}
			for _, object := range page {
				if !yield(object, nil) {
					return
				}
				after = object.Key
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

// pageSize is the number of objects in one call.
const pageSize = 1000

// listPage returns the objects after a key, at most pageSize.
func (c *Client) listPage(ctx context.Context, at Location, after string) (page []Object, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for info := range c.core.ListObjectsIter(ctx, at.Bucket, minio.ListObjectsOptions{
		Prefix: at.Key, Recursive: true, StartAfter: after, MaxKeys: pageSize,
	}) {
		if info.Err != nil {
			return nil, info.Err
		}
		if page = append(page, Object{Key: info.Key, Size: info.Size, ETag: info.ETag}); len(page) == pageSize {
			break
		}
	}
	return page, ctx.Err()
}

// Open reads an object from an offset on. A length below 0 means to its end. If the transfer
// breaks, it is continued at the same place.
func (c *Client) Open(ctx context.Context, at Location, offset, length int64) (io.ReadCloser, error) {
	r := &reader{client: c, ctx: ctx, at: at, next: offset, end: -1}
	if length >= 0 {
		r.end = offset + length
	}
	if err := c.attempt(ctx, callTimeout, reading, at, r.open); err != nil {
		return nil, err
	}
	return r, nil
}

// reader reads an object, in as many requests as it takes.
type reader struct {
	client    *Client
	ctx       context.Context //nolint:containedctx // that of the caller of Open
	at        Location
	next, end int64 // end is -1 until it is known
	etag      string
	body      io.ReadCloser // nil if no transfer is in progress
	cancel    context.CancelFunc
	failures  int // since the last byte
}

// open begins a transfer at the next byte. ctx bounds only the wait for its start.
func (r *reader) open(ctx context.Context) error {
	var options minio.GetObjectOptions
	if r.etag != "" {
		if err := options.SetMatchETag(r.etag); err != nil {
			return err
		}
	}
	if r.next > 0 || r.end >= 0 {
		last := int64(0) // to the end
		if r.end >= 0 {
			last = r.end - 1
		}
		if err := options.SetRange(r.next, last); err != nil {
			return err
		}
	}
	transfer, cancel := context.WithCancel(r.ctx)
	unwatch := context.AfterFunc(ctx, cancel)
	body, info, _, err := r.client.core.GetObject(transfer, r.at.Bucket, r.at.Key, options)
	unwatch()
	if err != nil {
		cancel()
		if responseOf(err).StatusCode == http.StatusPreconditionFailed {
			return errChanged
		}
		if code := responseOf(err).Code; code == minio.NoSuchKey {
			return fmt.Errorf("%s: %w", r.at, os.ErrNotExist)
		}
		return err
	}
	if r.etag == "" {
		r.etag = info.ETag
	}
	if r.end < 0 {
		r.end = r.next + info.Size
	}
	r.body, r.cancel = body, cancel
	return nil
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	for {
		if r.end >= 0 && r.next >= r.end {
			return 0, io.EOF
		}
		if r.body == nil {
			if err := r.client.attempt(r.ctx, callTimeout, reading, r.at, r.open); err != nil {
				return 0, err
			}
		}
		stalled := time.AfterFunc(stallTimeout, r.cancel)
		n, err := r.body.Read(p[:min(int64(len(p)), r.end-r.next)])
		stalled.Stop()
		if r.next += int64(n); n > 0 {
			r.failures = 0
		}
		if err != nil {
			r.stop()
			if r.failures++; r.failures >= attempts && r.next < r.end || r.ctx.Err() != nil {
				if errors.Is(err, io.EOF) {
					err = io.ErrUnexpectedEOF
				}
				return n, r.client.explain(err, reading, r.at)
			}
		}
		if n > 0 {
			return n, nil
		}
	}
}

func (r *reader) stop() {
	if r.body != nil {
		r.cancel()
		_ = r.body.Close() // what was read counts
		r.body = nil
	}
}

// Close implements io.Closer.
func (r *reader) Close() error {
	r.stop()
	return nil
}
