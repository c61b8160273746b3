// Package pages stores pages on the streams, in the form that the extractor and the
// discoverer read.
package pages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// envelope is the room that a page's message needs besides its body, in bytes:
// headers, URLs, labels, exchanges.
const envelope = 512 << 10

// putTimeout is the maximum time for one attempt to store a body as an object.
const putTimeout = time.Minute

// Writer stores pages. Create it with NewWriter.
type Writer struct {
	nc     *nats.Conn
	bodies jetstream.ObjectStore
	writer *ledger.Writer
	zstd   *zstd.Encoder
	log    *slog.Logger
	// buffers is a pool of message buffers (*[]byte). Without the pool, they would
	// be the largest part of the memory that a page allocates.
	buffers sync.Pool
}

// maxPooled is the maximum size of a buffer that is kept for reuse, in bytes.
const maxPooled = 256 << 10

// NewWriter returns a writer that publishes through the writer of a stage.
func NewWriter(
	ctx context.Context, js jetstream.JetStream, writer *ledger.Writer, log *slog.Logger,
) (*Writer, error) {
	bodies, err := js.ObjectStore(ctx, subject.BucketBodies)
	if err != nil {
		return nil, fmt.Errorf("opening object store %s: %w", subject.BucketBodies, err)
	}
	// EncodeAll on one encoder is safe for concurrent use.
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("preparing zstd: %w", err)
	}
	return &Writer{nc: js.Conn(), bodies: bodies, writer: writer, zstd: encoder, log: log}, nil
}

// Write stores a page whose body is as received, in the stream for its purpose, and
// returns once the server has stored it. host is that of the final URL in the form of
// subjects. A body that is too large for a message is stored as an object first. The page
// has no body afterwards.
func (w *Writer) Write(ctx context.Context, page *datelinev1.Page, host string) error {
	to := subject.Pages(host)
	if purpose := page.GetRequest().GetPurpose(); subject.IsListing(purpose) {
		to = subject.Listings(purpose, host)
	}
	return w.write(ctx, page, to)
}

// WriteExchange is like Write, but stores an exchange that is not a page for the archiver. If
// there is no archiver, the server stores nothing.
func (w *Writer) WriteExchange(ctx context.Context, page *datelinev1.Page, host string) error {
	return w.write(ctx, page, subject.Exchanges(host))
}

func (w *Writer) write(ctx context.Context, page *datelinev1.Page, to string) error {
	if body := page.GetBody(); page.GetContentEncoding() == "" && len(body) > 0 {
		page.Body, page.BodyCompression = w.zstd.EncodeAll(body, make([]byte, 0, len(body)/3)), "zstd"
	}
	if int64(len(page.GetBody())) > w.nc.MaxPayload()-envelope {
		if err := w.moveBody(ctx, page); err != nil {
			return err
		}
	}
	return w.publish(ctx, page, to)
}

// publish publishes a page, and removes its body.
func (w *Writer) publish(ctx context.Context, page *datelinev1.Page, to string) error {
	buffer, ok := w.buffers.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
	}
	msg, err := ledger.MessageIn(*buffer, to, ledger.PageMessageID(page.GetId()), page)
	if err != nil {
		return err
	}
	page.Body = nil // it is part of the message now
	err = w.writer.Publish(ctx, msg)
	if *buffer = msg.Data; cap(*buffer) <= maxPooled {
		w.buffers.Put(buffer)
	}
	return err
}

// bodyBackoff is the delay between attempts to store a body.
var bodyBackoff = loop.Backoff{First: time.Second, Last: time.Minute}

// moveBody stores a body as an object. While the object store is full or
// unavailable it waits, because the page would otherwise have to be fetched again.
func (w *Writer) moveBody(ctx context.Context, page *datelinev1.Page) error {
	return loop.Retry(ctx, bodyBackoff, func(ctx context.Context) error {
		return w.putBody(ctx, page)
	}, func(err error) bool {
		if errors.Is(err, nats.ErrConnectionClosed) {
			return false
		}
		w.log.WarnContext(ctx, "storing page body failed, retrying", "url", page.GetFinalUrl(), "error", err)
		return true
	})
}

func (w *Writer) putBody(ctx context.Context, page *datelinev1.Page) error {
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	meta := jetstream.ObjectMeta{Name: page.GetId(), Description: page.GetFinalUrl()}
	info, err := w.bodies.Put(ctx, meta, bytes.NewReader(page.GetBody()))
	if err != nil {
		return fmt.Errorf("storing the body of %s: %w", page.GetFinalUrl(), err)
	}
	page.BodyObject = &datelinev1.ObjectReference{
		Bucket: subject.BucketBodies, Name: info.Name, Size: int64(info.Size),
	}
	page.Body = nil
	return nil
}
