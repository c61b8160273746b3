package corpus

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Handler serves
//
//	/<set>/<id>   a page: its bytes as stored (gzip), or unpacked for clients
//	              that do not accept gzip; the Content-Type names no charset,
//	              so that the page's own word counts
//	/robots.txt   which allows everything
//	/urls.txt     the address of every page, one a line; ?set=NAME for those of
//	              one set
//
// The addresses take turns over origins ("http://127.0.0.2:8080"), each of
// which should be served by this handler; without any, all are on the host
// that was asked.
func (c *Corpus) Handler(origins ...string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /robots.txt", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "User-agent: *\nAllow: /\n")
	})
	mux.HandleFunc("GET /urls.txt", func(w http.ResponseWriter, r *http.Request) {
		pages := c.Pages()
		if name := r.URL.Query().Get("set"); name != "" {
			set, err := c.Set(name)
			if err != nil {
				http.Error(w, err.Error(), http.StatusNotFound)
				return
			}
			pages = set.pages
		}
		hosts := origins
		if len(hosts) == 0 {
			hosts = []string{"http://" + r.Host}
		}
		for _, u := range URLs(pages, hosts...) {
			fmt.Fprintln(w, u)
		}
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

// URLs gives the address of each page, in order, with the origins taking
// turns. There must be at least one origin.
func URLs(pages []*Page, origins ...string) []string {
	urls := make([]string, len(pages))
	for i, p := range pages {
		urls[i] = origins[i%len(origins)] + "/" + url.PathEscape(p.Set) + "/" + url.PathEscape(p.ID)
	}
	return urls
}

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
	w.Write(content) // an error is the client's going away
}
