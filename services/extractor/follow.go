package extractor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// requestTimeout bounds the publication of a request for the next page, and reading an
// earlier page.
const requestTimeout = 10 * time.Second

// fetchedPage is a fetched page with the article that was extracted from it.
type fetchedPage struct {
	*datelinev1.Page
	found *article.Article // nil if the page is missing or does not continue the article
	input *stage.Input     // nil for an earlier page
}

// record returns the record of the page alone.
func (p fetchedPage) record() *datelinev1.Article {
	record := toRecord(p.found, p.Page)
	record.RawPage = &datelinev1.RawPage{Stream: p.input.Stream, Sequence: p.input.Sequence}
	return record
}

// follow requests the second page of an article if it is to be followed. It returns a
// sentence about that for the outcome. The record of the first page does not depend on
// the request: after the last attempt, it is published without the other pages.
func (e *Extractor) follow(ctx context.Context, page fetchedPage) (detail string, err error) {
	if !e.follows(page) || page.found.NextPage == "" {
		return "", nil
	}
	err = e.requestNext(ctx, page, nil)
	switch {
	case err == nil:
		return fmt.Sprintf("page 1 of %d: requested the next one, %s", page.found.Pages, page.found.NextPage), nil
	case page.input.Attempt < e.config.MaxAttempts:
		return "", err
	}
	return fmt.Sprintf("page 1 of %d: requesting the next one failed: %v", page.found.Pages, err), nil
}

// follows reports whether the other pages of the article on a page are wanted.
func (e *Extractor) follows(page fetchedPage) bool {
	request := page.GetRequest()
	wanted := e.config.Follow
	if request.Follow != nil {
		wanted = request.GetFollow()
	}
	return wanted && page.found.Page == 1 && e.config.MaxPages > 1 && isLive(page.Page)
}

// isLive reports whether a page is as its site has it now. The next pages of a saved or
// archived one may be of another time.
func isLive(page *datelinev1.Page) bool {
	source := page.GetSource()
	return source != datelinev1.PageSource_PAGE_SOURCE_FILE && source != datelinev1.PageSource_PAGE_SOURCE_ARCHIVE
}

