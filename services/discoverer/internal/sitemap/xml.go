package sitemap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"

	"github.com/dateline-news/dateline/services/discoverer/internal/found"
)

// maxValue is the maximum length of an element's text in bytes.
const maxValue = 16 << 10

// utf8Reader returns text in UTF-8 if its first bytes are those of UTF-16, which the XML
// decoder does not detect. It converts other charsets itself.
func utf8Reader(body io.Reader, head []byte) io.Reader {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(body)
	}
	return body
}

// entry is an url or sitemap element.
type entry struct {
	loc, text, lastmod     string
	newsDate, newsTitle    string
	newsLanguage, keywords string
	image                  string
	videoTitle, videoText  string
	videoDate, videoImage  string
	videoTags, alternates  []string
}

func (r *reader) readXML(body io.Reader) error {
	d := xml.NewDecoder(body)
	d.Strict = false
	d.CharsetReader = func(label string, input io.Reader) (io.Reader, error) {
		if strings.HasPrefix(strings.ToLower(label), "utf-16") {
			return input, nil // converted already
		}
		return charset.NewReaderLabel(label, input)
	}
	x := &xmlReader{reader: r, d: d}
	for {
		token, err := d.RawToken()
		if err == nil {
			err = x.take(token)
		}
		switch {
		case err == nil:
			continue
		case errors.Is(err, errDone):
			return nil
		case !x.root:
			return startError(err)
		case errors.Is(err, found.ErrRefused):
			return err
		case errors.Is(err, io.EOF):
			r.truncated("the sitemap ends early")
		default:
			r.truncated("the sitemap is damaged: " + err.Error())
		}
		return nil
	}
}

func startError(err error) error {
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, found.ErrHTML), errors.Is(err, found.ErrFormat), errors.Is(err, found.ErrRefused):
		return err
	case errors.Is(err, io.EOF):
		return fmt.Errorf("it has no elements: %w", found.ErrFormat)
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: %w", found.ErrFormat, err)
	default:
		return err
	}
}

// errDone means that the root element is closed or that a limit is reached.
var errDone = errors.New("done")

type xmlReader struct {
	*reader
	d      *xml.Decoder
	root   bool
	path   []string // local names of the open elements, in lower case
	entry  *entry
	buffer strings.Builder // text of the innermost open element
}

func (x *xmlReader) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.Directive:
		// A document type can declare entities. RSS and XHTML have one, sitemaps do not.
		if !x.root && bytes.Contains(bytes.ToLower(t), []byte("html")) && !bytes.Contains(t, []byte("[")) {
			return errHTML
		}
		return fmt.Errorf("it has a document type, which can declare entities: %w", found.ErrRefused)
	case xml.StartElement:
		return x.open(t)
	case xml.CharData:
		if x.entry != nil && x.buffer.Len()+len(t) <= maxValue {
			x.buffer.Write(t)
		}
	case xml.EndElement:
		return x.end(strings.ToLower(t.Name.Local))
	}
	return nil
}

var errHTML = fmt.Errorf("%w, not a sitemap", found.ErrHTML)

func (x *xmlReader) open(t xml.StartElement) error {
	local := strings.ToLower(t.Name.Local)
	switch {
	case len(x.path) == 0:
		if err := x.openRoot(local); err != nil {
			return err
		}
	case len(x.path) >= maxDepth:
		return fmt.Errorf("elements are nested deeper than %d", maxDepth)
	case len(x.path) == 1:
		x.entry = &entry{}
	case len(x.path) == 2 && x.entry != nil:
		x.entry.text += x.buffer.String() // before the first element, in a sitemap without loc
		if local == "link" {
			x.entry.alternate(t)
		}
	}
	x.buffer.Reset()
	x.path = append(x.path, local)
	return nil
}

func (x *xmlReader) openRoot(local string) error {
	switch local {
	case "urlset":
	case "sitemapindex":
		x.list.Kind = found.SitemapIndex
	case "html", "head", "body", "div", "script", "p":
		return errHTML
	case "feed", "rss", "rdf":
		return fmt.Errorf("it is a feed; read it as one: %w", found.ErrFormat)
	default:
		return fmt.Errorf("its first element is %.40q, not urlset or sitemapindex: %w", local, found.ErrFormat)
	}
	x.root = true
	return nil
}

// maxAlternates is the maximum number of translations of a page.
const maxAlternates = 100

