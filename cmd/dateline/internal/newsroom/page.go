package newsroom

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

// functions are the functions that layouts can call besides the methods of view.
var functions = template.FuncMap{
	"iso": func(t time.Time) string { return t.Format(time.RFC3339) },
	// first reports whether a block is the first paragraph, which starts with the dateline.
	"first": func(a *Article, b Block) bool {
		paragraphs := a.Paragraphs()
		return b.Kind == Paragraph && b.Text == paragraphs[0]
	},
	"in":   func(v *view, b Block) blockView { return blockView{View: v, Block: b} },
	"path": url.PathEscape,
}

// blockView is the data of a layout's "block" template.
type blockView struct {
	View *view
	Block
}

// servePage serves HTML in the given charset. Characters that the charset lacks become
// character references.
func servePage(w http.ResponseWriter, r *http.Request, compress bool, charset, body string) {
	enc, err := htmlindex.Get(charset)
	if err != nil {
		http.Error(w, fmt.Sprintf("charset %s: %s", charset, err), http.StatusInternalServerError)
		return
	}
	content, err := encoding.HTMLEscapeUnsupported(enc.NewEncoder()).Bytes([]byte(body))
	if err != nil {
		http.Error(w, fmt.Sprintf("encoding as %s: %s", charset, err), http.StatusInternalServerError)
		return
	}
	if compress && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		content = gzipped(content)
		w.Header().Set("Content-Encoding", "gzip")
	}
	w.Header().Set("Vary", "Accept-Encoding")
	w.Header().Set("Content-Type", "text/html; charset="+charset)
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // fails only if the client is gone
}

func gzipped(content []byte) []byte {
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	_, _ = w.Write(content) // cannot fail: writes to memory
	w.Close()
	return buffer.Bytes()
}

type rss struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Title   string   `xml:"channel>title"`
	Link    string   `xml:"channel>link"`
	About   string   `xml:"channel>description"`
	Lang    string   `xml:"channel>language"`
	Items   []item   `xml:"channel>item"`
}

type item struct {
	Title   string `xml:"title"`
	Link    string `xml:"link"`
	GUID    string `xml:"guid"`
	Date    string `xml:"pubDate"`
	Summary string `xml:"description"`
}

// serveFeed serves the paper's articles as RSS 2.0, newest first.
func (p *press) serveFeed(w http.ResponseWriter, r *http.Request, paper Paper) {
	feed := rss{Version: "2.0", Title: paper.Title, Link: origin(r) + "/", About: paper.Tagline, Lang: paper.Lang}
	for _, a := range p.articles[paper.Name] {
		if a.Hidden() {
			continue
		}
		link := origin(r) + a.address()
		feed.Items = append(feed.Items, item{
			Title: a.Title, Link: link, GUID: link,
			Date: a.Published.Format(time.RFC1123Z), Summary: a.Summary,
		})
	}
	body, err := xml.MarshalIndent(feed, "", " ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/rss+xml; charset=utf-8")
	_, _ = w.Write(append([]byte(xml.Header), body...)) // fails only if the client is gone
}
