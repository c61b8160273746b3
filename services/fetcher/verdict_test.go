package fetcher

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
	"github.com/dateline-news/dateline/services/fetcher/internal/site"
)

const (
	rejection = datelinev1.Verdict_VERDICT_REJECTED
	unchanged = datelinev1.Verdict_VERDICT_UNCHANGED
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// verdictConfig returns a configuration with limits that the tests exceed.
func verdictConfig() Config {
	config := DefaultConfig()
	config.MaxAttempts, config.MaxRedirects = 3, 2
	config.RetryDelay, config.MaxRetryAfter, config.MaxWait = 10*time.Second, time.Minute, time.Hour
	return config
}

func parseTarget(t *testing.T, text string) weburl.Target {
	t.Helper()
	target, err := weburl.ParseTarget(text)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// expect compares two verdicts, except for detail, next and err.
func expect(t *testing.T, got, want verdict) {
	t.Helper()
	if detailed := got.detail != ""; detailed != (want.reason != "") {
		t.Errorf("the verdict has the reason %q and the detail %q", got.reason, got.detail)
	}
	got.detail, got.next, got.err = "", nil, nil
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestJudgeStatus(t *testing.T) {
	for status, want := range map[int]verdict{
		200: {action: actionStore, hostWorks: true},
		206: {action: actionStore, hostWorks: true},
		300: {action: actionEnd, outcome: rejection, reason: "bad_status", hostWorks: true}, // without Location
		304: {action: actionEnd, outcome: unchanged, reason: "not_modified", hostWorks: true},
		400: {action: actionEnd, outcome: rejection, reason: "bad_status", hostWorks: true},
		401: {action: actionEnd, outcome: rejection, reason: "forbidden", hostWorks: true},
		403: {action: actionEnd, outcome: rejection, reason: "forbidden", hostWorks: true},
		404: {action: actionEnd, outcome: rejection, reason: "not_found", hostWorks: true},
		408: {action: actionRetry, reason: "server_error", hostWorks: true, hostFails: true},
		410: {action: actionEnd, outcome: rejection, reason: "not_found", hostWorks: true},
		418: {action: actionEnd, outcome: rejection, reason: "bad_status", hostWorks: true},
		429: {action: actionRetry, reason: "too_many_requests", hostFails: true},
		451: {action: actionEnd, outcome: rejection, reason: "forbidden", hostWorks: true},
		500: {action: actionRetry, reason: "server_error", hostFails: true},
		503: {action: actionRetry, reason: "server_error", hostFails: true},
		599: {action: actionRetry, reason: "server_error", hostFails: true},
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			target := parseTarget(t, "https://example.com/a")
			req := pageRequest{target: target, now: noon, conditional: true}
			got := judge(req, &httpget.Response{Status: status}, nil, verdictConfig())
			expect(t, got, want)
			if got.detail != "" && !strings.Contains(got.detail, "example.com") {
				t.Errorf("the detail does not name the host: %s", got.detail)
			}
		})
	}
}

func TestNotModifiedWithoutACondition(t *testing.T) {
	req := pageRequest{target: parseTarget(t, "https://example.com/a"), now: noon}
	got := judge(req, &httpget.Response{Status: http.StatusNotModified}, nil, verdictConfig())
	expect(t, got, verdict{action: actionEnd, outcome: rejection, reason: "bad_status", hostWorks: true})
}

func TestJudgeRetryAfter(t *testing.T) {
	target := parseTarget(t, "https://example.com/a")
	for value, want := range map[string]time.Duration{
		"": 0, "30": 30 * time.Second, "Sun, 01 Mar 2026 12:00:10 GMT": 10 * time.Second,
		"3600": time.Minute, // no more than fetcher.max-retry-after
	} {
		for _, status := range []int{429, 503} {
			r := &httpget.Response{Status: status, Header: http.Header{"Retry-After": {value}}}
			if got := judge(pageRequest{target: target, now: noon}, r, nil, verdictConfig()); got.wait != want {
				t.Errorf("status %d with Retry-After %q waits for %s, want %s", status, value, got.wait, want)
			}
		}
	}
}

func TestJudgeFailure(t *testing.T) {
	want := map[httpget.Class]verdict{
		httpget.BadType:        {action: actionEnd, outcome: rejection, reason: "not_html"},
		httpget.BlockedAddress: {action: actionEnd, outcome: rejection, reason: "blocked_address"},
		httpget.BlockedPort:    {action: actionEnd, outcome: rejection, reason: "blocked_port"},
		httpget.Canceled:       {action: actionLeave},
		httpget.DNS:            {action: actionRetry, reason: "dns", hostFails: true},
		httpget.Connect:        {action: actionRetry, reason: "connect", hostFails: true},
		httpget.Timeout:        {action: actionRetry, reason: "timeout", hostFails: true},
		httpget.Reset:          {action: actionRetry, reason: "reset", hostFails: true},
		httpget.TLS:            {action: actionBury, reason: "tls"},
		httpget.HeaderTooLarge: {action: actionBury, reason: "header_too_large"},
		httpget.Protocol:       {action: actionBury, reason: "protocol"},
		httpget.BadRequest:     {action: actionBury, reason: "bad_request"},
	}
	for _, class := range httpget.Classes {
		t.Run(string(class), func(t *testing.T) {
			cause := &httpget.Error{Class: class, Host: "example.com"}
			got := judge(pageRequest{}, nil, cause, verdictConfig())
			if got.action == actionLeave && !errors.Is(got.err, cause) {
				t.Errorf("the cause is lost: %v", got.err)
			}
			expect(t, got, want[class])
		})
	}
	got := judge(pageRequest{}, nil, context.Canceled, verdictConfig())
	if got.action != actionLeave || !errors.Is(got.err, context.Canceled) {
		t.Errorf("a context that has ended: %+v", got)
	}
}

func TestJudgeRedirect(t *testing.T) {
	const from = "https://example.com/a"
	visited := []*datelinev1.Redirect{
		{Url: "https://example.com/0", Status: 302}, {Url: "https://example.com/1", Status: 302},
	}
	follow := verdict{action: actionFollow, hostWorks: true}
	followHere := verdict{action: actionFollow, sameHost: true, hostWorks: true}
	tooMany := verdict{action: actionEnd, outcome: rejection, reason: "too_many_redirects", hostWorks: true}
	for name, test := range map[string]struct {
		location string
		visited  []*datelinev1.Redirect
		cookies  []string
		want     verdict
	}{
		"on the same host":          {"https://example.com/b", nil, nil, followHere},
		"to another host":           {"https://other.example/b", nil, nil, follow},
		"to itself":                 {from, nil, nil, tooMany},
		"to itself with a cookie":   {from, nil, []string{"seen=1"}, followHere},
		"the last that is followed": {"https://example.com/b", visited[:1], nil, followHere},
		"one too many":              {"https://example.com/b", visited, nil, tooMany},
		"to no URL": {
			"mailto:editor@example.com", nil, nil,
			verdict{action: actionEnd, outcome: rejection, reason: "bad_redirect", hostWorks: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			entry := &datelinev1.FrontierEntry{Url: from, Redirects: test.visited}
			r := &httpget.Response{Status: 302, Location: test.location, SetCookies: test.cookies}
			got := judge(pageRequest{entry: entry, target: parseTarget(t, from), now: noon}, r, nil, verdictConfig())
			if next := got.next; test.want.action == actionFollow {
				last := next.GetRedirects()[len(test.visited)]
				if next.GetUrl() != test.location || last.GetUrl() != from || last.GetStatus() != 302 ||
					len(next.GetCookies()) != len(test.cookies) {
					t.Errorf("the next entry is %v", next)
				}
			}
			if entry.GetUrl() != from || len(entry.GetRedirects()) != len(test.visited) {
				t.Errorf("the entry has changed: %v", entry)
			}
			expect(t, got, test.want)
		})
	}
}

func TestCheckHost(t *testing.T) {
	config := verdictConfig()
	failures := config.BreakerFailures
	for name, test := range map[string]struct {
		known site.Site
		pause site.Pause
		want  verdict
	}{
		"unknown":    {want: verdict{action: actionFetch}},
		"has rested": {known: site.Site{Until: noon}, want: verdict{action: actionFetch}},
		"rests":      {known: site.Site{Until: noon.Add(time.Minute)}, want: verdict{action: actionWait, wait: time.Minute}},
		"rests for too long": {
			known: site.Site{Until: noon.Add(2 * time.Hour)}, want: verdict{action: actionBury, reason: "host_resting"},
		},
		"has begun to fail": {
			known: site.Site{Until: noon.Add(time.Minute), Failures: failures, FailingSince: noon.Add(-time.Minute)},
			want:  verdict{action: actionWait, wait: time.Minute},
		},
		"has failed for too long": {
			known: site.Site{Until: noon.Add(time.Minute), Failures: failures, FailingSince: noon.Add(-2 * time.Hour)},
			want:  verdict{action: actionBury, reason: "host_down"},
		},
		"is due for a probe": {
			known: site.Site{Until: noon, Failures: failures, FailingSince: noon.Add(-2 * time.Hour)},
			want:  verdict{action: actionFetch},
		},
		"asked for a rest": {
			pause: site.Pause{Until: noon.Add(time.Minute)}, want: verdict{action: actionWait, wait: time.Minute},
		},
		"asked for a long rest": {
			pause: site.Pause{Until: noon.Add(2 * time.Hour)}, want: verdict{action: actionBury, reason: "host_resting"},
		},
		"was requested before the takeover": {
			pause: site.Pause{First: noon.Add(2 * time.Hour)}, want: verdict{action: actionWait, wait: 2 * time.Hour},
		},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, checkHost(&test.known, test.pause, "example.com", noon, config), test.want)
		})
	}
}

