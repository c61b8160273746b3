package archiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/archiver/internal/folder"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// batch holds captures that are written to one file.
type batch struct {
	file     string
	size     int64 // of the file after them
	captures []captures.Capture
}

// handle writes a batch of pages. A page is durable in a file, and in the index, before its
// result is returned. Whatever fails leaves the file as it was before, or its records in
// a.unindexed, so that no page is written twice.
func (a *Archiver) handle(ctx context.Context, inputs []*stage.Input) []stage.Result {
	a.mu.Lock()
	defer a.mu.Unlock()
	results := make([]stage.Result, len(inputs))
	pages := make([]*datelinev1.Page, len(inputs)) // nil if the result is known
	for i, input := range inputs {
		pages[i], results[i] = decode(input)
	}
	urls := finalURLs(pages)
	err := a.flush(ctx)
	if err == nil {
		err = a.write(ctx, pages, results)
	}
	if err == nil {
		err = a.flush(ctx)
	}
	if err == nil {
		err = a.eraseLate(ctx, urls)
	}
	a.metrics.block(err != nil)
	a.full.Store(nil)
	if errors.Is(err, folder.ErrFull) {
		text := err.Error()
		a.full.Store(&text)
	}
	for i := range results {
		if err != nil && pages[i] != nil {
			results[i].Err = unavailable(err)
		}
	}
	return results
}

// unavailable marks an error of the folder or the store. The pages wait in both cases.
func unavailable(err error) error {
	if errors.Is(err, store.ErrDamaged) {
		return stage.Damaged(err)
	}
	return stage.Unavailable(err)
}

// decode returns the page of an input with the start of its result, or nil with the whole
// result if there is nothing to archive.
func decode(input *stage.Input) (*datelinev1.Page, stage.Result) {
	ended := &datelinev1.Outcome{InputId: input.MessageID()}
	page := &datelinev1.Page{}
	err := proto.Unmarshal(input.Data, page)
	if err == nil && page.GetId() == "" {
		err = errors.New("it has no id")
	}
	if err != nil {
		return nil, stage.Result{Outcome: ended, Err: stage.Permanent(outcome.Malformed, fmt.Errorf(
			"message on %s is not a Page: %w: publish dateline.v1.Page in binary form", input.Subject, err))}
	}
	ended.InputId, ended.Url, ended.Host = page.GetId(), page.GetRequestedUrl(), host(page.GetFinalUrl())
	ended.RequestId, ended.Labels = page.GetRequest().GetRequestId(), page.GetRequest().GetLabels()
	if len(page.GetExchange().GetResponseHead()) == 0 && !isFailed(page) {
		ended.Verdict, ended.Reason = datelinev1.Verdict_VERDICT_REJECTED, string(outcome.NoExchange)
		ended.Detail = "The page has no record of its request and response, so that no true record can be written."
		return nil, stage.Result{Outcome: ended}
	}
	ended.Verdict = datelinev1.Verdict_VERDICT_PRODUCED
	return page, stage.Result{Outcome: ended}
}

// isFailed reports whether a page is an attempt without a response.
func isFailed(page *datelinev1.Page) bool {
	return outcome.IsExchangeID(page.GetId()) && len(page.GetExchange().GetResponseHead()) == 0
}

func host(text string) string {
	url, err := weburl.Parse(text)
	if err != nil {
		return ""
	}
	return url.Host()
}

// write writes the pages that the index does not have, and completes their results. A page
// that cannot be read has its error in its result, and becomes nil.
func (a *Archiver) write(ctx context.Context, pages []*datelinev1.Page, results []stage.Result) error {
	known, err := a.known(ctx, pages)
	if err == nil {
		err = a.refuseErased(ctx, pages, results)
	}
	if err != nil {
		return err
	}
	name, err := a.folder.Begin()
	if err != nil {
		return err
	}
	next := &batch{file: name}
	for i, page := range pages {
		if page == nil || known[page.GetId()] {
			continue
		}
		body, err := a.bodies.Read(ctx, page)
		if err != nil {
			pages[i], results[i].Err = nil, err
			continue
		}
		revisit, err := a.writePage(ctx, page, body, next)
		if err != nil {
			return errors.Join(err, a.folder.Rollback())
		}
		known[page.GetId()] = true
		if revisit {
			results[i].Outcome.Reason = string(outcome.Revisit)
		}
	}
	if len(next.captures) == 0 {
		return nil
	}
	if next.size, err = a.folder.Sync(); err != nil {
		return errors.Join(err, a.folder.Rollback())
	}
	a.unindexed = next
	return nil
}

