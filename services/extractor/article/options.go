package article

import (
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
)

// Page is a page as it was received.
type Page struct {
	// URL is the address that the page came from, after redirects. Relative links
	// are resolved against it. It may be empty.
	URL string
	// ContentType is the Content-Type header as received. It may be empty.
	ContentType string
	// ContentEncoding is the Content-Encoding header as received, such as "gzip" or
	// "br". Empty means that Body is not compressed, or that its first bytes identify
	// the encoding.
	ContentEncoding string
	// Body is the page's bytes as received. Extract does not change them.
	Body []byte
	// FetchTime is when the page was fetched. Dates more than two days after it are
	// rejected, and relative dates ("3 hours ago") are relative to it. If it is zero,
	// the current time is the bound, and relative dates are not read.
	FetchTime time.Time
	// FirstURL is the address of the first page of the article, if this page is known to be
	// a later one. It may be empty.
	FirstURL string
	// Hints are what a feed or sitemap states about the article.
	Hints Hints
}

// Hints are what the feed or sitemap that lists an article states about it: its title,
// summary, section, language, image, authors and keywords, and the times at which it was
// published and modified. Empty values are unknown. Source is FromFeed or FromSitemap;
// without it, the hints are ignored.
//
// A hint fills a field that the page does not state. It also decides between a doubtful
// value and another one that the page shows. It never replaces a value that the page
// states with confidence.
type Hints = fields.Hints

// Options bound the cost of a page. A zero field means its default.
type Options struct {
	// MaxDecodedBytes is the maximum size of the decompressed page; 0 means 16 MiB.
	MaxDecodedBytes int
	// MaxRatio is the maximum ratio of the decompressed to the compressed size; 0
	// means 200. The first mebibyte is always allowed.
	MaxRatio int
	// MaxNodes is the maximum number of tags and comments; 0 means 400,000, which
	// take about 100 MB while the page is read.
	MaxNodes int
	// Rules are a user's rules for sites; nil means none.
	Rules *Rules
}

// The defaults of Options.
const (
	defaultMaxDecodedBytes = 16 << 20
	defaultMaxRatio        = 200
	defaultMaxNodes        = 400_000
)

func (o Options) withDefaults() Options {
	if o.MaxDecodedBytes <= 0 {
		o.MaxDecodedBytes = defaultMaxDecodedBytes
	}
	if o.MaxRatio <= 0 {
		o.MaxRatio = defaultMaxRatio
	}
	if o.MaxNodes <= 0 {
		o.MaxNodes = defaultMaxNodes
	}
	return o
}
