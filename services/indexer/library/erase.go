package library

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Erased reports what was erased.
type Erased struct {
	ID           string   `json:"id" doc:"Id of the article."`
	URLs         []string `json:"urls" doc:"URLs that led to the article. Those on its site will not be stored again."`
	Revisions    int      `json:"revisions" doc:"Number of revisions removed from the store."`
	Pages        int      `json:"pages" doc:"Number of pages removed from the stream of pages and from the samples of drifting sites."`
	Records      int      `json:"records" doc:"Number of records removed from the streams of articles and revisions."`
	Captures     int      `json:"captures" doc:"Number of captures removed from the archive."`
	CapturesLeft int      `json:"captures_left,omitempty" doc:"Number of erased captures whose records the archiver still has to overwrite, because this process cannot write to the archive. It does so within seconds, or when it is started."`
	DeadLetters  int      `json:"dead_letters" doc:"Number of dead letters removed."`
	TrimmedIn    []string `json:"trimmed_in,omitempty" doc:"Streams that have dropped messages about the article before. A file of the stream may contain them until the stages have processed the 8 MiB that follow, and the stream drops those, too."`

	ownURLs []string // the URLs on the article's site
}

// Erase removes an article everywhere: its revisions and index entries, its
// pages and records on streams, the pages kept as samples of a site's drift,
// and the dead letters about it. A tombstone prevents it from being stored
// again. The tombstone and the ledger keep the URLs.
//
// The store is erased first. If a stream is unavailable afterwards, Erase
// returns an error, and erasing the article again, by its full id or a URL,
// removes the rest. The error is store.ErrNotFound if there never was such an
// article.
func (l *Library) Erase(ctx context.Context, idOrURL string) (Erased, error) {
	gone, err := l.Store.Erase(ctx, Name(idOrURL))
	if err != nil {
		return Erased{}, err
	}
	e := Erased{ID: gone.ID, URLs: gone.URLs, Revisions: gone.Revisions}
	slices.Sort(e.URLs)
	e.ownURLs = slices.DeleteFunc(slices.Clone(e.URLs), gone.IsForeign)
	if err := l.eraseStreams(ctx, &e, gone); err != nil {
		return e, fmt.Errorf("article %s was erased from the store, but not from all streams: erase %s again (%w)",
			gone.ID, gone.ID, err)
	}
	if err = l.eraseCaptures(ctx, &e); err != nil {
		return e, fmt.Errorf("article %s was erased from the store, but not from the archive: erase %s again (%w)",
			gone.ID, gone.ID, err)
	}
	for _, id := range append([]string{gone.ID}, earlierIDs(gone.URLs)...) {
		if err := l.announceErasure(ctx, id, gone.Host); err != nil {
			return e, fmt.Errorf("article %s was erased, but announcing it failed: erase %s again (%w)", gone.ID,
				gone.ID, err)
		}
	}
	return e, nil
}

// earlierIDs returns the names that are not URLs: the ids of articles that were joined with the erased one. Some
// know the article by such an id.
func earlierIDs(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return strings.Contains(name, "://") })
}

func (l *Library) announceErasure(ctx context.Context, id, host string) error {
	msg, err := RevisionMessage(&datelinev1.RevisionEvent{
		Change: datelinev1.RevisionChange_REVISION_CHANGE_ERASED, ArticleId: id, Time: timestamppb.Now(),
	}, "", host)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	_, err = l.js.PublishMsg(ctx, msg)
	return err
}

func (l *Library) eraseStreams(ctx context.Context, e *Erased, gone store.Erasure) error {
	if gone.Revisions > 0 { // otherwise the article was erased before
		l.dropTrimmed(ctx, e, gone.FirstExtracted)
	}
	for _, page := range gone.Pages {
		if err := l.erasePage(ctx, page, e); err != nil {
			return err
		}
	}
	for _, host := range hostsOf(e.URLs) {
		if err := l.eraseHost(ctx, host, e); err != nil {
			return err
		}
	}
	if err := l.eraseSamples(ctx, e); err != nil {
		return err
	}
	return l.eraseDeadLetters(ctx, e)
}