// alternate keeps the address of a translation: <xhtml:link rel="alternate" hreflang>.
func (e *entry) alternate(t xml.StartElement) {
	var rel, href, lang string
	for _, a := range t.Attr {
		switch strings.ToLower(a.Name.Local) {
		case "rel":
			rel = a.Value
		case "href":
			href = a.Value
		case "hreflang":
			lang = a.Value
		}
	}
	if strings.EqualFold(rel, "alternate") && lang != "" && len(e.alternates) < maxAlternates {
		e.alternates = append(e.alternates, lang, href)
	}
}

func (x *xmlReader) end(local string) error {
	i := len(x.path) - 1
	for i >= 0 && x.path[i] != local {
		i--
	}
	if i < 0 {
		return nil // the end of an element that is not open
	}
	if x.entry != nil && i >= 2 {
		x.entry.set(x.path[2:i+1], strings.TrimSpace(x.buffer.String()))
	}
	text := x.buffer.String()
	x.buffer.Reset()
	x.path = x.path[:i]
	switch {
	case i == 0:
		return errDone
	case i == 1 && x.entry != nil:
		x.entry.text += text
		e := x.entry
		x.entry = nil
		if !x.keep(local, e) {
			return errDone
		}
	}
	return nil
}

// set keeps the text of an element, named by its path in the entry.
func (e *entry) set(path []string, value string) {
	if into := e.field(strings.Join(path, "/")); into != nil && *into == "" {
		*into = value
		return
	}
	if len(path) == 2 && path[0] == "video" && path[1] == "tag" && len(e.videoTags) < found.MaxList {
		e.videoTags = append(e.videoTags, value)
	}
}

// field returns where the text of an element is kept, or nil.
func (e *entry) field(path string) *string {
	switch path {
	case "loc":
		return &e.loc
	case "lastmod":
		return &e.lastmod
	case "news/publication_date":
		return &e.newsDate
	case "news/title":
		return &e.newsTitle
	case "news/keywords":
		return &e.keywords
	case "news/publication/language":
		return &e.newsLanguage
	case "image/loc":
		return &e.image
	case "video/title":
		return &e.videoTitle
	case "video/description":
		return &e.videoText
	case "video/publication_date":
		return &e.videoDate
	case "video/thumbnail_loc":
		return &e.videoImage
	default:
		return nil
	}
}

// keep adds an entry to the listing. It reports whether there is room for more.
func (x *xmlReader) keep(element string, e *entry) bool {
	loc := e.loc
	if loc == "" {
		loc = strings.TrimSpace(e.text) // some indexes have no loc element
	}
	if x.list.Kind == found.SitemapIndex {
		return element != "sitemap" || x.addChild(found.Child{URL: loc, LastMod: date(e.lastmod)})
	}
	if element != "url" {
		return true
	}
	return x.add(e.item(x.base, loc))
}

func (e *entry) item(base, loc string) found.Item {
	item := found.Item{
		URL: loc, Title: found.Text(e.newsTitle), Language: found.Text(e.newsLanguage),
		Published: date(e.newsDate), Modified: date(e.lastmod),
		Image: found.Resolve(base, e.image),
	}
	for keyword := range strings.SplitSeq(e.keywords, ",") {
		item.Keywords = found.Append(item.Keywords, keyword)
	}
	// A video's title is the article's only if the page is about the video, which the
	// lack of news says.
	if e.newsTitle == "" {
		item.Title, item.Summary = found.Text(e.videoTitle), found.Text(e.videoText)
		for _, tag := range e.videoTags {
			item.Keywords = found.Append(item.Keywords, tag)
		}
	}
	if item.Published.IsZero() {
		item.Published = date(e.videoDate)
	}
	if item.Image == "" {
		item.Image = found.Resolve(base, e.videoImage)
	}
	for i := 0; item.Language == "" && i+1 < len(e.alternates); i += 2 {
		if found.Resolve(base, e.alternates[i+1]) == found.Resolve(base, loc) && e.alternates[i] != "x-default" {
			item.Language = found.Text(e.alternates[i])
		}
	}
	return item
}

// layouts are those of W3C-DTF, https://www.w3.org/TR/NOTE-datetime, and its frequent
// misspellings.
var layouts = []string{
	time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly, "2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05Z07:00", time.DateTime, "2006-01-02 15:04", "2006-01",
}

// date returns a date in UTC, or zero.
func date(text string) time.Time {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
