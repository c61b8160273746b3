package replay

import (
	"context"
	"fmt"
	"iter"

	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// searchPage is the number of articles that are read at once, after which a run can
// continue.
const searchPage = 100

// candidates yields the selected pages. It ends after an error.
func (r *run) candidates(ctx context.Context) iter.Seq2[candidate, error] {
	if len(r.Selection.Archives) > 0 {
		return r.inFiles(ctx)
	}
	return func(yield func(candidate, error) bool) {
		from := ""
		if r.Run != nil {
			from = r.Run.place
		}
		place, isCaptures := parseCapturePlace(from)
		if !isCaptures && !r.yieldArticles(ctx, from, yield) {
			return
		}
		if r.Selection.Refused && r.Archived {
			r.yieldRefused(ctx, place, yield)
		}
	}
}

// yieldArticles yields the pages of the selected articles after a place, newest first, and
// reports whether to go on.
func (r *run) yieldArticles(ctx context.Context, from string, yield func(candidate, error) bool) bool {
	if r.Selection.URL != "" {
		hit, err := r.Library.Article(ctx, library.Name(r.Selection.URL))
		if err != nil {
			err = fmt.Errorf("reading the article of %s: %w", r.Selection.URL, err)
		}
		return yield(r.candidateOf(hit), err)
	}
	query := r.Selection.Query
	query.Limit, query.WithoutSnippets, query.After = searchPage, true, from
	for {
		page, err := r.Library.Search(ctx, query)
		if err != nil {
			yield(candidate{}, err)
			return false
		}
		for _, hit := range page.Hits {
			if r.Selection.Version != "" && hit.Article.GetExtractorVersion() != r.Selection.Version {
				continue
			}
			if !yield(r.candidateOf(hit), nil) {
				return false
			}
		}
		query.After = page.Next
		if page.Next == "" {
			return yield(candidate{mark: &mark{capturePlace{}.String()}}, nil)
		}
		if !yield(candidate{mark: &mark{page.Next}}, nil) {
			return false
		}
	}
}

// candidateOf returns the page that the newest revision of an article was extracted from.
func (r *run) candidateOf(hit store.Hit) candidate {
	record := hit.Article
	c := candidate{
		before: record, id: hit.ID, url: record.GetCanonicalUrl(), pageID: library.PageID(record),
		pages: func(ctx context.Context) ([]extractor.StoredPage, error) { return r.pagesOf(ctx, record) },
	}
	if r.Run != nil && record.GetReplay().GetRun() == r.Run.ID {
		c.known = Replaced
	}
	return c
}
