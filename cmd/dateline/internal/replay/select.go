package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"mime"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/contenttype"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// searchPage is the number of articles that are read at once, after which a run can
// continue.
const searchPage = 100

// placeCaptures is the place of a run that has processed all articles, and goes on with the
// captures without an article.
const placeCaptures = "captures"

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
		if from != placeCaptures && !r.yieldArticles(ctx, from, yield) {
			return
		}
		if r.Selection.Refused && r.Archived {
			r.yieldRefused(ctx, yield)
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
		var last *candidate
		for _, hit := range page.Hits {
			if r.Selection.Version != "" && hit.Article.GetExtractorVersion() != r.Selection.Version {
				continue
			}
			if last != nil && !yield(*last, nil) {
				return false
			}
			one := r.candidateOf(hit)
			last = &one
		}
		if query.After = page.Next; last != nil {
			if last.next = page.Next; page.Next == "" {
				last.next = placeCaptures
			}
			if !yield(*last, nil) {
				return false
			}
		}
		if page.Next == "" {
			return true
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

// yieldRefused yields the last archived page of each URL that has no article.
func (r *run) yieldRefused(ctx context.Context, yield func(candidate, error) bool) {
	filter := captures.Filter{Since: r.Selection.Query.Filter.From}
	hosts := r.Selection.Query.Filter.Hosts
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	for _, filter.Host = range hosts {
		var last *captures.Capture
		flush := func() bool {
			if last == nil {
				return true
			}
			c, err := r.withoutArticle(ctx, *last)
			if errors.Is(err, errHasArticle) {
				return true
			}
			return yield(c, err)
		}
		for c, err := range captures.Of(r.Library).Sorted(ctx, filter) {
			if err != nil {
				yield(candidate{}, err)
				return
			}
			before := r.Selection.Query.Filter.Before
			if !isPage(c) || !before.IsZero() && !c.Time.Before(before) {
				continue
			}
			if last != nil && last.URL != c.URL && !flush() {
				return
			}
			last = &c
		}
		if !flush() {
			return
		}
	}
}

// isPage reports whether a capture can have an article.
func isPage(c captures.Capture) bool {
	const ok = 200
	declared, _, err := mime.ParseMediaType(c.Type)
	return c.Status == ok && (err != nil || contenttype.IsUnspecific(declared) || contenttype.IsHTML(declared))
}

// errHasArticle means that a URL has an article, or had one that was erased, or that its page
// was not refused.
var errHasArticle = errors.New("the URL has an article")

// withoutArticle returns the page of a capture whose URL has no article.
func (r *run) withoutArticle(ctx context.Context, c captures.Capture) (candidate, error) {
	_, err := r.Library.Article(ctx, c.URL)
	if err == nil {
		return candidate{}, errHasArticle
	}
	if !errors.Is(err, store.ErrNotFound) {
		return candidate{}, err
	}
	erased, err := r.Library.ErasedURLs(ctx, []string{c.URL})
	if err == nil && erased[c.URL] {
		err = errHasArticle
	}
	if err == nil {
		err = r.checkRefused(ctx, c.PageID)
	}
	if err != nil {
		return candidate{}, err
	}
	return candidate{url: c.URL, pageID: c.PageID, pages: func(ctx context.Context) ([]extractor.StoredPage, error) {
		return r.archivedPage(ctx, c)
	}}, nil
}

// checkRefused returns errHasArticle unless the extractor has refused a page. A page that was
// extracted, such as a later page of an article, is part of an article, and others still wait
// for the extractor.
func (r *run) checkRefused(ctx context.Context, pageID string) error {
	outcomes, err := r.Library.RequestOutcomes(ctx, []string{requestOf(pageID)})
	if err != nil {
		return fmt.Errorf("looking for the outcome of page %s: %w", pageID, err)
	}
	for _, o := range outcomes {
		if o.GetStage() == datelinev1.Stage_STAGE_EXTRACT && o.GetInputId() == pageID &&
			o.GetReason() != string(outcome.NotContinued) &&
			(o.GetVerdict() == datelinev1.Verdict_VERDICT_REJECTED || o.GetVerdict() == datelinev1.Verdict_VERDICT_DEAD) {
			return nil
		}
	}
	return errHasArticle
}

// archivedPage returns a page of the archive that has no record from which its request is
// known.
func (r *run) archivedPage(ctx context.Context, c captures.Capture) ([]extractor.StoredPage, error) {
	raw, err := r.Library.Archived(ctx, c.PageID)
	if err != nil {
		return nil, err
	}
	responses, err := captures.Of(r.Library).Page(ctx, c.PageID)
	if err != nil {
		return nil, err
	}
	requested := responses[0].URL // the redirects come first
	requestID := requestOf(c.PageID)
	var labels map[string]string
	if c.Labels != "" {
		if err := json.Unmarshal([]byte(c.Labels), &labels); err != nil {
			return nil, fmt.Errorf("decoding the labels of page %s: %w", c.PageID, err)
		}
	}
	if url, err := weburl.Parse(requested); err == nil {
		requested = url.String()
	}
	return []extractor.StoredPage{{Content: raw.Body, Page: &datelinev1.Page{
		RequestedUrl: requested, FinalUrl: raw.URL, ContentEncoding: raw.ContentEncoding, Headers: raw.Headers,
		FetchTime: timestamppb.New(raw.FetchTime),
		Request: &datelinev1.FetchRequest{
			Url: requested, RequestId: requestID, Labels: labels, Priority: datelinev1.Priority_PRIORITY_BACKFILL,
			RequestTime: timestamppb.New(raw.FetchTime),
		},
	}}}, nil
}

// requestOf returns the id of the request in the id of a page (outcome.FetchID).
func requestOf(pageID string) string {
	if at := strings.LastIndexByte(pageID, '.'); at >= 0 {
		return pageID[:at]
	}
	return pageID
}