// refuseErased ends the pages of articles that were erased.
func (a *Archiver) refuseErased(ctx context.Context, pages []*datelinev1.Page, results []stage.Result) error {
	erased, err := a.erased.ErasedURLs(ctx, finalURLs(pages))
	if err != nil {
		return err
	}
	for i, page := range pages {
		if page != nil && erased[page.GetFinalUrl()] {
			ended := results[i].Outcome
			ended.Verdict, ended.Reason = datelinev1.Verdict_VERDICT_REJECTED, string(outcome.Erased)
			ended.Detail = "The article was erased and is not archived again."
			pages[i] = nil
		}
	}
	return nil
}

// finalURLs returns the URLs of the pages that are not nil.
func finalURLs(pages []*datelinev1.Page) (urls []string) {
	for _, page := range pages {
		if page != nil {
			urls = append(urls, page.GetFinalUrl())
		}
	}
	return urls
}

// eraseLate erases the captures of articles that were erased while their pages were being
// written. Whoever erases an article marks it first and looks for captures then. So either
// they have found the captures in the index, or the mark is seen here, after the captures
// were committed.
func (a *Archiver) eraseLate(ctx context.Context, urls []string) error {
	if len(urls) == 0 {
		return nil
	}
	erased, err := a.erased.ErasedURLs(ctx, urls)
	if err != nil {
		return err
	}
	for url := range erased {
		n, _, err := a.index.Erase(ctx, a.files, url, a.now())
		if err != nil {
			return fmt.Errorf("erasing what was archived after an erasure: %w", err)
		}
		if n > 0 {
			a.log.InfoContext(ctx, "captures of an article that was erased meanwhile are erased", "captures", n)
		}
	}
	return nil
}

// known returns the ids of the pages that the index has.
func (a *Archiver) known(ctx context.Context, pages []*datelinev1.Page) (map[string]bool, error) {
	var ids []string
	for _, page := range pages {
		if page != nil {
			ids = append(ids, page.GetId())
		}
	}
	return a.index.Has(ctx, ids)
}

// maxKept is the maximum size of the buffer that is kept between pages, in bytes.
const maxKept = 1 << 20

// writePage writes the records of a page, and adds its captures to a batch.
func (a *Archiver) writePage(
	ctx context.Context, page *datelinev1.Page, body []byte, to *batch,
) (revisit bool, err error) {
	digest := warcfile.Digest(body)
	original, err := a.original(ctx, page, digest, len(body))
	if err != nil {
		return false, err
	}
	unit := newUnit(page, body, digest, warcfile.ID(to.file), original)
	var size int64
	responses := unit.captures
	for i := range unit.records {
		record := &unit.records[i]
		a.members.Reset()
		if err := a.encoder.Append(&a.members, record); err != nil {
			return false, err
		}
		offset, err := a.folder.Append(a.members.Bytes())
		if err != nil {
			return false, err
		}
		length := int64(a.members.Len())
		size += length
		if !record.Captured {
			continue
		}
		capture := responses[0]
		capture.File, capture.Offset, capture.Length = to.file, offset, length
		to.captures, responses = append(to.captures, capture), responses[1:]
	}
	if a.members.Cap() > maxKept {
		a.members = bytes.Buffer{}
	}
	revisit = original != nil && page.GetStatus() != http.StatusNotModified
	a.metrics.wrote(len(unit.records), size, revisit)
	return revisit, nil
}

// original returns the capture that holds the same body of the same URL, or nil. For a response
// without a body because the page has not changed, it is the capture that holds the body of the
// last one.
func (a *Archiver) original(
	ctx context.Context, page *datelinev1.Page, digest string, size int,
) (*captures.Capture, error) {
	unchanged := page.GetStatus() == http.StatusNotModified
	if size == 0 && !unchanged {
		return nil, nil
	}
	last, err := a.index.Latest(ctx, page.GetFinalUrl())
	switch {
	case errors.Is(err, captures.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case last.Digest != digest && !unchanged:
		return nil, nil
	case last.IsRevisit():
		last.Time = last.OriginalTime
	}
	if !unchanged && !a.retention.isOriginal(&last, a.now()) {
		return nil, nil
	}
	return &last, nil
}

// flush adds the captures that are durable in a file to the index.
func (a *Archiver) flush(ctx context.Context) error {
	if a.unindexed == nil {
		return nil
	}
	if err := a.index.Add(ctx, a.unindexed.file, a.unindexed.size, a.unindexed.captures); err != nil {
		return err
	}
	a.noteLate(a.unindexed.captures)
	a.unindexed = nil
	return nil
}