func TestCheckRules(t *testing.T) {
	unavailable := robots.Judge(robots.Fetch{Status: 503, Time: noon}, nil)
	rules := robots.Judge(robots.Fetch{Status: 200, Time: noon, Body: []byte("User-agent: *\nDisallow: /private\n")}, nil)
	for name, test := range map[string]struct {
		verdict robots.Verdict
		path    string
		want    verdict
	}{
		"allowed":    {rules, "/a", verdict{action: actionFetch}},
		"disallowed": {rules, "/private/a", verdict{action: actionEnd, outcome: rejection, reason: "robots_denied"}},
		"unavailable": {
			unavailable, "/a",
			verdict{action: actionRetry, reason: "robots_unreachable", wait: unavailable.Expires.Sub(noon)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			known := &site.Site{Verdict: test.verdict, Rules: test.verdict.Rules()}
			expect(t, checkRules(known, parseTarget(t, "https://example.com"+test.path), noon, verdictConfig()), test.want)
		})
	}
}

func TestLimit(t *testing.T) {
	config := verdictConfig() // 3 attempts, an hour
	for name, test := range map[string]struct {
		attempts int32
		wait     time.Duration
		want     action
	}{
		"first attempt":                 {0, 0, actionRetry},
		"second attempt":                {1, time.Hour, actionRetry},
		"last attempt":                  {2, 0, actionBury},
		"a wait that exceeds the bound": {0, time.Hour + time.Second, actionBury},
	} {
		got := verdict{action: actionRetry, reason: "dns", detail: "the cause", wait: test.wait}.limit(test.attempts, config)
		if got.action != test.want || got.wait != test.wait || !strings.HasPrefix(got.detail, "the cause") {
			t.Errorf("%s: %+v", name, got)
		}
		if late := strings.Contains(got.detail, "fetcher.max-wait"); late != (test.wait > time.Hour) {
			t.Errorf("%s: the detail is %q", name, got.detail)
		}
	}
}

func TestBackoff(t *testing.T) {
	config := verdictConfig() // a retry delay of 10 s
	for _, test := range []struct {
		reason   outcome.Reason
		attempts int32
		want     time.Duration
	}{
		{"timeout", 0, 10 * time.Second}, {"timeout", 1, 40 * time.Second}, {"timeout", 2, 160 * time.Second},
		{"server_error", 0, 20 * time.Second}, {"connect", 0, 30 * time.Second}, {"dns", 0, time.Minute},
		{"too_many_requests", 1, 4 * time.Minute}, {"dns", 5, time.Hour}, {"timeout", 1000, time.Hour},
	} {
		if got := backoff(test.reason, test.attempts, config); got != test.want {
			t.Errorf("%s after %d attempts is retried after %s, want %s", test.reason, test.attempts, got, test.want)
		}
	}
}
