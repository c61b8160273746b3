package web

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/indexer/store"
)

//go:embed templates static
var files embed.FS

// site serves the web page. Its pages are complete as sent: they work without scripts
// and load nothing from other sites.
type site struct {
	*library.Library
	assets    assets
	config    Config
	guard     guard
	log       *slog.Logger
	templates map[string]*template.Template
	api       apiPage
	pictures  *pictureProxy
}

func newSite(deps Dependencies, document *huma.OpenAPI, config Config, g guard) *site {
	s := &site{
		Library: deps.Library, assets: newAssets(), config: config, guard: g, log: deps.Log,
		templates: map[string]*template.Template{}, api: newAPIPage(document), pictures: newPictureProxy(deps.Pictures),
	}
	functions := maps.Clone(functions)
	functions["asset"], functions["thumbnail"] = s.assets.url, s.thumbnailURL
	for _, name := range []string{
		"search", "values", "story", "searches",
		"article", "changes", "pipeline", "sources", "source", "discovery", "discoverysource", "discoverytry",
		"subscriptions", "subscription", "deadletters", "url", "tokens", "audit",
		"host", "api", "login", "error",
	} {
		s.templates[name] = template.Must(template.New("layout.html").Funcs(functions).
			ParseFS(files, "templates/layout.html", "templates/charts.html", "templates/discoveryparts.html",
				"templates/subscriptionparts.html", "templates/"+name+".html"))
	}
	return s
}

func (s *site) register(mux *http.ServeMux) {
	mux.Handle("GET /static/{name...}", s.assets.handler())
	mux.HandleFunc("GET /{$}", s.search)
	mux.HandleFunc("GET /values", s.values)
	mux.HandleFunc("GET /searches", s.searches)
	mux.HandleFunc("POST /searches", s.saveSearch)
	mux.HandleFunc("POST /searches/{id}/delete", s.deleteSearch)
	mux.HandleFunc("GET /stories/{id}", s.story)
	mux.HandleFunc("GET /articles/{id}", s.article)
	mux.HandleFunc("GET /articles/{id}/changes", s.changes)
	mux.HandleFunc("GET /articles/{id}/thumbnail", s.showThumbnail)
	mux.HandleFunc("GET /articles/{id}/pictures/{number}", s.showPicture)
	mux.HandleFunc("GET /articles/{id}/revisions/{revision}", s.article)
	mux.HandleFunc("GET /articles/{id}/revisions/{revision}/pictures/{number}", s.showPicture)
	mux.HandleFunc("POST /articles/{id}/erase", s.erase)
	mux.HandleFunc("GET /pipeline", s.pipeline)
	mux.HandleFunc("GET /sources", s.sources)
	mux.HandleFunc("GET /sources/{host}", s.source)
	s.registerDiscovery(mux)
	s.registerSubscriptions(mux)
	mux.HandleFunc("GET /urls", s.urls)
	mux.HandleFunc("GET /hosts/{host}", s.host)
	mux.HandleFunc("GET /dead-letters", s.deadLetters)
	mux.HandleFunc("POST /dead-letters/{number}/requeue", s.requeue)
	mux.HandleFunc("POST /dead-letters/{number}/drop", s.drop)
	mux.HandleFunc("GET /tokens", s.tokens)
	mux.HandleFunc("POST /tokens", s.createToken)
	mux.HandleFunc("POST /tokens/{name}/revoke", s.revokeToken)
	mux.HandleFunc("GET /audit", s.audit)
	mux.HandleFunc("GET /api", s.apiDocs)
	mux.HandleFunc("GET /login", s.loginForm)
	mux.HandleFunc("POST /login", s.logIn)
	mux.HandleFunc("POST /logout", s.logOut)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			refuse(w, r, http.StatusNotFound, "no such operation: "+api.Prefix+"/openapi.json describes the API")
			return
		}
		s.showError(w, r, http.StatusNotFound, errors.New("no such page"))
	})
}

// view is the data of the layout that all pages share.
type view struct {
	Title string
	// Name is the name of the page's template. The navigation marks the current
	// page by it.
	Name string
	// MayOperate shows the buttons that change something, MaySubscribe those of saved
	// searches, LoggedIn the button to log out, and MayLogIn the link to log in.
	MayOperate, MaySubscribe, LoggedIn, MayLogIn bool
	// ReadNote tells how old the page is, if something in it is from a replica.
	ReadNote string
	Page     any
}

// view returns the data of a page.
func (s *site) view(r *http.Request, name, title string, page any) view {
	is := roleOf(r.Context())
	_, cookie := r.Cookie(cookieName)
	return view{
		Title: title, Name: name, MayOperate: is == operator, MaySubscribe: is >= subscriber,
		LoggedIn: cookie == nil && is != nobody,
		MayLogIn: s.config.ReadToken != "" || s.config.OperateToken != "" || s.guard.keyring.Any(r.Context()), Page: page,
		ReadNote: readNote(replica.Tracked(r.Context()), time.Now()),
	}
}

// show renders a page and sends it, or sends an error if rendering fails.
func (s *site) show(w http.ResponseWriter, r *http.Request, status int, name, title string, page any) {
	b := boundedBuffer{max: maxPageBytes}
	err := s.templates[name].Execute(&b, s.view(r, name, title, page))
	if errors.Is(err, errPageTooLarge) {
		http.Error(w, "the page is too large: use the API to read it", http.StatusInsufficientStorage)
		return
	}
	if err != nil {
		s.log.Error("rendering page failed", "page", name, "error", err)
		http.Error(w, "rendering the page failed: see the log of the server", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.buffer.WriteTo(w) // an error means that the client has gone
}

// maxPageBytes is the maximum size of a page. The largest ones compare two revisions,
// each of which fits into a message of 8 MiB.
const maxPageBytes = 16 << 20

var errPageTooLarge = errors.New("page too large")

// boundedBuffer refuses what exceeds its maximum size in bytes.
type boundedBuffer struct {
	buffer bytes.Buffer
	max    int
}

func (b *boundedBuffer) Write(data []byte) (int, error) {
	if b.buffer.Len()+len(data) > b.max {
		return 0, errPageTooLarge
	}
	return b.buffer.Write(data)
}

// showError shows an error with a status.
func (s *site) showError(w http.ResponseWriter, r *http.Request, status int, err error) {
	s.show(w, r, status, "error", http.StatusText(status), err.Error())
}

// showLibraryError shows an error of the library, with the status that belongs to it.
func (s *site) showLibraryError(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, store.ErrQuery):
		status = http.StatusBadRequest
	case errors.Is(err, store.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, library.ErrGone):
		status = http.StatusGone
	case r.Context().Err() != nil:
		status, err = http.StatusServiceUnavailable, errors.New("the request timed out: narrow it down, or try again later")
	default:
		s.log.Error("page request failed", "path", r.URL.Path, "error", err)
	}
	s.showError(w, r, status, err)
}
