package fetcher

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/httphead"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
	"github.com/dateline-news/dateline/services/fetcher/internal/site"
)

// FetchOne fetches one page without a pipeline, under the same rules: public
// addresses only, robots.txt of every host on the way, bounds on everything. It
// keeps no state, and makes its requests one after another without a pause.
func FetchOne(ctx context.Context, config Config, raw string) (*datelinev1.Page, error) {
	return FetchFor(ctx, config, raw, datelinev1.Purpose_PURPOSE_ARTICLE)
}

// FetchFor is like FetchOne, but fetches an endpoint or a page for a purpose.
func FetchFor(
	ctx context.Context, config Config, raw string, purpose datelinev1.Purpose,
) (*datelinev1.Page, error) {
	requested, err := weburl.Parse(raw)
	if err != nil {
		return nil, err
	}
	settings, err := clientConfig(config)
	if err != nil {
		return nil, err
	}
	settings.SingleUse = true
	client, err := httpget.New(settings)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	page := &datelinev1.Page{Request: &datelinev1.FetchRequest{Url: raw, Purpose: purpose}}
	page.RequestedUrl, page.Source = requested.String(), datelinev1.PageSource_PAGE_SOURCE_FETCH
	anyType, maxBytes := bodyOf(purpose, config)
	at, err := weburl.ParseTarget(requested.String())
	if err != nil {
		return nil, err
	}
	var cookies []*datelinev1.SetCookie
	for len(page.GetRedirects()) <= config.MaxRedirects {
		if err := checkRobots(ctx, client, config, at); err != nil {
			return nil, err
		}
		r, err := client.Get(ctx, httpget.Request{
			URL: at.String(), Cookie: cookieHeader(cookies, at), AcceptPartial: true, AnyType: anyType, MaxBodyBytes: maxBytes,
		})
		if err != nil {
			return nil, err
		}
		next := ""
		switch r.Status / 100 {
		case 2:
			if mayRefresh(purpose) {
				next = refreshTarget(at, r)
			}
		case 3:
			next = r.Location
		}
		switch {
		case next != "":
			cookies = setCookies(cookies, at, r.SetCookies)
			page.Redirects = append(page.Redirects, redirect(at, r, len(page.GetRedirects())))
			if at, err = weburl.ParseTarget(next); err != nil {
				return nil, fmt.Errorf("following a redirect of %s: %w", raw, err)
			}
			continue
		case r.Status/100 != 2:
			return nil, fmt.Errorf("%s answered %d, which is not the status of a page", at, r.Status)
		}
		page.FinalUrl, page.Status, page.Headers = at.Page().String(), int32(r.Status), httphead.Fields(r.Header)
		page.Body, page.ContentEncoding, page.Truncated = r.Body, r.ContentEncoding, r.Truncated
		page.Timings, page.RemoteAddress = timings(r.Timings), r.RemoteAddr.String()
		page.FetchTime, page.Exchange = timestamppb.New(r.FetchTime), exchange(r)
		return page, nil
	}
	return nil, fmt.Errorf("%s leads through more than %d redirects: open it in a browser and use the URL that it ends at",
		raw, config.MaxRedirects)
}

// checkRobots fetches the robots.txt of a URL's site and returns an error if the
// file disallows the URL.
func checkRobots(ctx context.Context, client *httpget.Client, config Config, target weburl.Target) error {
	always := func() bool { return true }
	fetch, failure, err := site.RequestRobots(ctx, client, target.Page(), time.Now, always, unseen)
	if err != nil {
		return err
	}
	verdict := robots.Judge(fetch, nil)
	if failure != nil && verdict.Access == robots.DisallowAll {
		return fmt.Errorf("requesting robots.txt: %w", failure)
	}
	if allowed, line := verdict.Rules().Allowed(config.productToken(), target.PathQuery()); !allowed {
		return fmt.Errorf("robots.txt of %s disallows %s (%s, status %d)", target.Host(), target, line, fetch.Status)
	}
	return nil
}
