package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/contenttype"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// capturePlace is the place of a run that has processed all articles, and goes on with the
// captures without an article.
type capturePlace struct {
	host int    // index of the selected host
	key  string // of the last URL of the host, or empty at the start
}

// placeCaptures is the start of the text of a capturePlace. A newline follows, which the
// places among the articles do not contain.
const placeCaptures = "captures"

func (p capturePlace) String() string {
	return placeCaptures + "\n" + strconv.Itoa(p.host) + "\n" + p.key
}

// parseCapturePlace parses a place, and reports whether it is a capturePlace.
func parseCapturePlace(text string) (p capturePlace, is bool) {
	start, rest, _ := strings.Cut(text, "\n")
	host, key, _ := strings.Cut(rest, "\n")
	p.host, _ = strconv.Atoi(host) // earlier versions stored only the start
	p.key = key
	return p, start == placeCaptures
}

// yieldRefused yields the last archived page of each URL that has no article, from a place
// on.
func (r *run) yieldRefused(ctx context.Context, from capturePlace, yield func(candidate, error) bool) {
	hosts := r.Selection.Query.Filter.Hosts
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	for ; from.host < len(hosts); from = (capturePlace{host: from.host + 1}) {
		filter := captures.Filter{
			Pages: true, Host: hosts[from.host], AfterKey: from.key, Since: r.Selection.Query.Filter.From,
		}
		if !r.yieldRefusedOf(ctx, filter, from.host, yield) {
			return
		}
	}
}

// maxSameKey is the maximum number of URLs with the same key that are kept in memory. If more
// URLs share a key, an earlier capture of a URL may be extracted before the last one.
const maxSameKey = 1000

// yieldRefusedOf yields the pages that match a filter, and reports whether to go on. Captures
// are sorted by key and time, and several URLs can share a key.
func (r *run) yieldRefusedOf(
	ctx context.Context, filter captures.Filter, host int, yield func(candidate, error) bool,
) bool {
	last := map[string]captures.Capture{} // of each URL with the current key
	key, examined := "", 0
	flush := func() bool {
		for _, url := range slices.Sorted(maps.Keys(last)) {
			c, err := r.withoutArticle(ctx, last[url])
			if errors.Is(err, errHasArticle) {
				continue
			}
			if !yield(c, err) || err != nil {
				return false
			}
		}
		examined += len(last)
		clear(last)
		return true
	}
	before := r.Selection.Query.Filter.Before
	for c, err := range captures.Of(r.Library).Sorted(ctx, filter) {
		if err != nil {
			yield(candidate{}, err)
			return false
		}
		if !isPage(c) || !before.IsZero() && !c.Time.Before(before) {
			continue
		}
		isNext := c.Key() != key
		if (isNext || len(last) == maxSameKey) && !flush() {
			return false
		}
		if isNext && examined >= searchPage {
			if examined = 0; !yield(candidate{mark: &mark{capturePlace{host, key}.String()}}, nil) {
				return false
			}
		}
		key = c.Key()
		last[c.URL] = c
	}
	return flush()
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