// dropTrimmed removes what may be left of messages about the article that the streams
// have trimmed.
func (l *Library) dropTrimmed(ctx context.Context, e *Erased, firstExtracted time.Time) {
	for _, name := range []string{subject.StreamPages, subject.StreamArticles} {
		stream, err := l.js.Stream(ctx, name)
		if err == nil && stream.CachedInfo().State.FirstTime.Before(firstExtracted) {
			continue // the stream still has the messages
		}
		dropped := false
		if err == nil {
			dropped, err = topology.DropTrimmed(ctx, l.js, name)
		}
		if err != nil || !dropped {
			e.TrimmedIn = append(e.TrimmedIn, name)
		}
	}
}

// eraseHost removes the article's messages under one host.
func (l *Library) eraseHost(ctx context.Context, host string, e *Erased) error {
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
		{subject.StreamArticles, subject.ArticlesHost(host), withoutError(e.isRecord), &e.Records},
		{subject.StreamRevisions, subject.RevisionsHost(host), withoutError(e.isEvent), &e.Records},
	} {
		removed, err := l.deleteMatching(ctx, search.stream, search.subject, search.matches)
		if *search.count += len(removed); err == nil && search.stream == subject.StreamArticles {
			err = l.commit(ctx, search.stream, removed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// commit records that removed messages are not to be stored.
func (l *Library) commit(ctx context.Context, name string, removed []uint64) error {
	if len(removed) == 0 {
		return nil
	}
	stream, err := l.js.Stream(ctx, name)
	if err != nil {
		return fmt.Errorf("opening stream %s: %w", name, err)
	}
	return l.ReplaceSpans(ctx, nil, store.SpansOf(name, topology.Created(stream.CachedInfo()), removed))
}

// eraseDeadLetters removes the dead letters about the article.
func (l *Library) eraseDeadLetters(ctx context.Context, e *Erased) error {
	deadLetters, err := l.OpenDeadLetters(ctx)
	if err != nil {
		return err
	}
	for one, err := range deadLetters.All(ctx, deadletter.Filter{}) {
		if err != nil {
			return err
		}
		if !e.hasURL(one.GetUrl()) && !e.isPage(one.GetData()) && !e.isRecord(one.GetData()) &&
			(!one.Unreadable || !e.containsURL(one.GetData())) {
			continue
		}
		if err := deadLetters.Drop(ctx, one); err != nil {
			return err
		}
		e.DeadLetters++
	}
	return nil
}

func (e *Erased) hasURL(urls ...string) bool {
	return slices.ContainsFunc(urls, func(url string) bool { return slices.Contains(e.URLs, url) })
}

// containsURL reports whether data that cannot be decoded contains one of the URLs.
func (e *Erased) containsURL(data []byte) bool {
	return slices.ContainsFunc(e.URLs, func(url string) bool { return bytes.Contains(data, []byte(url)) })
}

// hasOwnURL reports whether one of the URLs led to the article and is on its site.
// Another URL that led to it, such as a short link, may lead to another article by
// now.
func (e *Erased) hasOwnURL(urls ...string) bool {
	return slices.ContainsFunc(urls, func(url string) bool { return slices.Contains(e.ownURLs, url) })
}

func (e *Erased) isPage(data []byte) bool {
	page := &datelinev1.Page{}
	return proto.Unmarshal(data, page) == nil && e.hasOwnURL(page.GetFinalUrl(), page.GetRequestedUrl())
}

// isPageOf reports whether a page has a URL, after redirects.
func isPageOf(data []byte, url string) bool {
	page := &datelinev1.Page{}
	return proto.Unmarshal(data, page) == nil && page.GetFinalUrl() == url
}

func (e *Erased) isSample(data []byte) bool {
	sample := &datelinev1.DriftSample{}
	return proto.Unmarshal(data, sample) == nil && e.hasOwnURL(sample.GetUrl())
}

func (e *Erased) isRecord(data []byte) bool {
	record := &datelinev1.Article{}
	return proto.Unmarshal(data, record) == nil &&
		(record.GetId() == e.ID || e.hasOwnURL(record.GetCanonicalUrl(), record.GetFinalUrl()))
}

// isEvent reports whether data is an event with the article's text, also under the id of an article that was
// joined with it. The announcement of an earlier erasure stays: the stream would refuse its repetition as a duplicate.
func (e *Erased) isEvent(data []byte) bool {
	event := &datelinev1.RevisionEvent{}
	return proto.Unmarshal(data, event) == nil &&
		event.GetChange() != datelinev1.RevisionChange_REVISION_CHANGE_ERASED &&
		(event.GetArticleId() == e.ID || slices.Contains(earlierIDs(e.URLs), event.GetArticleId()))
}

// withoutError adapts a predicate that cannot fail to deleteMatching.
func withoutError(is func([]byte) bool) func([]byte) (bool, error) {
	return func(data []byte) (bool, error) { return is(data), nil }
}

// hostsOf returns the distinct hosts of URLs in the form used in subjects.
func hostsOf(urls []string) []string {
	var hosts []string
	for _, one := range urls {
		if url, err := weburl.Parse(one); err == nil && !slices.Contains(hosts, url.SubjectHost()) {
			hosts = append(hosts, url.SubjectHost())
		}
	}
	return hosts
}

// erasePage removes a page and its body. Only single operations are bounded, by the
// client's timeout: a large body has many chunks, which take longer on a busy server.
func (l *Library) erasePage(ctx context.Context, ref store.PageReference, e *Erased) error {
	if !isPageReference(ref.RawPage) {
		return nil
	}
	stream, err := l.js.Stream(ctx, subject.StreamPages)
	if err != nil {
		return fmt.Errorf("opening stream %s: %w", subject.StreamPages, err)
	}
	msg, err := stream.GetMsg(ctx, ref.GetSequence())
	if err == nil && !isPageOf(msg.Data, ref.URL) {
		return nil // the stream was declared again, and the number is that of another page
	}
	if err == nil {
		if err = l.eraseBody(ctx, msg.Data); err == nil {
			err = stream.SecureDeleteMsg(ctx, ref.GetSequence())
		}
	}
	switch {
	case err == nil:
		e.Pages++
	case !bus.IsGone(err):
		return fmt.Errorf("removing message %d of stream %s: %w", ref.GetSequence(), subject.StreamPages, err)
	}
	return nil
}

// eraseBody removes the body of a page that is in the object store because it
// is too large for a message.
func (l *Library) eraseBody(ctx context.Context, data []byte) error {
	page := &datelinev1.Page{}
	if proto.Unmarshal(data, page) != nil || !isBody(page.GetBodyObject()) {
		return nil //nolint:nilerr // an unreadable page names no body
	}
	object := page.GetBodyObject()
	bodies, err := l.js.ObjectStore(ctx, subject.BucketBodies)
	if err != nil {
		return fmt.Errorf("opening bucket %s: %w", subject.BucketBodies, err)
	}
	info, err := bodies.GetInfo(ctx, object.GetName())
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading body of page %s: %w", page.GetId(), err)
	}
	// Delete would only remove the chunks, so overwrite them first.
	if _, err := l.deleteMatching(ctx, subject.ObjectStream(subject.BucketBodies),
		subject.ObjectChunks(subject.BucketBodies, info.NUID),
		func([]byte) (bool, error) { return true, nil }); err != nil {
		return err
	}
	if err := bodies.Delete(ctx, object.GetName()); err != nil {
		return fmt.Errorf("removing body of page %s: %w", page.GetId(), err)
	}
	return nil
}

// deleteMatching removes the messages of a stream whose subject matches filter
// and whose data matches, and overwrites them on disk. It returns their sequence numbers.
func (l *Library) deleteMatching(ctx context.Context, name, filter string, matches func([]byte) (bool, error),
) (removed []uint64, err error) {
	stream, err := l.js.Stream(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("opening stream %s: %w", name, err)
	}
	last := stream.CachedInfo().State.LastSeq
	for sequence := uint64(1); sequence <= last; sequence++ {
		next, deleted, err := deleteIfMatching(ctx, stream, sequence, filter, matches)
		if deleted {
			removed = append(removed, next)
		}
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return removed, nil
		}
		if err != nil {
			return removed, fmt.Errorf("searching stream %s: %w", name, err)
		}
		sequence = next
	}
	return removed, nil
}

// deleteIfMatching examines the first message from a sequence number on whose
// subject matches filter. It returns that message's number.
func deleteIfMatching(ctx context.Context, stream jetstream.Stream, from uint64, filter string,
	matches func([]byte) (bool, error),
) (sequence uint64, deleted bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	msg, err := stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(filter))
	if err != nil {
		return 0, false, err
	}
	match, err := matches(msg.Data)
	if err != nil || !match {
		return msg.Sequence, false, err
	}
	err = stream.SecureDeleteMsg(ctx, msg.Sequence)
	if bus.IsGone(err) {
		return msg.Sequence, false, nil
	}
	return msg.Sequence, err == nil, err
}
