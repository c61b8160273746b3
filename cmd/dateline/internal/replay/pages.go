package replay

import (
	"context"
	"errors"
	"fmt"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/indexer/library"
)

// pagesOf returns the pages from which a record was extracted, the first page first. The
// error is library.ErrGone if one of them is not stored any more.
func (r *run) pagesOf(ctx context.Context, record *datelinev1.Article) ([]extractor.StoredPage, error) {
	urls := record.GetPageUrls()
	if len(urls) == 0 {
		urls = []string{record.GetRequestedUrl()}
	}
	pages := make([]extractor.StoredPage, len(urls))
	for i, requested := range urls {
		raw, err := r.readPage(ctx, record, requested, len(urls) == 1)
		if err != nil {
			return nil, err
		}
		pages[i] = pageOf(record, requested, raw)
		if i > 0 {
			pages[i].Request.Continuation = &datelinev1.Continuation{FirstUrl: pages[0].GetFinalUrl()}
		}
	}
	return pages, nil
}

// readPage reads a page of an article from the archive or, if it is the only page, from the
// stream.
func (r *run) readPage(
	ctx context.Context, record *datelinev1.Article, requested string, only bool,
) (raw library.Raw, err error) {
	err = library.ErrGone
	if url, invalid := weburl.Parse(requested); invalid == nil && r.Archived {
		raw, err = r.Library.Archived(ctx, outcome.FetchID(record.GetRequestId(), url))
	}
	if errors.Is(err, library.ErrGone) && only && r.JS != nil {
		raw, err = r.Library.OnStream(ctx, record)
	}
	if err != nil {
		return raw, fmt.Errorf("reading page %s: %w", requested, err)
	}
	return raw, nil
}

// pageOf returns a stored page with the request that it was fetched for, as far as the
// record of its article has kept it.
func pageOf(record *datelinev1.Article, requested string, raw library.Raw) extractor.StoredPage {
	page := &datelinev1.Page{
		RequestedUrl: requested, FinalUrl: raw.URL, ContentEncoding: raw.ContentEncoding, Headers: raw.Headers,
		FetchTime: record.GetFetchTime(),
		Request: &datelinev1.FetchRequest{
			Url: requested, RequestId: record.GetRequestId(), Labels: record.GetLabels(), Priority: record.GetPriority(),
			RequestTime: record.GetDueTime(), Origin: record.GetOrigin(), Listed: listedIn(record),
		},
	}
	return extractor.StoredPage{Page: page, Content: raw.Body}
}

// listedIn returns what the endpoint that listed an article stated about it. The record has
// only the statements that were used.
func listedIn(a *datelinev1.Article) *datelinev1.ListedItem {
	listed := &datelinev1.ListedItem{}
	for field, provenance := range a.GetProvenance() {
		switch provenance.GetSource() {
		case datelinev1.FieldSource_FIELD_SOURCE_FEED, datelinev1.FieldSource_FIELD_SOURCE_SITEMAP:
		default:
			continue
		}
		switch field {
		case "title":
			listed.Title = a.GetTitle()
		case "summary":
			listed.Summary = a.GetSummary()
		case "section":
			listed.Section = a.GetSection()
		case "language":
			listed.Language = a.GetLanguage()
		case "tags":
			listed.Keywords = a.GetTags()
		case "published":
			listed.PublishedTime = a.GetPublished().GetValue()
		case "modified":
			listed.ModifiedTime = a.GetModified().GetValue()
		case "authors":
			listed.Authors = authorNames(a)
		case "images":
			if len(a.GetImages()) > 0 {
				listed.ImageUrl = a.GetImages()[0].GetUrl()
			}
		}
	}
	return listed
}

func authorNames(a *datelinev1.Article) []string {
	names := make([]string, len(a.GetAuthors()))
	for i, author := range a.GetAuthors() {
		names[i] = author.GetName()
	}
	return names
}
