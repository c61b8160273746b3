package discoverer

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/PuerkitoBio/goquery"

	"github.com/dateline-news/dateline/internal/decode"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/internal/feed"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
	"github.com/dateline-news/dateline/services/discoverer/internal/links"
	"github.com/dateline-news/dateline/services/discoverer/internal/sitemap"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

const (
	// maxBody is the maximum size of a decompressed response in bytes.
	maxBody = 64 << 20
	// maxRatio is the maximum ratio of decompression. Sitemaps repeat themselves a lot.
	maxRatio = 200
	// maxRobotsSitemaps is the maximum number of sitemaps that are taken from a robots.txt.
	maxRobotsSitemaps = 10
)

// read reads the response of an endpoint. body is without the compression of the fetcher.
// The listing of a home page names the endpoints to try.
func read(page *datelinev1.Page, body []byte, e sources.Endpoint, source sources.Source) (*found.Listing, error) {
	base, err := url.Parse(page.GetFinalUrl())
	if err != nil {
		return nil, fmt.Errorf("reading the URL of the response: %w", err)
	}
	plain, damaged, err := decode.Uncompress(body, page.GetContentEncoding(),
		decode.Bounds{MaxBytes: maxBody, MaxRatio: maxRatio})
	if err != nil {
		return nil, err
	}
	listing, err := readAs(page, plain, base, e, source)
	if err != nil {
		return nil, err
	}
	listing.Truncated = listing.Truncated || damaged || page.GetTruncated()
	listing.DistrustDates(page.GetFetchTime().AsTime())
	return listing, nil
}

func readAs(
	page *datelinev1.Page, plain []byte, base *url.URL, e sources.Endpoint, source sources.Source,
) (*found.Listing, error) {
	contentType := ""
	for _, h := range page.GetHeaders() {
		if h.GetName() == "content-type" {
			contentType = h.GetValue()
		}
	}
	switch page.GetRequest().GetPurpose() {
	case datelinev1.Purpose_PURPOSE_FEED:
		return feed.Read(plain, contentType, base)
	case datelinev1.Purpose_PURPOSE_SITEMAP:
		// The sitemap may be on another host, if the robots.txt of the source names it.
		var declared []string
		if home, err := weburl.Parse(source.URL); err == nil && e.Hint == found.HintRobots {
			declared = append(declared, home.Host())
		}
		return sitemap.Read(bytes.NewReader(plain), base, declared...)
	case datelinev1.Purpose_PURPOSE_ROBOTS:
		return &found.Listing{Endpoints: links.Candidates(nil, base, robotsSitemaps(plain, maxRobotsSitemaps))}, nil
	case datelinev1.Purpose_PURPOSE_LINKS:
		text, _, _ := decode.Text(plain, contentType)
		doc, err := goquery.NewDocumentFromReader(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("parsing the page: %w", err)
		}
		listing, err := links.Read(doc, base, shapesOf(source.Shapes))
		if err == nil && e.Hint == sources.HintHome {
			listing.Endpoints = links.Candidates(doc, base, nil)
		}
		return listing, err
	}
	return nil, errors.New("the response is for no endpoint")
}

// robotsSitemaps returns the sitemaps that a robots.txt names, at most limit.
func robotsSitemaps(text []byte, limit int) []string {
	var all []string
	for line := range bytes.Lines(text) {
		name, value, _ := strings.Cut(string(line), ":")
		if strings.EqualFold(strings.TrimSpace(name), "sitemap") && len(all) < limit {
			all = append(all, strings.TrimSpace(value))
		}
	}
	return all
}

// purposeOf returns for what an endpoint of a kind is fetched.
func purposeOf(kind found.Kind) datelinev1.Purpose {
	switch kind {
	case found.Feed:
		return datelinev1.Purpose_PURPOSE_FEED
	case found.Links:
		return datelinev1.Purpose_PURPOSE_LINKS
	}
	return datelinev1.Purpose_PURPOSE_SITEMAP
}
