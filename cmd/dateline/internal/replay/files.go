package replay

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// inFiles yields the pages of web archives. Those of stored articles get the request of the
// stored record.
func (r *run) inFiles(ctx context.Context) iter.Seq2[candidate, error] {
	config := ingest.Config{MaxBytes: r.MaxBytes, Now: r.Now, Progress: r.Progress}
	return func(yield func(candidate, error) bool) {
		yielded := 0
		for page, err := range ingest.Pages(ctx, config, r.Selection.Archives, r.ReportFile) {
			if err != nil {
				yield(candidate{}, err)
				return
			}
			c, err := r.inFile(ctx, page)
			if errors.Is(err, errNotSelected) {
				continue
			}
			if !yield(c, err) || err != nil {
				return
			}
			if yielded++; yielded%searchPage == 0 && !yield(candidate{mark: &mark{}}, nil) {
				return
			}
		}
	}
}

// errNotSelected means that a page is not selected.
var errNotSelected = errors.New("not selected")

// inFile returns the candidate for a page of a web archive.
func (r *run) inFile(ctx context.Context, page *datelinev1.Page) (candidate, error) {
	url := page.GetFinalUrl()
	c := candidate{url: url, pageID: page.GetId(), pages: func(context.Context) ([]extractor.StoredPage, error) {
		return []extractor.StoredPage{{Page: page, Content: page.GetBody()}}, nil
	}}
	hit, err := r.Library.Article(ctx, library.Name(url))
	if errors.Is(err, store.ErrNotFound) {
		erased, err := r.Library.ErasedURLs(ctx, []string{url})
		if err == nil && (erased[url] || r.Selection.Version != "") {
			err = errNotSelected
		}
		return c, err
	}
	if err != nil {
		return c, fmt.Errorf("looking for the article of %s: %w", url, err)
	}
	if r.Selection.Version != "" && hit.Article.GetExtractorVersion() != r.Selection.Version {
		return c, errNotSelected
	}
	own := r.candidateOf(hit)
	switch {
	case !isSamePage(hit.Article, page):
		own.known = Superseded
	case len(hit.Article.GetPageUrls()) > 1:
		own.known = Gone // one page is not enough
	}
	own.pages = func(context.Context) ([]extractor.StoredPage, error) {
		return []extractor.StoredPage{pageOf(hit.Article, hit.Article.GetRequestedUrl(), library.Raw{
			URL: url, Body: page.GetBody(), ContentEncoding: page.GetContentEncoding(), Headers: page.GetHeaders(),
		})}, nil
	}
	return own, nil
}

// maxFetch is the maximum time between a request, whose time is in an archive, and the end
// of its response, whose time is in a record.
const maxFetch = time.Minute

// isSamePage reports whether a page of a web archive is the one that a record was extracted
// from.
func isSamePage(record *datelinev1.Article, page *datelinev1.Page) bool {
	took := record.GetFetchTime().AsTime().Sub(page.GetFetchTime().AsTime())
	return library.PageID(record) == page.GetId() || took >= 0 && took < maxFetch
}
