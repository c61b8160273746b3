// Package library reads, compares, follows, exports and erases the stored
// articles, and reports the state of the pipeline. The HTTP API and the web
// page are built on it.
package library

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/bucket"
	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

const (
	// opTimeout is the maximum duration of one stream operation.
	opTimeout = 10 * time.Second
	// maxRawBytes is the maximum size of a page after decompression.
	maxRawBytes = 64 << 20
)

// ErrGone means that an object has been removed, for example by the retention
// limits of a stream.
var ErrGone = errors.New("no longer kept")

// Store is the part of store.Store that a library needs. SQL is only for the tables of
// other packages.
type Store interface {
	store.Reader
	store.Eraser
	store.Ledger
	store.Sources
	store.Progress
	store.SavedSearches
	store.Monitor
	SQL() store.Database
}

// Library gives access to the store and the streams.
type Library struct {
	Store
	js jetstream.JetStream
	// archive are the files of the archive, or nil.
	archive *files.Files
	queues  queues
}

// New returns a library that uses a store and the streams that fill it.
func New(articles Store, js jetstream.JetStream) *Library { return &Library{Store: articles, js: js} }

// WithArchive returns a library that reads an archive. Nil means none.
func (l *Library) WithArchive(archive *files.Files) *Library {
	return &Library{Store: l.Store, js: l.js, archive: archive}
}

// Discovery returns the sites whose new articles the discoverer finds.
func (l *Library) Discovery() *sources.Sources { return sources.Of(l.Store) }

// Subscriptions returns the subscriptions to which the notifier delivers articles.
func (l *Library) Subscriptions() *subscriptions.Subscriptions { return subscriptions.Of(l.Store) }

// Access returns the tokens of the HTTP server and the audit log.
func (l *Library) Access() *access.Access { return access.Of(l.Store) }

// Name converts the name of an article to the form that the store uses: it
// canonicalizes a URL and leaves an id unchanged.
func Name(idOrURL string) string {
	if url, err := weburl.Parse(idOrURL); err == nil {
		return url.String()
	}
	return idOrURL
}

// RevisionMessage returns the message that announces a revision.
func RevisionMessage(event *datelinev1.RevisionEvent, language, host string) (*nats.Msg, error) {
	id := fmt.Sprintf("revision:%s:%d:%s", event.GetArticleId(), event.GetRevision(),
		subject.ChangeName(event.GetChange()))
	if run := event.GetArticle().GetReplay().GetRun(); run != "" {
		id += ":" + run // which may be one of several that replace the record of the revision
	}
	return ledger.Message(subject.Revisions(event.GetChange(), language, subjectHost(host)), id, event)
}

// subjectHost returns a host in the form used in subjects.
func subjectHost(host string) string {
	if url, err := weburl.Parse("https://" + host + "/"); err == nil {
		return url.SubjectHost()
	}
	return "unknown"
}

// Raw is a page as received.
type Raw struct {
	URL string
	// Body is still encoded with ContentEncoding, as the origin sent it.
	Body            []byte
	ContentEncoding string
	ContentType     string
	FetchTime       time.Time
	// Headers are the response headers that a page keeps.
	Headers []*datelinev1.Header
}

// Raw returns the page that an article was extracted from. The error is ErrGone
// if neither its stream nor the archive has it.
func (l *Library) Raw(ctx context.Context, article *datelinev1.Article) (Raw, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	raw, err := l.OnStream(ctx, article)
	if errors.Is(err, ErrGone) {
		return l.rawInArchive(ctx, article)
	}
	return raw, err
}

