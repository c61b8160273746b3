package fetcher

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/frontier"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
)

func parseURL(t *testing.T, text string) weburl.URL {
	t.Helper()
	url, err := weburl.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// wholeEntry returns an entry that has been redirected and has failed twice.
func wholeEntry() *datelinev1.FrontierEntry {
	return &datelinev1.FrontierEntry{
		Url: "https://final.example/b", Attempts: 2, AdmitTime: timestamppb.New(noon),
		Request: &datelinev1.FetchRequest{
			Url: "https://asked.example/a", RequestId: "request", Labels: map[string]string{"desk": "roads"},
		},
		Redirects: []*datelinev1.Redirect{{Url: "https://asked.example/a", Status: 301}},
		Failures:  []*datelinev1.FailedAttempt{{Reason: "dns"}, {Reason: "reset"}},
	}
}

// TestPageHasEveryFact converts a response to a page, and compares it as a whole.
func TestPageHasEveryFact(t *testing.T) {
	entry, asked, final := wholeEntry(), parseURL(t, "https://asked.example/a"), parseURL(t, "https://final.example/b")
	r := &httpget.Response{
		Status: 206, Header: http.Header{"Server": {"one"}, "Etag": {"two"}}, Body: []byte("body"), ContentEncoding: "br",
		Truncated: true, RemoteAddr: netip.MustParseAddrPort("192.0.2.1:443"), FetchTime: noon,
		Timings: httpget.Timings{DNS: 1, Connect: 2, TLS: 3, FirstByte: 4, Total: 5},
		Capture: httpget.Capture{
			Request: []byte("GET"), Response: []byte("200"), ResponseCut: true, Protocol: "h2", TLSVersion: "1.3",
		},
	}
	times := &datelinev1.Timings{
		Dns: durationpb.New(1), Connect: durationpb.New(2), Tls: durationpb.New(3), FirstByte: durationpb.New(4),
		Total: durationpb.New(5),
	}
	want := &datelinev1.Page{
		Id: outcome.FetchID("request", asked), Request: entry.GetRequest(), RequestedUrl: asked.String(),
		FinalUrl: final.String(), Redirects: entry.GetRedirects(), Status: 206,
		Headers: []*datelinev1.Header{{Name: "etag", Value: "two"}, {Name: "server", Value: "one"}},
		Body:    []byte("body"), ContentEncoding: "br", Truncated: true, Timings: times, RemoteAddress: "192.0.2.1:443",
		FetchTime: timestamppb.New(noon), Source: datelinev1.PageSource_PAGE_SOURCE_FETCH,
		Exchange: &datelinev1.Exchange{
			RequestHead: []byte("GET"), ResponseHead: []byte("200"), ResponseHeadTruncated: true, Protocol: "h2",
			TlsVersion: "1.3", Time: timestamppb.New(noon), RemoteAddress: "192.0.2.1:443", Timings: times,
			BodyTruncation: datelinev1.BodyTruncation_BODY_TRUNCATION_LENGTH,
		},
	}
	if got := newPage(entry, asked, final, r); !proto.Equal(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

// newVisit returns a visit to an entry at noon.
func newVisit(t *testing.T, entry *datelinev1.FrontierEntry) *visit {
	t.Helper()
	metrics := stage.NewMetrics(prometheus.NewRegistry(), datelinev1.Stage_STAGE_FETCH)
	return &visit{
		visitor: &visitor{
			config: verdictConfig(), metrics: metrics, log: slog.New(slog.DiscardHandler), now: func() time.Time { return noon },
		},
		entry: &frontier.Entry{FrontierEntry: entry},
		url:   parseURL(t, "https://final.example/b"), requested: parseURL(t, "https://asked.example/a"),
	}
}

// TestOutcomeHasEveryFact compares an outcome as a whole. It is about the requested URL, and the host is that of the
// last request.
func TestOutcomeHasEveryFact(t *testing.T) {
	got := newVisit(t, wholeEntry()).outcome(rejection, outcome.Forbidden, "cause")
	want := &datelinev1.Outcome{
		InputId:   outcome.FetchID("request", parseURL(t, "https://asked.example/a")),
		RequestId: "request", Verdict: rejection, Reason: "forbidden", Detail: "cause", Url: "https://asked.example/a",
		Host: "final.example", Attempt: 3, Labels: map[string]string{"desk": "roads"},
	}
	if !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestRetriedEntry puts an entry back for a later attempt. It keeps what it has, and the last of its failures.
func TestRetriedEntry(t *testing.T) {
	entry := wholeEntry()
	entry.Attempts = 1
	entry.Failures = nil
	for i := range maxFailures {
		entry.Failures = append(entry.Failures, &datelinev1.FailedAttempt{Reason: fmt.Sprint(i)})
	}
	before := proto.CloneOf(entry)
	const wait = 5 * time.Minute // longer than the usual delay
	detail := strings.Repeat("x", maxFailureDetail-1) + "é"
	made := verdict{action: actionRetry, reason: outcome.Timeout, detail: detail, wait: wait}
	got, err := newVisit(t, entry).retry(t.Context(), made, nil)
	if err != nil || got.Pause != wait || got.Again != nil {
		t.Fatalf("the decision is %+v (%v)", got, err)
	}
	want := proto.CloneOf(before)
	want.Attempts, want.NotBeforeTime = 2, timestamppb.New(noon.Add(wait))
	last := &datelinev1.FailedAttempt{
		Time: timestamppb.New(noon), Reason: "timeout", Detail: detail[:maxFailureDetail-1],
	}
	want.Failures = slices.Concat(want.GetFailures()[1:], []*datelinev1.FailedAttempt{last})
	if !proto.Equal(got.Requeue, want) {
		t.Errorf("got\n%v\nwant\n%v", got.Requeue, want)
	}
	if !proto.Equal(entry, before) {
		t.Errorf("the entry itself has changed: %v", entry)
	}
	made.wait = 0
	got, err = newVisit(t, entry).retry(t.Context(), made, nil)
	delay := got.Requeue.GetNotBeforeTime().AsTime().Sub(noon)
	if err != nil || delay < 40*time.Second || delay > 50*time.Second {
		t.Errorf("the second attempt after a delay of 10s is due in %s (%v), want 40s to 50s", delay, err)
	}
}

// TestCookiesAreBounded has a chain of redirects that sets more cookies than a client keeps, and larger ones than a
// server accepts.
func TestCookiesAreBounded(t *testing.T) {
	from := parseTarget(t, "https://example.com/a")
	var cookies []*datelinev1.SetCookie
	for i := range maxCookies + 3 {
		cookies = setCookies(cookies, from, []string{fmt.Sprintf("c%d=1; Path=/", i)})
	}
	header := cookieHeader(cookies, from)
	if got := strings.Count(header, "="); got != maxCookies || strings.Contains(header, "c2=") ||
		!strings.Contains(header, "c3=") || !strings.Contains(header, fmt.Sprintf("c%d=", maxCookies+2)) {
		t.Errorf("%d cookies are sent, want the last %d: %s", got, maxCookies, header)
	}
	for size, sent := range map[int]bool{maxCookieHeader: true, maxCookieHeader + 1: false} {
		large := setCookies(nil, from, []string{"c=" + strings.Repeat("x", size-len("c=")) + "; Path=/"})
		if got := cookieHeader(large, from) != ""; got != sent {
			t.Errorf("a header of %d bytes is sent: %t, want %t", size, got, sent)
		}
	}
}

// TestBodyOf checks how much is read for each purpose, and of which types.
func TestBodyOf(t *testing.T) {
	config := Config{MaxBodyBytes: 1, MaxFeedBytes: 2, MaxSitemapBytes: 3}
	for purpose, want := range map[datelinev1.Purpose]int64{
		datelinev1.Purpose_PURPOSE_UNSPECIFIED: 0, datelinev1.Purpose_PURPOSE_ARTICLE: 0, // the client's own limit
		datelinev1.Purpose_PURPOSE_LINKS: 0, datelinev1.Purpose_PURPOSE_FEED: 2,
		datelinev1.Purpose_PURPOSE_SITEMAP: 3, datelinev1.Purpose_PURPOSE_ROBOTS: 500 << 10,
	} {
		if anyType, bytes := bodyOf(purpose, config); bytes != want || anyType != (want > 0) {
			t.Errorf("%s: any type is %t, and at most %d bytes, want %d", purpose, anyType, bytes, want)
		}
	}
}
