package newsroom

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

// slowPageDelay is the time that the slow page takes to answer.
const slowPageDelay = 800 * time.Millisecond

// The slugs of the articles that also appear in special ways.
const (
	moved     = "ferry-returns"           // ledger: also at /go/ferry
	printed   = "lighthouse-keeper"       // ledger: also at /print/lighthouse-keeper, with rel=canonical
	shared    = "lamp-library"            // meridian: also with tracking parameters
	syndicate = "night-train"             // meridian: the gazette redirects to it
	slow      = "bruecke-wiedereroeffnet" // valmere: answers after slowPageDelay
)

// addTroubles adds the addresses that do not simply serve an article.
func (p *press) addTroubles(mux *http.ServeMux, paper Paper, origins map[string]string) {
	switch paper.Name {
	case "ledger":
		mux.Handle("GET /go/ferry", redirect(p.find(moved).address(), http.StatusMovedPermanently))
		mux.Handle("GET /go/round", redirect("/go/about", http.StatusFound))
		mux.Handle("GET /go/about", redirect("/go/round", http.StatusFound))
	case "valmere":
		a := p.find(slow)
		mux.HandleFunc("GET "+a.Path, func(w http.ResponseWriter, r *http.Request) {
			wait := time.NewTimer(slowPageDelay)
			defer wait.Stop()
			select {
			case <-wait.C:
				p.serveArticle(w, r, paper, a, paper.Name)
			case <-r.Context().Done():
			}
		})
		mux.HandleFunc("GET /fahrplan.pdf", serveTimetable)
	case "meridian":
		mux.HandleFunc("GET /world/cut-cable", reset)
	case "gazette":
		target := origins["meridian"] + p.find(syndicate).address()
		mux.Handle("GET /wire/night-train", redirect(target, http.StatusFound))
		mux.HandleFunc("GET /archive/torn-page", serveTorn)
	}
}

func redirect(to string, status int) http.Handler { return http.RedirectHandler(to, status) }

// serveTimetable serves a PDF, which is not a page.
func serveTimetable(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/pdf")
	_, _ = w.Write([]byte("%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"))
}

// serveTorn serves gzip data that ends in the middle. The HTTP response is complete, so
// only decompressing it reveals the fault.
func serveTorn(w http.ResponseWriter, r *http.Request) {
	whole := gzipped([]byte("<!DOCTYPE html><title>The torn page</title><h1>The torn page</h1>" +
		"<p>The lower half of this sheet went overboard with the evening tide, and with it the end of the st"))
	torn := whole[:len(whole)/2]
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Content-Length", strconv.Itoa(len(torn)))
	_, _ = w.Write(torn)
}

// reset announces a page, sends its start and resets the connection.
func reset(w http.ResponseWriter, r *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 90000\r\n\r\n" +
		"<!DOCTYPE html><title>The cable"))
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // so that closing sends RST instead of FIN
	}
}
