package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/services/discoverer/internal/found"
)

// repaired is a feed's XML that a strict parser accepts: elements are balanced and only
// complete items are left. It has no declarations, so no entities and no charset.
type repaired struct {
	src   []byte
	out   bytes.Buffer
	stack []string // raw names of the open elements in out

	items     int
	item      int // depth of the open item, or 0
	itemStart int // length of out before the open item
	about     string
	linked    bool // the open item has a link or guid

	list *found.Listing
}

// repair returns src with the faults repaired that feeds often have. It fails if the root
// element is not that of a feed. It does not keep more than MaxItems items and elements
// deeper than maxDepth.
func repair(src []byte, list *found.Listing) ([]byte, error) {
	r := &repaired{src: bytes.Map(visible, src), list: list}
	start := r.afterDeclaration()
	for {
		err := r.scan(start)
		if err == nil {
			break
		}
		if errors.Is(err, found.ErrHTML) || errors.Is(err, found.ErrFormat) || len(r.stack) == 0 {
			return nil, err
		}
		// The XML is damaged here: continue with the next item.
		list.Truncated = true
		list.Warn("ignored items that are damaged or incomplete: " + err.Error())
		from := start + r.position(err)
		r.dropItem()
		next := nextItem(r.src[min(from, len(r.src)):])
		if next < 0 || errors.Is(err, errEnough) {
			break
		}
		start = from + next
	}
	r.closeTo(0)
	return r.out.Bytes(), nil
}

// afterDeclaration returns the index after the XML declaration. The decoder refuses the
// declarations of another charset, although the text is converted, and of XML 1.1.
func (r *repaired) afterDeclaration() int {
	head := r.src[:min(len(r.src), 4096)]
	from := bytes.Index(head, []byte("<?xml "))
	if from < 0 {
		return 0
	}
	length := bytes.Index(head[from:], []byte("?>"))
	if length < 0 {
		return 0
	}
	return from + length + len("?>")
}

// visible removes the control characters that XML does not allow.
func visible(c rune) rune {
	if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xFFFE || c == 0xFFFF {
		return -1
	}
	return c
}

// damage is an error with its place in bytes from the start of the scan.
type damage struct {
	at  int
	err error
}

func (d *damage) Error() string { return d.err.Error() }
func (d *damage) Unwrap() error { return d.err }

func (r *repaired) position(err error) int {
	var d *damage
	if errors.As(err, &d) {
		return d.at
	}
	return len(r.src)
}

var (
	errEnough = fmt.Errorf("there are more than %d items", MaxItems)
	errDeep   = fmt.Errorf("elements are nested deeper than %d", maxDepth)
	errEnd    = errors.New("the feed ends early")
)

// scan copies the tokens from start to out. An error is a *damage, or the error of notAFeed.
func (r *repaired) scan(start int) error {
	src := r.src[start:]
	d := xml.NewDecoder(bytes.NewReader(src))
	d.Strict = false
	for {
		from := int(d.InputOffset())
		token, err := d.RawToken()
		to := int(d.InputOffset())
		if errors.Is(err, io.EOF) {
			if len(r.stack) == 0 && r.out.Len() == 0 {
				return notAFeed(src)
			}
			if r.item > 0 || len(r.stack) > 0 {
				return &damage{at: len(src), err: errEnd}
			}
			return nil
		}
		if err != nil {
			if len(r.stack) == 0 && r.out.Len() == 0 {
				return notAFeed(src)
			}
			return &damage{at: max(to, from+1), err: err}
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := r.open(t, src[from:to]); err != nil {
				if errors.Is(err, errDeep) || errors.Is(err, errEnough) {
					err = &damage{at: to, err: err}
				}
				return err
			}
		case xml.EndElement:
			if r.end(rawName(t.Name), src[from:to]) {
				return nil // after the root element comes nothing that counts
			}
		case xml.CharData:
			if len(r.stack) > 0 {
				r.out.Write(src[from:to])
			}
		}
	}
}

