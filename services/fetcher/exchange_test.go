package fetcher

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
)

const (
	wholeBody    = datelinev1.BodyTruncation_BODY_TRUNCATION_UNSPECIFIED
	cutBody      = datelinev1.BodyTruncation_BODY_TRUNCATION_LENGTH
	disconnected = datelinev1.BodyTruncation_BODY_TRUNCATION_DISCONNECT
)

// answered returns a response with heads and a body of the given sizes or a little more.
func answered(request, response, body int) *httpget.Response {
	lines := func(first string, size int) []byte {
		const line = "X-Filler: 0123456789012345678901234567890123456789\r\n"
		return []byte(first + "\r\n" + strings.Repeat(line, size/len(line)) + "\r\n")
	}
	return &httpget.Response{
		Status: 302, Body: []byte(strings.Repeat("b", body)), FetchTime: time.Unix(1_700_000_000, 0),
		RemoteAddr: netip.MustParseAddrPort("192.0.2.1:443"),
		Capture: httpget.Capture{
			Request: lines("GET / HTTP/1.1", request), Response: lines("HTTP/1.1 302 Found", response),
			Protocol: "h2", TLSVersion: "1.3",
		},
	}
}

func TestRedirectIsBounded(t *testing.T) {
	from, err := weburl.ParseTarget("https://example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name                    string
		request, response, body int
		keepsRequest, cutsHead  bool
		truncation              datelinev1.BodyTruncation
	}{
		{"ordinary", 300, 500, 200, true, false, wholeBody},
		{"nothing", 0, 0, 0, true, false, wholeBody},
		{"long header", 300, 20_000, 200, true, true, wholeBody},
		{"long body", 300, 500, maxRedirectBody + 1, true, false, cutBody},
		{"body of the maximum size", 300, 500, maxRedirectBody, true, false, wholeBody},
		{"long request", 2 * maxRedirectHead, 500, 200, false, false, wholeBody},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := answered(test.request, test.response, test.body)
			got := redirect(from, r, 0)
			e := got.GetExchange()
			if got.GetUrl() != from.String() || got.GetStatus() != 302 || e.GetProtocol() != "h2" ||
				e.GetTlsVersion() != "1.3" || e.GetRemoteAddress() != "192.0.2.1:443" || e.GetTime() == nil {
				t.Errorf("redirect: %v", got)
			}
			head := string(e.GetResponseHead())
			if len(head) > maxRedirectHead || !strings.HasPrefix(head, "HTTP/1.1 302 Found\r\n") ||
				!strings.HasSuffix(head, "\r\n\r\n") || e.GetResponseHeadTruncated() != test.cutsHead {
				t.Errorf("response head of %d bytes, truncated %t", len(head), e.GetResponseHeadTruncated())
			}
			if keeps := len(e.GetRequestHead()) > 0; keeps != test.keepsRequest {
				t.Errorf("the request is kept: %t", keeps)
			}
			if len(e.GetBody()) != min(test.body, maxRedirectBody) || e.GetBodyTruncation() != test.truncation {
				t.Errorf("body of %d bytes, truncation %v", len(e.GetBody()), e.GetBodyTruncation())
			}
		})
	}
	if e := redirect(from, answered(300, 500, 200), maxRedirectExchanges).GetExchange(); e != nil {
		t.Errorf("redirect %d has an exchange: %v", maxRedirectExchanges+1, e)
	}
}

// TestRedirectOutlivesItsResponse releases the response, whose memory is then reused.
func TestRedirectOutlivesItsResponse(t *testing.T) {
	from, err := weburl.ParseTarget("https://example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	r := answered(0, 0, 100)
	body := r.Body
	got := redirect(from, r, 0)
	clear(body)
	if string(got.GetExchange().GetBody()) != strings.Repeat("b", 100) {
		t.Error("the redirect shares the memory of the response's body")
	}
}

func TestRedirectBodyHasNoPassword(t *testing.T) {
	from, err := weburl.ParseTarget("https://example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	const link = `<a href="https://user:secret@example.com/b">Found</a>`
	for _, test := range []struct {
		name, coding, body, want string
		truncation               datelinev1.BodyTruncation
	}{
		{"plain", "", link, strings.ReplaceAll(link, "user:secret", "xxxxxxxxxxx"), wholeBody},
		{"encoded", "gzip", link, "", cutBody},
		{
			"cut within the password", "", strings.Repeat(" ", maxRedirectBody-20) + link,
			strings.Repeat(" ", maxRedirectBody-20) + `<a href="https://xxx`, cutBody,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := answered(0, 0, 0)
			r.Body, r.ContentEncoding = []byte(test.body), test.coding
			e := redirect(from, r, 0).GetExchange()
			if string(e.GetBody()) != test.want || e.GetBodyTruncation() != test.truncation {
				t.Errorf("body ends with %q, truncation %v", e.GetBody()[max(0, len(e.GetBody())-60):], e.GetBodyTruncation())
			}
		})
	}
}

func TestExchangeNamesWhyTheBodyIsIncomplete(t *testing.T) {
	for _, test := range []struct {
		truncated, endedEarly bool
		want                  datelinev1.BodyTruncation
	}{
		{false, false, wholeBody},
		{true, false, cutBody},
		{true, true, disconnected},
	} {
		t.Run(fmt.Sprint(test.want), func(t *testing.T) {
			r := answered(0, 0, 10)
			r.Truncated, r.EndedEarly = test.truncated, test.endedEarly
			if got := exchange(r).GetBodyTruncation(); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
