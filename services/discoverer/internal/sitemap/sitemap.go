// Package sitemap reads sitemaps: XML (urlset and sitemapindex, with the news, image and
// video extensions), text, and both compressed with gzip. It reads a stream and keeps
// only what it returns. Truncated and ill-formed sitemaps give what comes before the
// damage.
//
// The protocol is at https://www.sitemaps.org/protocol.html.
package sitemap

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
)

// Limits of a sitemap. The first two are those of the protocol. What exceeds one of them
// is ignored with a warning.
const (
	// MaxBytes is the maximum size in bytes after decompression.
	MaxBytes = 50 << 20
	// MaxURLs is the maximum number of URLs, or of sitemaps in an index.
	MaxURLs = 50_000
	// maxDepth is the maximum depth of XML elements.
	maxDepth = 32
	// peekBytes is the number of bytes at the start that decide the format.
	peekBytes = 4096
)

// Read reads a sitemap from a body without content encoding. base is the URL of the
// response: a sitemap may name sitemaps and pages only of its own site, which is the
// registrable domain, and of the hosts in declared. These are hosts whose robots.txt names
// this sitemap, with ":port" if the port is not the default. Sitemaps of other sites are
// ignored.
//
// Read fails only if the body has no sitemap. The error wraps one of the errors of package
// found, or is the error of body.
func Read(body io.Reader, base *url.URL, declared ...string) (*found.Listing, error) {
	return readAtMost(MaxBytes, body, base, declared)
}

func readAtMost(size int64, body io.Reader, base *url.URL, declared []string) (*found.Listing, error) {
	r := &reader{size: size, list: &found.Listing{Kind: found.Sitemap}, seen: make(map[string]bool)}
	if base != nil {
		r.base = base.String()
	}
	r.allow(r.base, declared)
	if err := r.read(body); err != nil {
		return nil, fmt.Errorf("reading the sitemap: %w", err)
	}
	// The stable sort keeps the order of sitemaps without dates, which come last.
	slices.SortStableFunc(r.list.Children, func(a, b found.Child) int { return b.LastMod.Compare(a.LastMod) })
	return r.list, nil
}

type reader struct {
	size  int64 // maximum size in bytes after decompression
	base  string
	sites map[string]bool // sites that the sitemap may name
	hosts map[string]bool // hosts that it may also name
	list  *found.Listing
	seen  map[string]bool
	count int
}

func (r *reader) allow(base string, declared []string) {
	r.sites, r.hosts = make(map[string]bool), make(map[string]bool)
	if u, err := weburl.Parse(base); err == nil {
		r.sites[u.Site()] = true
	}
	for _, host := range declared {
		r.hosts[strings.ToLower(host)] = true
	}
}

// allowed reports whether the sitemap may name this URL. A sitemap without a base may
// name all.
func (r *reader) allowed(address string) bool {
	if len(r.sites) == 0 {
		return true
	}
	u, err := weburl.Parse(address)
	return err == nil && (r.sites[u.Site()] || r.hosts[u.Host()])
}

func (r *reader) read(body io.Reader) error {
	buffered := bufio.NewReaderSize(body, peekBytes)
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return fmt.Errorf("it is damaged gzip: %w: %w", found.ErrFormat, err)
		}
		buffered = bufio.NewReaderSize(unpacked, peekBytes)
	}
	limited := &limit{r: buffered, left: r.size}
	start := bufio.NewReaderSize(limited, peekBytes)
	head, err := start.Peek(peekBytes)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return err
	}
	text := utf8Reader(start, head)
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	err = nil // what the reader has before an error counts
	switch {
	case len(trimmed) == 0:
		return found.ErrEmpty
	case bytes.HasPrefix(trimmed, []byte("http://")), bytes.HasPrefix(trimmed, []byte("https://")):
		r.readText(text)
	default:
		err = r.readXML(text)
	}
	if limited.reached {
		r.truncated(fmt.Sprintf("read only the first %d MB", r.size>>20))
	}
	return err
}

// limit ends a stream after a number of bytes. reached reports that there are more.
type limit struct {
	r       io.Reader
	left    int64
	reached bool
}

func (l *limit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		_, err := io.ReadFull(l.r, make([]byte, 1))
		if err == nil {
			l.reached = true
			err = io.EOF
		}
		return 0, err
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

func (r *reader) truncated(why string) {
	r.list.Truncated = true
	r.list.Warn(why)
}

// readText reads one URL a line.
func (r *reader) readText(body io.Reader) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, found.MaxURL+2)
	for lines.Scan() {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		if !r.add(found.Item{URL: line}) {
			return
		}
	}
	if err := lines.Err(); err != nil {
		r.truncated("the sitemap is damaged or ends early: " + err.Error())
	}
}

// more counts an entry and reports whether there was room for it.
func (r *reader) more() bool {
	r.count++
	if r.count > MaxURLs {
		r.truncated(fmt.Sprintf("read only the first %d URLs", MaxURLs))
		return false
	}
	return true
}

// add adds an article. It reports whether there is room for more.
func (r *reader) add(item found.Item) bool {
	if !r.more() {
		return false
	}
	item.URL = found.Resolve(r.base, item.URL)
	item.Position = r.count - 1
	switch {
	case item.URL == "":
		r.list.Warn("ignored entries without a usable URL")
	case r.seen[item.URL]:
		r.list.Warn("ignored entries with the URL of an earlier entry")
	case !r.allowed(item.URL):
		r.list.Warn("ignored pages of other sites")
	default:
		r.seen[item.URL] = true
		r.list.Items = append(r.list.Items, item)
	}
	return true
}

// addChild adds a sitemap of an index. It reports whether there is room for more.
func (r *reader) addChild(child found.Child) bool {
	if !r.more() {
		return false
	}
	child.URL = found.Resolve(r.base, child.URL)
	switch {
	case child.URL == "":
		r.list.Warn("ignored sitemaps without a usable URL")
	case child.URL == found.Resolve("", cmp.Or(r.base, "about:blank")):
		r.list.Warn("ignored the sitemap index itself")
	case r.seen[child.URL]:
		r.list.Warn("ignored sitemaps that the index names twice")
	case !r.allowed(child.URL):
		r.list.Warn("ignored sitemaps of other sites; a site allows them in its robots.txt")
	default:
		r.seen[child.URL] = true
		r.list.Children = append(r.list.Children, child)
	}
	return true
}