func rawName(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// isItem reports whether an element with this name is an item of a feed.
func isItem(local string) bool {
	return strings.EqualFold(local, "item") || strings.EqualFold(local, "entry")
}

func (r *repaired) open(t xml.StartElement, raw []byte) error {
	local := strings.ToLower(t.Name.Local)
	switch {
	case len(r.stack) == 0:
		if local != "rss" && local != "rdf" && local != "feed" {
			return notAFeed(raw)
		}
	case len(r.stack) >= maxDepth:
		return errDeep
	case r.item == 0 && len(r.stack) <= 2 && isItem(local):
		if r.items >= MaxItems {
			return errEnough
		}
		r.item, r.itemStart = len(r.stack)+1, r.out.Len()
		r.about, r.linked = attribute(t, "rdf", "about"), false
	case r.item > 0 && len(r.stack) == r.item && (local == "link" || local == "guid"):
		r.linked = true
	}
	if base := attribute(t, "xml", "base"); base != "" {
		raw = bytes.Replace(raw, []byte(base), []byte(folder(base)), 1)
	}
	if attribute(t, "", "mode") == "base64" {
		raw = bytes.Replace(raw, []byte(" type="), []byte(" media="), 1) // gofeed does not decode text types
	}
	r.stack = append(r.stack, rawName(t.Name))
	r.out.Write(raw)
	return nil
}

func attribute(t xml.StartElement, prefix, local string) string {
	for _, a := range t.Attr {
		if a.Name.Space == prefix && a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// folder returns the base URL without the last segment of its path, which RFC 3986
// ignores when it resolves a link. gofeed takes it for a directory.
func folder(base string) string {
	u, err := url.Parse(base)
	if err != nil || strings.ContainsAny(base, "&\"'<") {
		return base
	}
	i := strings.LastIndexByte(u.Path, '/')
	if i < 0 {
		return base
	}
	u.Path, u.RawPath, u.RawQuery, u.Fragment = u.Path[:i+1], "", "", ""
	return u.String()
}

// end closes an element and those in it that the feed has left open. It ignores the end
// of an element that is not open. It reports whether the root element is closed.
func (r *repaired) end(name string, raw []byte) (done bool) {
	i := len(r.stack) - 1
	for i >= 0 && r.stack[i] != name {
		i--
	}
	if i < 0 || r.item > 0 && i+1 < r.item && !isItem(name) && i > 1 {
		return false
	}
	r.closeTo(i + 1)
	if i+1 == r.item {
		r.closeItem()
	}
	// An empty element has an end without bytes of its own.
	if len(raw) > 0 {
		fmt.Fprintf(&r.out, "</%s>", name)
	}
	r.stack = r.stack[:i]
	return i == 0
}

// closeItem gives an item of RSS 1.0 that has no link the link in its rdf:about.
func (r *repaired) closeItem() {
	if !r.linked && r.about != "" {
		r.out.WriteString("<guid>")
		_ = xml.EscapeText(&r.out, []byte(r.about)) // a bytes.Buffer does not fail
		r.out.WriteString("</guid>")
	}
	r.items++
	r.item = 0
}

// closeTo closes the open elements until depth are left.
func (r *repaired) closeTo(depth int) {
	for len(r.stack) > depth {
		if len(r.stack) == r.item {
			r.closeItem()
		}
		fmt.Fprintf(&r.out, "</%s>", r.stack[len(r.stack)-1])
		r.stack = r.stack[:len(r.stack)-1]
	}
}

// dropItem removes the open item from out.
func (r *repaired) dropItem() {
	if r.item == 0 {
		// Outside of items, only the element that is open is damaged.
		r.closeTo(min(len(r.stack), 2))
		return
	}
	r.out.Truncate(r.itemStart)
	r.stack = r.stack[:r.item-1]
	r.item = 0
}

// nextItem returns the index of the next start of an item in src, or -1.
func nextItem(src []byte) int {
	for i := 0; i < len(src); {
		j := bytes.IndexByte(src[i:], '<')
		if j < 0 {
			return -1
		}
		i += j
		name := src[i+1:]
		if end := bytes.IndexAny(name[:min(len(name), 40)], " \t\r\n/>"); end > 0 {
			name = name[:end]
			if colon := bytes.IndexByte(name, ':'); colon >= 0 {
				name = name[colon+1:]
			}
			if isItem(string(name)) {
				return i
			}
		}
		i++
	}
	return -1
}

// notAFeed returns the error for a document whose root element is not that of a feed.
func notAFeed(src []byte) error {
	head := bytes.ToLower(src[:min(len(src), 4096)])
	for _, mark := range []string{"<!doctype html", "<html", "<head", "<body", "<div", "<p>", "<title", "<script"} {
		if bytes.Contains(head, []byte(mark)) {
			return fmt.Errorf("%w, not a feed; look for a feed that the page names", found.ErrHTML)
		}
	}
	for _, mark := range []string{"urlset", "sitemapindex"} {
		if bytes.Contains(head, []byte(mark)) {
			return fmt.Errorf("it is a sitemap; read it as one: %w", found.ErrFormat)
		}
	}
	start := bytes.IndexByte(head, '<')
	if start < 0 {
		return fmt.Errorf("it has no XML elements: %w", found.ErrFormat)
	}
	root := head[start:]
	if end := slices.IndexFunc(root, func(c byte) bool { return c == '>' || c == ' ' || c == '\n' }); end > 0 {
		root = root[:end]
	}
	return fmt.Errorf("its first element is %.40q, not that of RSS or Atom: %w", root, found.ErrFormat)
}
