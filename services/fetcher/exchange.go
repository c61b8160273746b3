package fetcher

import (
	"bytes"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
)

// The bounds of what is kept of redirects. Frontier entries carry it to the next visit.
const (
	maxRedirectExchanges = 10
	maxRedirectHead      = 8 << 10 // bytes, of the request and of the response
	maxRedirectBody      = 4 << 10 // bytes
)

// exchange converts the exchange that led to a response, without the body.
func exchange(r *httpget.Response) *datelinev1.Exchange {
	out := &datelinev1.Exchange{
		RequestHead: r.Capture.Request, ResponseHead: r.Capture.Response, ResponseHeadTruncated: r.Capture.ResponseCut,
		Protocol: r.Capture.Protocol, TlsVersion: r.Capture.TLSVersion,
		Time: timestamppb.New(r.FetchTime), RemoteAddress: r.RemoteAddr.String(), Timings: timings(r.Timings),
	}
	switch {
	case r.EndedEarly:
		out.BodyTruncation = datelinev1.BodyTruncation_BODY_TRUNCATION_DISCONNECT
	case r.Truncated:
		out.BodyTruncation = datelinev1.BodyTruncation_BODY_TRUNCATION_LENGTH
	}
	return out
}

// redirect returns the record of a redirect. before is the number of redirects before it.
func redirect(from weburl.Target, r *httpget.Response, before int) *datelinev1.Redirect {
	out := &datelinev1.Redirect{Url: from.String(), Status: int32(r.Status)}
	if before >= maxRedirectExchanges {
		return out
	}
	out.Exchange = exchange(r)
	if len(r.Capture.Request) > maxRedirectHead {
		out.Exchange.RequestHead = nil
	}
	var cut bool
	out.Exchange.ResponseHead, cut = httpget.CutHead(r.Capture.Response, maxRedirectHead)
	out.Exchange.ResponseHeadTruncated = out.Exchange.ResponseHeadTruncated || cut
	out.Exchange.Body = redirectBody(r)
	if len(out.Exchange.GetBody()) < len(r.Body) {
		out.Exchange.BodyTruncation = datelinev1.BodyTruncation_BODY_TRUNCATION_LENGTH
	}
	return out
}

// redirectBody returns what is kept of the body of a redirect. It usually repeats the
// Location, which may contain a password. A body with a content coding is left out,
// because passwords in it cannot be masked. The whole body is masked before it is cut, so
// that no part of a password remains.
func redirectBody(r *httpget.Response) []byte {
	if r.ContentEncoding != "" {
		return nil
	}
	masked := weburl.MaskUsers(r.Body)
	return bytes.Clone(masked[:min(len(masked), maxRedirectBody)])
}
