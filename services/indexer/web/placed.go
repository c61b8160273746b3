package web

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/dateline-news/dateline/services/indexer/replica"
)

const (
	// ageHeader tells how old the answer of a replica is at most, in seconds.
	ageHeader = "Dateline-Read-Age"
	// positionCookie has the same effect as replica.PositionHeader.
	positionCookie = "dateline_position"
	// positionAge is longer than a replica is usually behind.
	positionAge = time.Minute
)

// placed has the reads of a request answered by a database server that is recent enough for it. It does
// nothing without a replica.
type placed struct{ reads *replica.Store }

func (p placed) wrap(next http.Handler) http.Handler {
	if p.reads == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, reads := replica.Track(r.Context())
		ctx = replica.After(ctx, r.Header.Get(replica.PositionHeader))
		if cookie, err := r.Cookie(positionCookie); err == nil {
			ctx = replica.After(ctx, cookie.Value)
		}
		if changes(r.Method) {
			ctx = replica.Fresh(ctx) // what is changed is read before
		}
		out := &placedWriter{ResponseWriter: w, request: r, store: p.reads, reads: reads}
		next.ServeHTTP(out, r.WithContext(ctx))
		out.place() // the response may have no body
	})
}

// placedWriter adds the headers to a response.
type placedWriter struct {
	http.ResponseWriter
	request *http.Request
	store   *replica.Store
	reads   *replica.Reads
	placed  bool
}

func (w *placedWriter) WriteHeader(status int) {
	w.place()
	w.ResponseWriter.WriteHeader(status)
}

func (w *placedWriter) Write(data []byte) (int, error) {
	w.place()
	return w.ResponseWriter.Write(data)
}

// Unwrap makes the connection accessible to http.ResponseController.
func (w *placedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// place adds the headers, once.
func (w *placedWriter) place() {
	if w.placed {
		return
	}
	w.placed = true
	h := w.Header()
	if from := w.reads.From(); from != "" {
		h.Set(replica.FromHeader, from)
	}
	if age, ok := w.reads.Age(time.Now()); ok {
		h.Set(ageHeader, strconv.FormatFloat(age.Seconds(), 'f', 1, 64))
	}
	if !changes(w.request.Method) {
		return
	}
	if position := w.store.Changed(w.request.Context()); position != "" {
		h.Set(replica.PositionHeader, position)
		http.SetCookie(w.ResponseWriter, &http.Cookie{
			Name: positionCookie, Value: position, Path: "/", MaxAge: int(positionAge / time.Second),
			HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
}

// readNote returns what the footer tells about the age of a page. It is empty if the page has nothing
// from a replica.
func readNote(reads *replica.Reads, now time.Time) string {
	if reads == nil || reads.From() != replica.Replica {
		return ""
	}
	age, known := reads.Age(now)
	as := "of unknown age"
	if known {
		as = fmt.Sprintf("as of %s UTC", now.Add(-age).UTC().Format(time.DateTime))
	}
	if reads.PrimaryDown() {
		return "The database is unavailable. This page is from its replica, " + as + ", and nothing can be changed."
	}
	return "From a replica of the database, " + as + "."
}
