package corpus

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Handler returns a handler that serves
//
//	/<set>/<id>   a page, gzipped as stored, or decompressed for clients that do
//	              not accept gzip; the Content-Type has no charset, so that the
//	              page's own declaration decides
//	/robots.txt   which allows everything
//	/urls.txt     the URL of every page, one per line; ?set=NAME selects a set
//
// The URLs are distributed over origins such as "http://127.0.0.2:8080", each of which
// this handler should serve. Without origins, they have the host of the request.
func (c *Corpus) Handler(origins ...string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /robots.txt", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "User-agent: *\nAllow: /\n")
	})
	mux.HandleFunc("GET /urls.txt", func(w http.ResponseWriter, r *http.Request) {
		c.serveURLs(w, r, origins)
	})
	mux.HandleFunc("GET /{set}/{id}", func(w http.ResponseWriter, r *http.Request) {
		set, err := c.Set(r.PathValue("set"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		page := set.Page(r.PathValue("id"))
		if page == nil {
			http.NotFound(w, r)
			return
		}
		servePage(w, r, page)
	})
	return mux
}

// serveURLs lists the URLs of all pages, or of the pages of a set.
func (c *Corpus) serveURLs(w http.ResponseWriter, r *http.Request, origins []string) {
	pages := c.Pages()
	if name := r.URL.Query().Get("set"); name != "" {
		set, err := c.Set(name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		pages = set.pages
	}
	if len(origins) == 0 {
		origins = []string{"http://" + r.Host}
	}
	for _, u := range URLs(pages, origins...) {
		fmt.Fprintln(w, u)
	}
}

// URLs returns the URL of each page, in order. It rotates over the origins, of which
// there must be at least one.
func URLs(pages []*Page, origins ...string) []string {
	urls := make([]string, len(pages))
	for i, p := range pages {
		urls[i] = origins[i%len(origins)] + "/" + url.PathEscape(p.Set) + "/" + url.PathEscape(p.ID)
	}
	return urls
}

// servePage serves a page in the encoding that the client accepts.
func servePage(w http.ResponseWriter, r *http.Request, page *Page) {
	read := page.HTML
	w.Header().Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		read = page.Compressed
		w.Header().Set("Content-Encoding", "gzip")
	}
	content, err := read()
	if err != nil {
		w.Header().Del("Content-Encoding")
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // fails only if the client has gone away
}
