package fetcher

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/httphead"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

// bodyOf returns which body is accepted for a purpose: whether it may have any type, and
// its maximum size in bytes. Servers give feeds and sitemaps many types, so that only
// their content can decide. 0 means Config.MaxBodyBytes.
func bodyOf(purpose datelinev1.Purpose, config Config) (anyType bool, maxBytes int64) {
	switch purpose {
	case datelinev1.Purpose_PURPOSE_FEED:
		return true, config.MaxFeedBytes
	case datelinev1.Purpose_PURPOSE_SITEMAP:
		return true, config.MaxSitemapBytes
	case datelinev1.Purpose_PURPOSE_ROBOTS:
		return true, robots.MaxSize
	}
	return false, 0
}

// mayRefresh reports whether a response for a purpose can be a page that leads to
// another one by its content. A feed or sitemap may quote such a page.
func mayRefresh(purpose datelinev1.Purpose) bool {
	return !subject.IsListing(purpose) || purpose == datelinev1.Purpose_PURPOSE_LINKS
}

func (v *visit) isListing() bool { return subject.IsListing(v.entry.GetRequest().GetPurpose()) }

// key returns the key of the requested URL's mark.
func (v *visit) key() string { return seen.Key(v.requested, v.entry.GetRequest().GetPurpose()) }

// failureIsRead reports whether the next stage reads the reason why there is no page: the
// discoverer for an endpoint, and the extractor for a page of an article that follows at
// least two others, which it then joins.
func (v *visit) failureIsRead() bool {
	return v.isListing() || len(v.entry.GetRequest().GetContinuation().GetPageSequences()) > 1
}

// reportFailure ends an entry with a page that has no body, and tells the next stage the
// reason. r is nil if there was no response.
func (v *visit) reportFailure(ctx context.Context, made verdict, r *httpget.Response) error {
	page := &datelinev1.Page{
		Id:      outcome.FetchID(v.entry.GetRequest().GetRequestId(), v.requested),
		Request: v.entry.GetRequest(), RequestedUrl: v.requested.String(), FinalUrl: v.url.String(),
		Redirects: v.entry.GetRedirects(), FetchTime: timestamppb.New(v.now()),
		Source:        datelinev1.PageSource_PAGE_SOURCE_FETCH,
		FailureReason: string(made.reason), FailureDetail: made.detail,
	}
	if r != nil {
		page.Status, page.Headers, page.FetchTime = int32(r.Status), httphead.Fields(r.Header), timestamppb.New(r.FetchTime)
	}
	if err := v.pages.Write(ctx, page, v.url.SubjectHost()); err != nil {
		return err
	}
	reason := outcome.PageMissing
	if v.isListing() {
		reason = outcome.Listing
	}
	ended := v.outcome(datelinev1.Verdict_VERDICT_PRODUCED, reason, made.detail)
	ended.OutputId = page.GetId()
	return v.store(ctx, ended, seen.Version{})
}
