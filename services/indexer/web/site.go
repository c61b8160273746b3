package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

//go:embed templates static
var files embed.FS

// site is the pages for people. They are whole as the server sends them: there
// is no script and nothing from elsewhere.
type site struct {
	library   *library.Library
	config    Config
	log       *slog.Logger
	templates map[string]*template.Template
}

func newSite(l *library.Library, config Config, log *slog.Logger) *site {
	s := &site{library: l, config: config, log: log, templates: map[string]*template.Template{}}
	for _, name := range []string{"search", "article", "changes", "pipeline", "sources", "dead", "login", "error"} {
		s.templates[name] = template.Must(template.New("layout.html").Funcs(functions).ParseFS(files, "templates/layout.html", "templates/"+name+".html"))
	}
	return s
}

var functions = template.FuncMap{
	"when":      func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") },
	"machine":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"published": library.TimeText,
	"plain":     plain,
	"names": func(authors []*datelinev1.Author) string {
		var all []string
		for _, author := range authors {
			all = append(all, author.GetName())
		}
		return strings.Join(all, ", ")
	},
	"dir": direction,
	"lang": func(a *datelinev1.Article) string {
		if a.GetLanguage() == "und" {
			return ""
		}
		return a.GetLanguage()
	},
	"access": store.AccessName,
	"bytes": func(n any) string {
		var size float64
		switch n := n.(type) {
		case uint64:
			size = float64(n)
		case int64:
			size = float64(n)
		case int:
			size = float64(n)
		}
		for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
			if size < 1024 {
				return fmt.Sprintf("%.3g %s", size, unit)
			}
			size /= 1024
		}
		return fmt.Sprintf("%.3g TiB", size)
	},
	"escape": url.PathEscape,
}

// plain writes a day or a time in RFC 3339 for people: to the minute, in its own
// zone where that is not UTC.
func plain(published string) string {
	at, err := time.Parse(time.RFC3339, published)
	if err != nil {
		return published // a day
	}
	if strings.HasSuffix(published, "Z") {
		return at.Format("2006-01-02 15:04")
	}
	return at.Format("2006-01-02 15:04 -07:00")
}

// direction is how an article's text runs; a browser finds out for itself where
// the record does not say.
func direction(a *datelinev1.Article) string {
	switch a.GetDirection() {
	case datelinev1.Direction_DIRECTION_RTL:
		return "rtl"
	case datelinev1.Direction_DIRECTION_LTR:
		return "ltr"
	}
	return "auto"
}

func (s *site) register(mux *http.ServeMux) {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // it is part of the program
	}
	mux.Handle("GET /static/", http.StripPrefix("/static/", cached(http.FileServerFS(static))))
	mux.HandleFunc("GET /{$}", s.search)
	mux.HandleFunc("GET /articles/{id}", s.article)
	mux.HandleFunc("GET /articles/{id}/changes", s.changes)
	mux.HandleFunc("POST /articles/{id}/erase", s.erase)
	mux.HandleFunc("GET /pipeline", s.pipeline)
	mux.HandleFunc("GET /sources", s.sources)
	mux.HandleFunc("GET /dead-letters", s.dead)
	mux.HandleFunc("POST /dead-letters/{number}/requeue", s.requeue)
	mux.HandleFunc("POST /dead-letters/{number}/drop", s.drop)
	mux.HandleFunc("GET /login", s.login)
	mux.HandleFunc("POST /login", s.enter)
	mux.HandleFunc("POST /logout", s.leave)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			refuse(w, r, http.StatusNotFound, "there is nothing here; "+api.Prefix+"/openapi.json lists what there is")
			return
		}
		s.fail(w, r, http.StatusNotFound, errors.New("there is no such page"))
	})
}

func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		next.ServeHTTP(w, r)
	})
}

// view is what every page is made from.
type view struct {
	Title string
	// Place is the part of the site that the page belongs to.
	Place string
	// MayOperate says whether buttons that change something are shown, LoggedIn
	// whether there is something to log out of, MayLogIn to log in to.
	MayOperate, LoggedIn, MayLogIn bool
	Query                          string
	Page                           any
}

// show writes a page whole or not at all.
func (s *site) show(w http.ResponseWriter, r *http.Request, status int, name, title string, page any) {
	is := roleOf(r.Context())
	_, cookie := r.Cookie(cookieName)
	v := view{
		Title: title, Place: name, MayOperate: is == operator, LoggedIn: cookie == nil && is != nobody,
		MayLogIn: s.config.ReadToken != "" || s.config.OperateToken != "", Query: r.URL.Query().Get("q"), Page: page,
	}
	var b bytes.Buffer
	if err := s.templates[name].Execute(&b, v); err != nil {
		s.log.Error("a page could not be written", "page", name, "error", err)
		http.Error(w, "the page could not be written; the log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // whoever has gone needs no page
}

// fail shows what went wrong.
func (s *site) fail(w http.ResponseWriter, r *http.Request, status int, err error) {
	s.show(w, r, status, "error", http.StatusText(status), err.Error())
}

// failed shows an error of the library.
func (s *site) failed(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, store.ErrQuery):
		status = http.StatusBadRequest
	case errors.Is(err, store.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, library.ErrGone):
		status = http.StatusGone
	case r.Context().Err() != nil:
		status, err = http.StatusServiceUnavailable, errors.New("the page took too long; ask for less, or later")
	default:
		s.log.Error("a page failed", "path", r.URL.Path, "error", err)
	}
	s.fail(w, r, status, err)
}

func (s *site) login(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "login", "Log in", loginPage{Next: local(r.URL.Query().Get("next"))})
}

type loginPage struct{ Next, Error string }

func (s *site) enter(w http.ResponseWriter, r *http.Request) {
	token, next := r.PostFormValue("token"), local(r.PostFormValue("next"))
	if is := (guard{s.config}).roleOfToken(token); token == "" || is == nobody || is == reader && s.config.ReadToken == "" {
		s.show(w, r, http.StatusForbidden, "login", "Log in", loginPage{next, "This is not a token of this server."})
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https", MaxAge: int((30 * 24 * time.Hour).Seconds()),
	})
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (s *site) leave(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: -1})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// local returns a path of this server, and the first page for anything else.
func local(path string) string {
	if u, err := url.Parse(path); err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return "/"
	}
	return path
}
