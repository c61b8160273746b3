package fetcher

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/httphead"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
)

// newPage returns the page that a response is.
func newPage(
	entry *datelinev1.FrontierEntry, requested, final weburl.URL, r *httpget.Response,
) *datelinev1.Page {
	return &datelinev1.Page{
		Id: outcome.FetchID(entry.GetRequest().GetRequestId(), requested), Request: entry.GetRequest(),
		RequestedUrl: requested.String(), FinalUrl: final.String(), Redirects: entry.GetRedirects(),
		Status: int32(r.Status), Headers: httphead.Fields(r.Header), Body: r.Body, ContentEncoding: r.ContentEncoding,
		Truncated: r.Truncated, Timings: timings(r.Timings), RemoteAddress: r.RemoteAddr.String(),
		FetchTime: timestamppb.New(r.FetchTime), Source: datelinev1.PageSource_PAGE_SOURCE_FETCH,
		Exchange: exchange(r),
	}
}

// timings converts the timings of a response; phases that did not happen are nil.
func timings(t httpget.Timings) *datelinev1.Timings {
	known := func(d time.Duration) *durationpb.Duration {
		if d == 0 {
			return nil
		}
		return durationpb.New(d)
	}
	return &datelinev1.Timings{
		Dns: known(t.DNS), Connect: known(t.Connect), Tls: known(t.TLS),
		FirstByte: known(t.FirstByte), Total: known(t.Total),
	}
}
