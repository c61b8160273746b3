package library

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Erased says what was removed from where.
type Erased struct {
	ID          string   `json:"id" doc:"The article's id."`
	URLs        []string `json:"urls" doc:"The URLs that led to it; none of them is stored again."`
	Revisions   int      `json:"revisions" doc:"Revisions removed from the store."`
	Pages       int      `json:"pages" doc:"Pages removed from the stream of pages and from the samples of sites that drift."`
	Records     int      `json:"records" doc:"Records removed from the streams of articles and revisions."`
	DeadLetters int      `json:"dead_letters" doc:"Dead letters removed."`
}

// Erase removes an article from everywhere: its revisions and words, the pages
// and records that the streams keep, pages kept as samples of a site's drift, and
// dead letters that are about it. A tombstone keeps it from coming back; it and
// the ledger keep the URLs. The store comes first: where a stream cannot be read
// afterwards, the error says so, and erasing the same again, by its whole id or a
// URL, removes the rest. The error is store.ErrNotFound where nothing was found.
func (l *Library) Erase(ctx context.Context, idOrURL string) (Erased, error) {
	gone, err := l.Store.Erase(ctx, Name(idOrURL))
	if err != nil {
		return Erased{}, err
	}
	e := Erased{ID: gone.ID, URLs: gone.URLs, Revisions: gone.Revisions}
	slices.Sort(e.URLs)
	if err := l.eraseStreams(ctx, &e, gone.Pages); err != nil {
		return e, fmt.Errorf("article %s is erased from the store, but not from all streams: erase %s again (%w)", gone.ID, gone.ID, err)
	}
	msg, err := Event(&datelinev1.RevisionEvent{
		Change: datelinev1.RevisionChange_REVISION_CHANGE_ERASED, ArticleId: gone.ID, Time: timestamppb.Now(),
	}, "", gone.Host)
	if err != nil {
		return e, err
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if _, err := l.js.PublishMsg(ctx, msg); err != nil {
		return e, fmt.Errorf("article %s is erased, but its readers could not be told: erase %s again (%w)", gone.ID, gone.ID, err)
	}
	return e, nil
}

func (l *Library) eraseStreams(ctx context.Context, e *Erased, places []*datelinev1.RawPage) error {
	for _, place := range places {
		if err := l.erasePage(ctx, place, e); err != nil {
			return err
		}
	}
	for _, host := range hostsOf(e.URLs) {
		for _, search := range []struct {
			stream, subject string
			matches         func([]byte) (bool, error)
			count           *int
		}{
			{subject.StreamPages, subject.Pages(host), func(data []byte) (bool, error) {
				if !e.isPage(data) {
					return false, nil
				}
				return true, l.eraseBody(ctx, data)
			}, &e.Pages},
			{subject.StreamArticles, subject.ArticlesHost(host), found(e.isRecord), &e.Records},
			{subject.StreamRevisions, subject.RevisionsHost(host), found(e.isEvent), &e.Records},
		} {
			n, err := l.deleteMatching(ctx, search.stream, search.subject, search.matches)
			if *search.count += n; err != nil {
				return err
			}
		}
		if err := l.eraseSamples(ctx, host, e); err != nil {
			return err
		}
	}
	letters, err := l.Letters(ctx)
	if err != nil {
		return err
	}
	for letter, err := range letters.All(ctx, deadletter.Filter{}) {
		if err != nil {
			return err
		}
		if !e.isOurs(letter.GetUrl()) && !e.isPage(letter.GetData()) && !e.isRecord(letter.GetData()) {
			continue
		}
		if err := letters.Drop(ctx, letter); err != nil {
			return err
		}
		e.DeadLetters++
	}
	return nil
}

func (e *Erased) isOurs(urls ...string) bool {
	return slices.ContainsFunc(urls, func(url string) bool { return slices.Contains(e.URLs, url) })
}

func (e *Erased) isPage(data []byte) bool {
	page := &datelinev1.Page{}
	return proto.Unmarshal(data, page) == nil && e.isOurs(page.GetFinalUrl(), page.GetRequestedUrl())
}

func (e *Erased) isRecord(data []byte) bool {
	record := &datelinev1.Article{}
	return proto.Unmarshal(data, record) == nil && (record.GetId() == e.ID || e.isOurs(record.GetCanonicalUrl(), record.GetFinalUrl()))
}

func (e *Erased) isEvent(data []byte) bool {
	event := &datelinev1.RevisionEvent{}
	return proto.Unmarshal(data, event) == nil && event.GetArticleId() == e.ID
}

func found(is func([]byte) bool) func([]byte) (bool, error) {
	return func(data []byte) (bool, error) { return is(data), nil }
}

// hostsOf returns the hosts of URLs, in the form that subjects have.
func hostsOf(urls []string) []string {
	var hosts []string
	for _, one := range urls {
		if url, err := weburl.Parse(one); err == nil && !slices.Contains(hosts, url.SubjectHost()) {
			hosts = append(hosts, url.SubjectHost())
		}
	}
	return hosts
}

func (l *Library) erasePage(ctx context.Context, place *datelinev1.RawPage, e *Erased) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	stream, err := l.js.Stream(ctx, place.GetStream())
	if err != nil {
		return fmt.Errorf("opening stream %s: %w", place.GetStream(), err)
	}
	msg, err := stream.GetMsg(ctx, place.GetSequence())
	if err == nil {
		if err = l.eraseBody(ctx, msg.Data); err == nil {
			err = stream.SecureDeleteMsg(ctx, place.GetSequence())
		}
	}
	switch {
	case err == nil:
		e.Pages++
	case !isGone(err):
		return fmt.Errorf("removing message %d of stream %s: %w", place.GetSequence(), place.GetStream(), err)
	}
	return nil
}