// requestNext requests the page after one, given the sequence numbers of those before it.
// The request has the same id. A repeated request for the same URL is a duplicate then.
func (e *Extractor) requestNext(ctx context.Context, page fetchedPage, before []uint64) error {
	request := page.GetRequest()
	msg, err := ledger.Message(subject.URLs, "next:"+page.GetId(), &datelinev1.FetchRequest{
		Url: page.found.NextPage, RequestId: request.GetRequestId(), Priority: request.GetPriority(),
		Labels: request.GetLabels(), RequestTime: request.GetRequestTime(), Force: true,
		Continuation: &datelinev1.Continuation{
			PageSequences: append(slices.Clone(before), page.input.Sequence),
			FirstUrl:      cmp.Or(request.GetContinuation().GetFirstUrl(), page.GetFinalUrl()),
		},
	})
	if err != nil {
		return stage.Permanent(outcome.Encoding, err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	// The stream may be full because the stages before this one wait for it, so this
	// stage must not wait for the stream.
	tracing.InjectLink(ctx, msg.Header)
	if _, err := e.js.PublishMsg(ctx, msg); err != nil {
		return stage.Transient(outcome.URLsFull, fmt.Errorf("requesting page %s: %w", page.found.NextPage, err))
	}
	return nil
}

// proceed handles a later page of an article. After the last page, or after the maximum
// number of pages, it returns the record of all pages. Otherwise it requests the next page
// and completes the outcome.
func (e *Extractor) proceed(
	ctx context.Context, page fetchedPage, ended *datelinev1.Outcome,
) (*datelinev1.Article, error) {
	before := page.GetRequest().GetContinuation().GetPageSequences()
	number := len(before) + 1
	reject := func(reason string) (*datelinev1.Article, error) {
		ended.Verdict, ended.Reason = datelinev1.Verdict_VERDICT_REJECTED, string(outcome.NotContinued)
		ended.Detail = fmt.Sprintf("page %d of an article: %s; the record stays without it", number, reason)
		return nil, nil
	}
	switch {
	case len(before) == 0 || number > e.config.MaxPages:
		return reject(fmt.Sprintf("the limit is %d pages", e.config.MaxPages))
	case host(page.GetFinalUrl()) != host(page.GetRequestedUrl()):
		return e.endBefore(ctx, page, ended, outcome.NotContinued, "its URL leads to another site, "+page.GetFinalUrl())
	case page.found.Page < 2:
		return e.endBefore(ctx, page, ended, outcome.NotContinued, fmt.Sprintf("%s is not a later page of %s",
			page.GetFinalUrl(), page.GetRequest().GetContinuation().GetFirstUrl()))
	}
	if page.found.NextPage != "" && number < e.config.MaxPages {
		if err := e.requestNext(ctx, page, before); err != nil {
			return nil, err
		}
		ended.Verdict, ended.Reason = datelinev1.Verdict_VERDICT_PRODUCED, string(outcome.Continued)
		ended.Detail = fmt.Sprintf("page %d of an article: requested the next one, %s", number, page.found.NextPage)
		return nil, nil
	}
	pages, err := e.readEarlier(ctx, page, before)
	if broken, ok := errors.AsType[chainError](err); ok {
		return reject(string(broken))
	}
	if err != nil {
		return nil, err
	}
	ended.Reason = string(outcome.Joined)
	ended.Detail = fmt.Sprintf("page %d of an article: joined %d pages of %s", number, number, pages[0].GetRequestedUrl())
	return joinedFrom(pages, before[0]), nil
}

// endBefore handles a page that has no article, or not the one that it was requested for.
// reason and why are for the outcome. If the page follows at least two pages of an article,
// endBefore returns the record of these, which is incomplete.
func (e *Extractor) endBefore(
	ctx context.Context, page fetchedPage, ended *datelinev1.Outcome, reason outcome.Reason, why string,
) (*datelinev1.Article, error) {
	ended.Verdict, ended.Reason, ended.Detail = datelinev1.Verdict_VERDICT_REJECTED, string(reason), why
	before := page.GetRequest().GetContinuation().GetPageSequences()
	if len(before) == 0 {
		return nil, nil
	}
	ended.Detail = fmt.Sprintf("page %d of an article: %s; the record stays without it", len(before)+1, why)
	if len(before) == 1 || len(before) >= e.config.MaxPages {
		return nil, nil
	}
	page.found = nil
	pages, err := e.readEarlier(ctx, page, before)
	if broken, ok := errors.AsType[chainError](err); ok {
		ended.Detail += ", and without the pages before it: " + string(broken)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ended.Reason = string(outcome.Joined)
	ended.Detail = fmt.Sprintf("page %d of an article: %s; joined the %d pages before it, of %s",
		len(before)+1, why, len(before), pages[0].GetRequestedUrl())
	return joinedFrom(pages, before[0]), nil
}

// joinedFrom returns the record of all pages. sequence is that of the first one.
func joinedFrom(pages []fetchedPage, sequence uint64) *datelinev1.Article {
	record := joined(pages)
	record.RawPage = &datelinev1.RawPage{Stream: subject.StreamPages, Sequence: sequence}
	return record
}

// joined returns the record of all pages, without the place of the first one.
func joined(pages []fetchedPage) *datelinev1.Article {
	first, rest := pages[0], make([]*article.Article, 0, len(pages)-1)
	for _, page := range pages[1:] {
		rest = append(rest, page.found)
	}
	record := toRecord(article.Join(first.found, rest...), first.Page)
	record.FirstPageHash = first.found.ContentHash
	for _, page := range pages {
		record.PageUrls = append(record.PageUrls, page.GetRequestedUrl())
	}
	return record
}

// chainError is why pages are not one article.
type chainError string

func (e chainError) Error() string { return string(e) }

// readEarlier reads the pages before the last one again, and returns all pages that were
// found. Anyone who may publish URLs can name any pages, so each page must be of the same
// request and link to the one after it.
func (e *Extractor) readEarlier(ctx context.Context, last fetchedPage, before []uint64) ([]fetchedPage, error) {
	stream, err := e.js.Stream(ctx, subject.StreamPages)
	if err != nil {
		return nil, stage.Unavailable(fmt.Errorf("opening stream %s: %w", subject.StreamPages, err))
	}
	pages := make([]fetchedPage, 0, len(before)+1)
	for i, sequence := range before {
		page, err := e.readAgain(ctx, stream, sequence)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(page.GetRequest().GetContinuation().GetPageSequences(), before[:i]) ||
			i == 0 && page.GetFinalUrl() != last.GetRequest().GetContinuation().GetFirstUrl() {
			return nil, chainError(fmt.Sprintf("page %d belongs to another article", i+1))
		}
		pages = append(pages, page)
	}
	for i := range pages {
		next := last
		if i+1 < len(pages) {
			next = pages[i+1]
		}
		if !leadsTo(pages[i], next) {
			return nil, chainError(fmt.Sprintf("page %d does not lead to page %d", i+1, i+2))
		}
	}
	if last.found != nil {
		pages = append(pages, last)
	}
	return pages, nil
}

// leadsTo reports whether a page links to another one as the next, which may be missing, and
// both are of the same request.
func leadsTo(page, next fetchedPage) bool {
	link, err := weburl.Parse(page.found.NextPage)
	return err == nil && link.String() == next.GetRequestedUrl() &&
		page.GetRequest().GetRequestId() == next.GetRequest().GetRequestId() && (next.found == nil ||
		page.found.Page < next.found.Page && host(page.GetFinalUrl()) == host(next.GetFinalUrl()))
}

// readAgain reads a page from the stream and extracts it.
func (e *Extractor) readAgain(ctx context.Context, stream jetstream.Stream, sequence uint64) (fetchedPage, error) {
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	msg, err := stream.GetMsg(limited, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return fetchedPage{}, chainError(fmt.Sprintf("an earlier page, message %d of stream %s, is no longer stored",
			sequence, subject.StreamPages))
	}
	if err != nil {
		return fetchedPage{}, stage.Unavailable(fmt.Errorf("reading page %d again: %w", sequence, err))
	}
	page := &datelinev1.Page{}
	if err := proto.Unmarshal(msg.Data, page); err != nil {
		return fetchedPage{}, chainError(fmt.Sprintf("message %d is not a page", sequence))
	}
	body, err := e.bodies.Read(ctx, page)
	if stage.IsPermanent(err) {
		return fetchedPage{}, chainError(err.Error())
	}
	if err != nil {
		return fetchedPage{}, err
	}
	found, err := e.extraction.extract(ctx, sourceOf(page, body))
	if article.ReasonOf(err) != "" {
		return fetchedPage{}, chainError(fmt.Sprintf("message %d has no article: %v", sequence, err))
	}
	if err := e.failure(ctx, err); err != nil {
		return fetchedPage{}, err
	}
	return fetchedPage{Page: page, found: found}, nil
}
