package fetcher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
)

// envelope is the room that a page's message needs besides its body, in bytes:
// headers, URLs, labels, exchanges.
const envelope = 512 << 10

// putTimeout is the maximum time for one attempt to store a body as an object.
const putTimeout = time.Minute

// pageWriter publishes pages.
type pageWriter struct {
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

func newPageWriter(ctx context.Context, env Env, writer *ledger.Writer) (*pageWriter, error) {
	bodies, err := env.JS.ObjectStore(ctx, subject.BucketBodies)
	if err != nil {
		return nil, fmt.Errorf("opening object store %s: %w", subject.BucketBodies, err)
	}
	// EncodeAll on one encoder is safe for concurrent use.
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("preparing zstd: %w", err)
	}
	return &pageWriter{nc: env.NC, bodies: bodies, writer: writer, zstd: encoder, log: env.Log}, nil
}

// write publishes a page and returns once the server has stored the message. A
// body that is too large for a message is stored as an object first. write
// releases the response's body.
func (w *pageWriter) write(
	ctx context.Context, entry *datelinev1.FrontierEntry, requested, final weburl.URL, r *httpget.Response,
) (*datelinev1.Page, error) {
	page := &datelinev1.Page{
		Id: outcome.FetchID(entry.GetRequest().GetRequestId(), requested), Request: entry.GetRequest(),
		RequestedUrl: requested.String(), FinalUrl: final.String(), Redirects: entry.GetRedirects(),
		Status: int32(r.Status), Headers: headers(r), Body: r.Body, ContentEncoding: r.ContentEncoding,
		Truncated: r.Truncated, Timings: timings(r.Timings), RemoteAddress: r.RemoteAddr.String(),
		FetchTime: timestamppb.New(r.FetchTime), Source: datelinev1.PageSource_PAGE_SOURCE_FETCH,
		Exchange: exchange(r),
	}
	if r.ContentEncoding == "" && len(r.Body) > 0 {
		page.Body, page.BodyCompression = w.zstd.EncodeAll(r.Body, make([]byte, 0, len(r.Body)/3)), "zstd"
	}
	if int64(len(page.GetBody())) > w.nc.MaxPayload()-envelope {
		if err := w.moveBody(ctx, page); err != nil {
			return nil, err
		}
	}
	err := w.publish(ctx, page, final)
	r.Release()
	return page, err
}

// publish publishes a page, and removes its body.
func (w *pageWriter) publish(ctx context.Context, page *datelinev1.Page, final weburl.URL) error {
	to := subject.Pages(final.SubjectHost())
	if purpose := page.GetRequest().GetPurpose(); subject.IsListing(purpose) {
		to = subject.Listings(purpose, final.SubjectHost())
	}
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
func (w *pageWriter) moveBody(ctx context.Context, page *datelinev1.Page) error {
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

func (w *pageWriter) putBody(ctx context.Context, page *datelinev1.Page) error {
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

// headers returns the headers of a response, sorted by name.
func headers(r *httpget.Response) []*datelinev1.Header {
	var out []*datelinev1.Header
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			valid := strings.ToValidUTF8(value, "\uFFFD")
			out = append(out, &datelinev1.Header{Name: strings.ToLower(name), Value: valid})
		}
	}
	return out
}

// timings converts the timings of a response; phases that did not happen are nil.
func timings(t httpget.Timings) *datelinev1.Timings {
	known := func(d time.Duration) *durationpb.Duration {
		if d == 0 {
			return nil
		}
		return durationpb.New(d)
	}
	return &datelinev1.Timings{
		Dns: known(t.DNS), Connect: known(t.Connect), Tls: known(t.TLS),
		FirstByte: known(t.FirstByte), Total: known(t.Total),
	}
}