// eraseSamples removes pages that are kept because a host's pages had changed.
func (l *Library) eraseSamples(ctx context.Context, host string, e *Erased) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	bucket, err := l.js.KeyValue(ctx, subject.BucketDrift)
	if err != nil {
		return fmt.Errorf("opening bucket %s: %w", subject.BucketDrift, err)
	}
	keys, err := bucket.ListKeysFiltered(ctx, subject.DriftSamplesHost(host))
	if err != nil {
		return fmt.Errorf("listing the samples of %s: %w", host, err)
	}
	defer func() { _ = keys.Stop() }()
	for key := range keys.Keys() {
		entry, err := bucket.Get(ctx, key)
		sample := &datelinev1.DriftSample{}
		if errors.Is(err, jetstream.ErrKeyNotFound) || err == nil && (proto.Unmarshal(entry.Value(), sample) != nil || !e.isOurs(sample.GetUrl())) {
			continue
		}
		if err == nil {
			err = bucket.Purge(ctx, key)
		}
		if err != nil {
			return fmt.Errorf("removing the sample %s: %w", key, err)
		}
		e.Pages++
	}
	return nil
}

// eraseBody removes the body of a page that lies in the object store because it
// exceeds a message.
func (l *Library) eraseBody(ctx context.Context, data []byte) error {
	page := &datelinev1.Page{}
	if err := proto.Unmarshal(data, page); err != nil || page.GetBodyObject() == nil {
		return nil // what cannot be read names no body
	}
	object := page.GetBodyObject()
	bodies, err := l.js.ObjectStore(ctx, object.GetBucket())
	if err != nil {
		return fmt.Errorf("opening the bucket %s: %w", object.GetBucket(), err)
	}
	info, err := bodies.GetInfo(ctx, object.GetName())
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading about the body of page %s: %w", page.GetId(), err)
	}
	// The bucket would only let go of the chunks: they are overwritten first.
	if _, err := l.deleteMatching(ctx, subject.ObjectStream(object.GetBucket()), subject.ObjectChunks(object.GetBucket(), info.NUID),
		func([]byte) (bool, error) { return true, nil }); err != nil {
		return err
	}
	if err := bodies.Delete(ctx, object.GetName()); err != nil {
		return fmt.Errorf("removing the body of page %s: %w", page.GetId(), err)
	}
	return nil
}

// isGone says whether a message was not there to be removed.
func isGone(err error) bool {
	return errors.Is(err, jetstream.ErrMsgNotFound) || errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) || strings.Contains(err.Error(), "no message found")
}

// deleteMatching removes the messages of a subject that match, and overwrites
// them on the disk.
func (l *Library) deleteMatching(ctx context.Context, name, subject string, matches func([]byte) (bool, error)) (int, error) {
	stream, err := l.js.Stream(ctx, name)
	if err != nil {
		return 0, fmt.Errorf("opening stream %s: %w", name, err)
	}
	last, removed := stream.CachedInfo().State.LastSeq, 0
	for sequence := uint64(1); sequence <= last; sequence++ {
		op, cancel := context.WithTimeout(ctx, opTimeout)
		msg, err := stream.GetMsg(op, sequence, jetstream.WithGetMsgSubject(subject))
		if err == nil {
			var is bool
			if is, err = matches(msg.Data); is && err == nil {
				if err = stream.SecureDeleteMsg(op, msg.Sequence); err == nil {
					removed++
				}
			}
		}
		cancel()
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return removed, nil
		}
		if err != nil {
			return removed, fmt.Errorf("searching stream %s: %w", name, err)
		}
		sequence = msg.Sequence
	}
	return removed, nil
}
