// Package feed reads feeds: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed 1.0 and
// 1.1. Truncated and ill-formed feeds give the items that are complete.
package feed

import (
	"bytes"
	"fmt"
	"net/url"

	"github.com/dateline-news/dateline/internal/decode"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
)

// Limits of a feed. What exceeds one of them is ignored with a warning.
const (
	// MaxBytes is the maximum size of a body that is read. The rest is ignored.
	MaxBytes = 32 << 20
	// MaxItems is the maximum number of items that are read.
	MaxItems = 10_000
	// maxDepth is the maximum depth of XML elements.
	maxDepth = 64
)

// Read reads a feed from a body without content encoding. contentType is the value of the
// response's Content-Type header, and can be empty or wrong. base is the URL of the
// response, against which links without xml:base are resolved.
//
// Read fails only if the body has no feed. The error wraps one of the errors of package
// found.
func Read(body []byte, contentType string, base *url.URL) (*found.Listing, error) {
	listing := &found.Listing{Kind: found.Feed}
	if len(body) > MaxBytes {
		body = body[:MaxBytes]
		listing.Truncated = true
		listing.Warn(fmt.Sprintf("read only the first %d MB", MaxBytes>>20))
	}
	if kind := binary(body); kind != "" {
		return nil, fmt.Errorf("reading the feed: it is %s: %w", kind, found.ErrFormat)
	}
	text, _, broken := decode.Text(body, contentType)
	if broken {
		listing.Warn("replaced bytes that are invalid in the feed's charset")
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return nil, fmt.Errorf("reading the feed: %w", found.ErrEmpty)
	}
	address := ""
	if base != nil {
		address = base.String()
	}
	read := readXML
	if text[0] == '{' || text[0] == '[' {
		read = readJSON
	}
	if err := read(text, address, listing); err != nil {
		return nil, fmt.Errorf("reading the feed: %w", err)
	}
	return listing, nil
}

// binary returns the media type of a body that is not text, or "".
func binary(body []byte) string {
	switch kind := decode.Kind(body); kind {
	case "", "application/xml", "application/json":
		return ""
	default:
		return kind
	}
}

// add adds an item unless it has no URL or the listing has its URL already. It reports
// whether there is room for more.
func add(l *found.Listing, seen map[string]bool, item found.Item) bool {
	switch {
	case item.URL == "":
		l.Warn("ignored items without a usable link")
	case seen[item.URL]:
		l.Warn("ignored items with the link of an earlier item")
	case len(l.Items) >= MaxItems:
		l.Truncated = true
		l.Warn(fmt.Sprintf("read only the first %d items", MaxItems))
		return false
	default:
		seen[item.URL] = true
		l.Items = append(l.Items, item)
	}
	return true
}
