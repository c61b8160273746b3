package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/httphead"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
)

// ArchiveConfig names the archive from which pages are read that their stream has dropped.
type ArchiveConfig struct {
	Dir   string `doc:"Folder of the archive, or s3://BUCKET/PREFIX. The indexer only reads it, to show pages that their stream has dropped. Empty means that it reads no archive."`
	Spool string `doc:"Folder with the files of an archive in a bucket that are not uploaded yet, if the indexer can read it. Without it, the indexer shows pages once their file is uploaded."`
}

// LastPage returns the requested URL of the page whose extraction gave a record.
func LastPage(record *datelinev1.Article) string {
	if pages := record.GetPageUrls(); len(pages) > 0 {
		return pages[len(pages)-1]
	}
	return record.GetRequestedUrl()
}

// PageID returns the id of the page whose extraction gave a record.
func PageID(record *datelinev1.Article) string {
	if url, err := weburl.Parse(LastPage(record)); err == nil {
		return outcome.FetchID(record.GetRequestId(), url)
	}
	return record.GetRequestId()
}

// ReplayID returns the id under which the ledger knows a record that was extracted again, or
// that restores the record from before that. It differs from the id of the page, which the
// outcomes of the fetched page have.
func ReplayID(record *datelinev1.Article) string {
	replay, kind := record.GetReplay(), "replay"
	if replay.GetUndo() {
		kind = "undo"
	}
	return kind + ":" + replay.GetRun() + ":" + PageID(record)
}

// rawInArchive returns the archived page that an article was extracted from. The error is
// ErrGone if the archive does not have it.
func (l *Library) rawInArchive(ctx context.Context, article *datelinev1.Article) (Raw, error) {
	raw, err := l.Archived(ctx, PageID(article))
	if err != nil {
		return Raw{}, fmt.Errorf("reading page of article %s: %w", article.GetId(), err)
	}
	return raw, nil
}

// Archived returns the page with an id from the archive. The error is ErrGone if the
// archive does not have it.
func (l *Library) Archived(ctx context.Context, pageID string) (Raw, error) {
	index := captures.Of(l.Store)
	page, err := index.Page(ctx, pageID)
	var response captures.Response
	if err == nil {
		// The last response of a page has its body.
		response, err = l.readCapture(ctx, page[len(page)-1])
	}
	if errors.Is(err, captures.ErrNotFound) {
		return Raw{}, fmt.Errorf("%w; neither the stream of pages nor the archive has it", ErrGone)
	}
	if err != nil {
		return Raw{}, err
	}
	return rawOf(response), nil
}

func rawOf(r captures.Response) Raw {
	return Raw{
		URL: r.URL, Body: r.Body, ContentEncoding: r.Header("Content-Encoding"), ContentType: r.Header("Content-Type"),
		FetchTime: r.Time, Headers: headersOf(r.Head),
	}
}

// headersOf returns the fields of the head of a response that a page keeps.
func headersOf(head []byte) []*datelinev1.Header {
	header := http.Header{}
	first := true
	for line := range strings.Lines(string(head)) {
		name, value, isField := strings.Cut(line, ":")
		if isField && !first { // the first line is the status
			header.Add(textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value))
		}
		first = false
	}
	return httphead.Fields(httphead.Keep(header))
}

// maxCaptures is the maximum number of captures of each URL of an article that are listed.
const maxCaptures = 1000

// Captures returns the archived captures of an article's URLs, newest first.
func (l *Library) Captures(ctx context.Context, article *datelinev1.Article) ([]captures.Capture, error) {
	urls := slices.Concat(article.GetPageUrls(), []string{
		article.GetRequestedUrl(), article.GetFinalUrl(), article.GetCanonicalUrl(),
	})
	index := captures.Of(l.Store)
	seen := map[string]bool{"": true}
	all := []captures.Capture{}
	for _, url := range urls {
		key := captures.Key(url)
		if seen[key] || url == "" {
			continue
		}
		seen[key] = true
		found, err := index.Recent(ctx, captures.Filter{URL: url, Pages: true}, maxCaptures)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b captures.Capture) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.PageID, b.PageID), cmp.Compare(b.Position, a.Position))
	})
	return all, nil
}

// eraseCaptures erases all captures of the article's URLs. It goes on after an error.
func (l *Library) eraseCaptures(ctx context.Context, e *Erased) (err error) {
	for _, url := range e.ownURLs {
		n, left, failed := captures.Of(l.Store).Erase(ctx, l.archive, url, time.Now())
		e.Captures += n
		e.CapturesLeft = left
		err = cmp.Or(err, failed)
	}
	return err
}

// RawCapture returns the archived page of a capture of an article's URLs at a time. The
// error is ErrGone if the archive does not have the capture.
func (l *Library) RawCapture(ctx context.Context, article *datelinev1.Article, at time.Time) (Raw, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	all, err := l.Captures(ctx, article)
	if err != nil {
		return Raw{}, err
	}
	i := slices.IndexFunc(all, func(c captures.Capture) bool { return c.Time.Equal(at) })
	if i < 0 {
		return Raw{}, fmt.Errorf("article %s has no capture at %s in the archive: %w", article.GetId(),
			at.Format(time.RFC3339Nano), ErrGone)
	}
	response, err := l.readCapture(ctx, all[i])
	if errors.Is(err, captures.ErrNotFound) {
		return Raw{}, fmt.Errorf("%w: %w", ErrGone, err)
	}
	return rawOf(response), err
}

// readCapture reads a capture from the archive. If this process cannot read the archive, the
// error is ErrGone and tells what to do.
func (l *Library) readCapture(ctx context.Context, c captures.Capture) (captures.Response, error) {
	if l.archive == nil {
		return captures.Response{}, fmt.Errorf("%w here: it is in file %s of the archive, which this process does not know; "+
			"name the folder or bucket of the archive with archiver.dir", ErrGone, c.File)
	}
	r, err := captures.Of(l.Store).Read(ctx, l.archive, c)
	if errors.Is(err, os.ErrNotExist) {
		return r, fmt.Errorf("%w here: the archive %s has no file %s; if the archiver runs elsewhere, share its "+
			"folder with this process, or wait until it has uploaded the file", ErrGone, l.archive, c.File)
	}
	return r, err
}
