package site

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
)

// maxRobotsRedirects is the number of redirects of a robots.txt that are followed:
// RFC 9309, section 2.3.1.2 requires at least five.
const maxRobotsRedirects = 5

// maxRetryAfter bounds a Retry-After.
const maxRetryAfter = 365 * 24 * time.Hour

// ErrNotOurs reports that a request was not made because another replica may have
// taken the site over.
var ErrNotOurs = errors.New("another replica may have taken this site over")

// FetchRobots requests the robots.txt of a site and stores the verdict, whatever
// the site answers. If the site does not answer and no earlier rules are known,
// it returns an *httpget.Error and stores nothing. It calls mayDial before each
// request, and returns ErrNotOurs if that returns false. It passes each exchange to seen.
func (s *Sites) FetchRobots(ctx context.Context, url weburl.URL, mayDial func() bool, seen Seen) error {
	known, err := s.Get(ctx, url, time.Time{})
	if err != nil {
		return err
	}
	var previous *robots.Verdict
	if known.Verdict.Access != 0 {
		previous = &known.Verdict
	}
	fetch, failure, err := RequestRobots(ctx, s.client, url, s.now, mayDial, seen)
	if err != nil {
		return err
	}
	verdict := robots.Judge(fetch, previous)
	if failure != nil && verdict.Access == robots.DisallowAll {
		return failure
	}
	changed := *known
	changed.Rules, changed.Verdict = verdict.Rules(), verdict
	return s.save(ctx, url, &changed)
}

// Seen is called with each exchange: the URL, and the response or the reason why there is
// none. An error ends the requests.
type Seen func(ctx context.Context, url string, r *httpget.Response, err error) error

// RequestRobots requests the robots.txt of a URL's site and follows its redirects
// (RFC 9309, section 2.3.1.2). It returns the fetch for robots.Judge, and the
// failure if the site itself did not answer. It returns an error only if ctx has
// ended, if mayDial, which it calls before each request, returned false, or if seen has
// failed.
func RequestRobots(
	ctx context.Context, client *httpget.Client, url weburl.URL, now func() time.Time, mayDial func() bool,
	seen Seen,
) (fetch robots.Fetch, failure *httpget.Error, err error) {
	target := url.Origin() + "/robots.txt"
	for hop := range maxRobotsRedirects + 1 {
		if !mayDial() {
			return robots.Fetch{}, nil, ErrNotOurs
		}
		get := httpget.Request{URL: target, AnyType: true, MaxBodyBytes: robots.MaxSize + 1}
		response, err := client.Get(ctx, get)
		if ctx.Err() != nil {
			return robots.Fetch{}, nil, ctx.Err()
		}
		if err := seen(ctx, target, response, err); err != nil {
			return robots.Fetch{}, nil, err
		}
		if err != nil {
			if hop == 0 {
				failure, _ = errors.AsType[*httpget.Error](err)
			}
			return robots.Fetch{Time: now()}, failure, nil
		}
		if response.Status/100 != 3 {
			return decode(response, now()), nil, nil
		}
		if target = redirectTarget(response.Location); target == "" {
			return robots.Fetch{Status: response.Status, Time: now()}, nil, nil
		}
	}
	return robots.Fetch{Status: http.StatusFound, Time: now()}, nil, nil
}

// redirectTarget returns the URL to request for a Location, or "" if it is unusable.
func redirectTarget(location string) string {
	target, err := weburl.ParseTarget(location)
	if err != nil {
		return ""
	}
	return target.String()
}

// decode converts a response for robots.Judge. A response whose body cannot be
// decoded at all counts as no response.
func decode(response *httpget.Response, now time.Time) robots.Fetch {
	fetch := robots.Fetch{Status: response.Status, RetryAfter: RetryAfter(response.Header, now), Time: now}
	if response.Status/100 == 2 {
		body, err := httpget.DecodePrefix(response.ContentEncoding, response.Body, robots.MaxSize+1)
		if err != nil && len(body) == 0 {
			return robots.Fetch{Time: now}
		}
		fetch.Body = body
	}
	return fetch
}

// RetryAfter returns the value of the header Retry-After, which is a number of
// seconds or a date (RFC 9110, section 10.2.3). It returns 0 if there is no valid
// value.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) { // out of range, seconds is the nearest limit of int64
		return time.Duration(max(0, min(seconds, int64(maxRetryAfter/time.Second)))) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(0, min(date.Sub(now), maxRetryAfter))
	}
	return 0
}
