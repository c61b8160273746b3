// Package library is what people can do with what the pipeline has stored:
// read, compare, follow, hand on and erase articles, and see how it fares. The
// HTTP API and the web page both are faces of it.
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

	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// opTimeout bounds one operation on a stream.
	opTimeout = 10 * time.Second
	// maxRawBytes bounds a page that our own compression is taken off from.
	maxRawBytes = 64 << 20
)

// ErrGone says that something is no longer kept.
var ErrGone = errors.New("no longer kept")

// Store is the part of store.Store that a library needs. It cannot store
// articles or outcomes.
type Store interface {
	store.Reader
	store.Eraser
	store.Ledger
	store.Sources
	store.Monitor
}

// Library reads the store and the streams.
type Library struct {
	Store
	js jetstream.JetStream
}

// New returns the library of a store and of the streams that fill it.
func New(articles Store, js jetstream.JetStream) *Library { return &Library{articles, js} }

// Name brings what names an article into the form that the store knows: a URL
// into canonical form; an id stays as it is.
func Name(idOrURL string) string {
	if url, err := weburl.Parse(idOrURL); err == nil {
		return url.String()
	}
	return idOrURL
}

// Event is the message that tells of a revision.
func Event(event *datelinev1.RevisionEvent, language, host string) (*nats.Msg, error) {
	id := fmt.Sprintf("revision:%s:%d:%s", event.GetArticleId(), event.GetRevision(), subject.ChangeName(event.GetChange()))
	return ledger.Message(subject.Revisions(event.GetChange(), language, subjectHost(host)), id, event)
}

// subjectHost writes a host in the form that subjects have.
func subjectHost(host string) string {
	if url, err := weburl.Parse("https://" + host + "/"); err == nil {
		return url.SubjectHost()
	}
	return "unknown"
}

// Raw is a page as it was received.
type Raw struct {
	URL string
	// Body has the content encoding that the origin gave it.
	Body            []byte
	ContentEncoding string
	ContentType     string
	FetchTime       time.Time
}

// Raw returns the page that an article was made from. The error is ErrGone
// where its stream keeps it no longer.
func (l *Library) Raw(ctx context.Context, article *datelinev1.Article) (Raw, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	place := article.GetRawPage()
	if place.GetStream() == "" {
		return Raw{}, fmt.Errorf("the page of article %s: %w; its record names no place", article.GetId(), ErrGone)
	}
	stream, err := l.js.Stream(ctx, place.GetStream())
	if err != nil {
		return Raw{}, fmt.Errorf("opening stream %s: %w", place.GetStream(), err)
	}
	msg, err := stream.GetMsg(ctx, place.GetSequence())
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Raw{}, fmt.Errorf("the page of article %s: %w; stream %s has let go of message %d", article.GetId(), ErrGone, place.GetStream(), place.GetSequence())
	}
	if err != nil {
		return Raw{}, fmt.Errorf("reading the page of article %s: %w", article.GetId(), err)
	}
	page := &datelinev1.Page{}
	if err := proto.Unmarshal(msg.Data, page); err != nil {
		return Raw{}, fmt.Errorf("decoding the page of article %s: %w", article.GetId(), err)
	}
	raw := Raw{URL: page.GetFinalUrl(), ContentEncoding: page.GetContentEncoding(), FetchTime: page.GetFetchTime().AsTime()}
	for _, header := range page.GetHeaders() {
		if header.GetName() == "content-type" {
			raw.ContentType = header.GetValue()
		}
	}
	raw.Body, err = l.body(ctx, page)
	return raw, err
}

func (l *Library) body(ctx context.Context, page *datelinev1.Page) ([]byte, error) {
	body := page.GetBody()
	if object := page.GetBodyObject(); object != nil {
		bodies, err := l.js.ObjectStore(ctx, object.GetBucket())
		if err != nil {
			return nil, fmt.Errorf("opening the bucket %s: %w", object.GetBucket(), err)
		}
		body, err = bodies.GetBytes(ctx, object.GetName())
		if errors.Is(err, jetstream.ErrObjectNotFound) {
			return nil, fmt.Errorf("the body of page %s: %w", page.GetId(), ErrGone)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the body of page %s: %w", page.GetId(), err)
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
		return nil, fmt.Errorf("decompressing the body of page %s: %w", page.GetId(), err)
	}
	return body, nil
}

// Letters opens the dead letters.
func (l *Library) Letters(ctx context.Context) (deadletter.Letters, error) {
	return deadletter.Open(ctx, l.js)
}

// DeadLetters lists letters without their payloads, the oldest first: at most
// limit of those after a number.
func (l *Library) DeadLetters(ctx context.Context, filter deadletter.Filter, after uint64, limit int) ([]deadletter.Brief, error) {
	letters, err := l.Letters(ctx)
	if err != nil {
		return nil, err
	}
	briefs := []deadletter.Brief{}
	for letter, err := range letters.From(ctx, filter, after+1) {
		if err != nil {
			return nil, err
		}
		if briefs = append(briefs, letter.Brief()); len(briefs) == limit {
			break
		}
	}
	return briefs, nil
}
