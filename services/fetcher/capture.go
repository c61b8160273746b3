package fetcher

import (
	"context"
	"errors"
	"net/http"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
)

// maxErrorBody is the maximum size of the body of an exchange that has led to no page, in
// bytes.
const maxErrorBody = 64 << 10

// otherExchange returns the exchange of a request for the archiver, without the redirects
// before it. It returns nil if the exchange is part of a page, if there was none, or if it is
// not to be kept.
func (v *visit) otherExchange(made verdict, r *httpget.Response, err error) *datelinev1.Page {
	switch {
	case !v.config.CaptureExchanges, v.isListing() && !v.config.CaptureListings:
		return nil
	case err != nil:
		return v.failedExchange(v.target.String(), err)
	case made.action == actionFollow, made.action == actionStore && !v.isListing():
		return nil
	}
	page := v.exchangePage(v.target.String(), r)
	if made.action != actionStore {
		boundBody(page, r)
		page.FailureReason, page.FailureDetail = string(made.reason), made.detail
	}
	return page
}

// exchangePage returns an exchange in the form of a page.
func (v *visit) exchangePage(url string, r *httpget.Response) *datelinev1.Page {
	page := newPage(v.entry.FrontierEntry, v.requested, v.url, r)
	page.Id, page.FinalUrl, page.Redirects = v.exchangeID(url, r.FetchTime), url, nil
	return page
}

// exchangeID returns the id of an exchange. An exchange that is repeated after a crash is
// another one.
func (v *visit) exchangeID(url string, at time.Time) string {
	return outcome.ExchangeID(v.entry.GetRequest().GetRequestId(), url, at)
}

// failedExchange returns the record of a request without a usable response, or nil if no
// request was made.
func (v *visit) failedExchange(url string, err error) *datelinev1.Page {
	failure, ok := errors.AsType[*httpget.Error](err)
	if !ok {
		return nil
	}
	switch failure.Class {
	case httpget.Canceled, httpget.BadRequest, httpget.BlockedPort, httpget.BlockedAddress:
		return nil
	}
	at := v.now()
	return &datelinev1.Page{
		Id: v.exchangeID(url, at), Request: v.entry.GetRequest(), RequestedUrl: v.requested.String(), FinalUrl: url,
		FetchTime: timestamppb.New(at), Source: datelinev1.PageSource_PAGE_SOURCE_FETCH, Status: int32(failure.Status),
		FailureReason: string(failure.Class), FailureDetail: failure.Error(),
	}
}

// boundBody bounds the body of an exchange that is not a page. That of a redirect is masked as
// in a chain of redirects.
func boundBody(page *datelinev1.Page, r *httpget.Response) {
	body := r.Body
	switch {
	case r.Status == http.StatusNotModified:
		body = nil
	case r.Status/100 == 3:
		body = redirectBody(r)
	case len(body) > maxErrorBody:
		body = body[:maxErrorBody]
	}
	page.Body = body
	if len(body) < len(r.Body) && r.Status != http.StatusNotModified {
		page.Exchange.BodyTruncation = datelinev1.BodyTruncation_BODY_TRUNCATION_LENGTH
	}
}

// capture publishes the exchange of the visit. The redirects before it belong to it if the
// entry ends with it, and otherwise to the last exchange of a later visit.
func (v *visit) capture(ctx context.Context, made verdict) error {
	page := v.other
	if page == nil {
		return nil
	}
	v.other = nil
	if made.action == actionRetry {
		made = made.limit(v.entry.GetAttempts(), v.config)
	}
	if made.action != actionRetry {
		page.Redirects = v.entry.GetRedirects()
	}
	return v.pages.WriteExchange(ctx, page, v.url.SubjectHost())
}

// captureRobots publishes an exchange about robots.txt.
func (v *visit) captureRobots(ctx context.Context, url string, r *httpget.Response, err error) error {
	if !v.config.CaptureExchanges {
		return nil
	}
	var page *datelinev1.Page
	if err != nil {
		page = v.failedExchange(url, err)
	} else {
		page = v.exchangePage(url, r)
		if r.Status/100 != 2 {
			boundBody(page, r)
		}
	}
	if page == nil {
		return nil
	}
	target, err := weburl.Parse(url)
	if err != nil {
		return nil //nolint:nilerr // it was requested, so it can be parsed
	}
	page.RequestedUrl = url
	// The request for the page says nothing about the robots.txt of its site.
	page.Request = &datelinev1.FetchRequest{RequestId: v.entry.GetRequest().GetRequestId(), Url: url}
	return v.pages.WriteExchange(ctx, page, target.SubjectHost())
}

// unseen ignores exchanges.
func unseen(context.Context, string, *httpget.Response, error) error { return nil }