// OnStream is like Raw, but reads only the stream of pages.
func (l *Library) OnStream(ctx context.Context, article *datelinev1.Article) (Raw, error) {
	ref := article.GetRawPage()
	if !isPageReference(ref) {
		return Raw{}, fmt.Errorf("reading page of article %s: %w; its record names no page in stream %s",
			article.GetId(), ErrGone, subject.StreamPages)
	}
	stream, err := l.js.Stream(ctx, subject.StreamPages)
	if err != nil {
		return Raw{}, fmt.Errorf("opening stream %s: %w", subject.StreamPages, err)
	}
	msg, err := stream.GetMsg(ctx, ref.GetSequence())
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Raw{}, fmt.Errorf("reading page of article %s: %w; stream %s has removed message %d",
			article.GetId(), ErrGone, ref.GetStream(), ref.GetSequence())
	}
	if err != nil {
		return Raw{}, fmt.Errorf("reading page of article %s: %w", article.GetId(), err)
	}
	page := &datelinev1.Page{}
	if err := proto.Unmarshal(msg.Data, page); err != nil {
		return Raw{}, fmt.Errorf("decoding page of article %s: %w", article.GetId(), err)
	}
	if page.GetFinalUrl() != article.GetFinalUrl() {
		return Raw{}, fmt.Errorf("reading page of article %s: %w; stream %s was declared again, and its message %d is "+
			"another page", article.GetId(), ErrGone, ref.GetStream(), ref.GetSequence())
	}
	raw := Raw{
		URL: page.GetFinalUrl(), ContentEncoding: page.GetContentEncoding(), FetchTime: page.GetFetchTime().AsTime(),
		Headers: page.GetHeaders(),
	}
	for _, header := range page.GetHeaders() {
		if header.GetName() == "content-type" {
			raw.ContentType = header.GetValue()
		}
	}
	raw.Body, err = l.body(ctx, page)
	return raw, err
}

// isPageReference reports whether a record refers to a message in the stream of pages.
// A forged record could name any other stream, to have its messages shown or erased.
func isPageReference(ref *datelinev1.RawPage) bool {
	return ref.GetStream() == subject.StreamPages && ref.GetSequence() > 0
}

// isBody reports whether a page refers to an object in the store of bodies. A forged
// page could name any other.
func isBody(object *datelinev1.ObjectReference) bool {
	return object.GetBucket() == subject.BucketBodies && object.GetName() != ""
}

func (l *Library) body(ctx context.Context, page *datelinev1.Page) ([]byte, error) {
	body := page.GetBody()
	if object := page.GetBodyObject(); object != nil {
		if !isBody(object) {
			return nil, fmt.Errorf("reading body of page %s: %w; it is not in bucket %s",
				page.GetId(), ErrGone, subject.BucketBodies)
		}
		var err error
		body, err = bucket.Object(ctx, l.js, subject.BucketBodies, object.GetName(), maxRawBytes)
		if errors.Is(err, jetstream.ErrObjectNotFound) {
			return nil, fmt.Errorf("reading body of page %s: %w", page.GetId(), ErrGone)
		}
		if err != nil {
			return nil, fmt.Errorf("reading body of page %s: %w", page.GetId(), err)
		}
	}
	if page.GetBodyCompression() != "zstd" {
		return body, nil
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxRawBytes))
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	if body, err = decoder.DecodeAll(body, nil); err != nil {
		return nil, fmt.Errorf("decompressing body of page %s: %w", page.GetId(), err)
	}
	return body, nil
}

// OpenDeadLetters opens the stream of dead letters.
func (l *Library) OpenDeadLetters(ctx context.Context) (deadletter.Stream, error) {
	return deadletter.Open(ctx, l.js)
}

// DeadLetters returns a page of at most limit dead letters without their payloads,
// oldest first, starting after the given number. If more may follow, next is the number
// after which the next page starts, otherwise 0.
func (l *Library) DeadLetters(ctx context.Context, filter deadletter.Filter, after uint64,
	limit int) (page []deadletter.Brief, next uint64, err error) {
	letters, err := l.OpenDeadLetters(ctx)
	if err != nil {
		return nil, 0, err
	}
	return letters.Page(ctx, filter, after, limit)
}
