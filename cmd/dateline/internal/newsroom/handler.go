package newsroom

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/url"
	"strings"
)

// handler returns a handler that serves a paper. Its links to itself use the host of the
// request, and those to other papers use their origins.
func (p *press) handler(paper Paper, origins map[string]string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /robots.txt", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, "# %s welcomes readers of every kind.\nUser-agent: *\nDisallow: %s\n", paper.Title, subscribers)
	})
	mux.HandleFunc("GET "+feedPath, func(w http.ResponseWriter, r *http.Request) {
		p.serveFeed(w, r, paper)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		p.serveList(w, r, paper, "")
	})
	mux.HandleFunc("GET /section/{name}", func(w http.ResponseWriter, r *http.Request) {
		p.serveList(w, r, paper, r.PathValue("name"))
	})
	mux.HandleFunc("GET /img/{name}", servePicture)
	mux.HandleFunc("GET /print/{slug}", func(w http.ResponseWriter, r *http.Request) {
		a := p.find(r.PathValue("slug"))
		if a == nil || a.Paper != paper.Name || a.Hidden() {
			http.NotFound(w, r)
			return
		}
		p.serveArticle(w, r, paper, a, "print")
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		for _, a := range p.articles[paper.Name] {
			if a.Path == pathWithID(r.URL) {
				p.serveArticle(w, r, paper, a, paper.Name)
				return
			}
		}
		http.NotFound(w, r)
	})
	p.addTroubles(mux, paper, origins)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.RLock()
		defer p.mu.RUnlock()
		// The pictures of its stored articles would be missing on the web page.
		isPicture := strings.HasPrefix(r.URL.Path, "/img/")
		if p.down[paper.Name] && !isPicture {
			http.Error(w, "out of service", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// pathWithID returns the path with the query parameter id, if there is one. The papers
// ignore all other parameters, such as those for tracking.
func pathWithID(u *url.URL) string {
	if id := u.Query().Get("id"); id != "" {
		return u.Path + "?id=" + id
	}
	return u.Path
}

func (p *press) serveArticle(w http.ResponseWriter, r *http.Request, paper Paper, a *Article, layout string) {
	var body bytes.Buffer
	view := p.view(paper, a.Lang, origin(r))
	view.Article = a
	if p.redesigned[paper.Name] {
		layout = "redesigned"
	}
	for _, other := range p.articles[paper.Name] {
		if other != a && other.Lang == a.Lang && !other.Hidden() && len(view.Others) < 4 {
			view.Others = append(view.Others, other)
		}
	}
	if err := p.layouts[layout].ExecuteTemplate(&body, "article", view); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	changed := a.Published
	if a.Modified.After(changed) {
		changed = a.Modified
	}
	w.Header().Set("Last-Modified", changed.UTC().Format(http.TimeFormat))
	servePage(w, r, paper.Gzip, a.Charset, body.String())
}

// serveList serves the front page, or the page of a section.
func (p *press) serveList(w http.ResponseWriter, r *http.Request, paper Paper, section string) {
	view := p.view(paper, paper.Lang, origin(r))
	view.Section = section
	for _, a := range p.articles[paper.Name] {
		if !a.Hidden() && (section == "" || a.Section == section) {
			view.Others = append(view.Others, a)
		}
	}
	if len(view.Others) == 0 {
		http.NotFound(w, r)
		return
	}
	var body bytes.Buffer
	if err := p.layouts[paper.Name].ExecuteTemplate(&body, "list", view); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	servePage(w, r, paper.Gzip, paper.Charset, body.String())
}

func origin(r *http.Request) string { return "http://" + r.Host }

// servePicture draws a picture that depends on its name: a sky above land or water.
func servePicture(w http.ResponseWriter, r *http.Request) {
	name, isPNG := strings.CutSuffix(r.PathValue("name"), ".png")
	if !isPNG {
		http.NotFound(w, r)
		return
	}
	const width, height = 320, 180
	hash := fnv.New32a()
	hash.Write([]byte(name))
	sum := hash.Sum32()
	horizon := height/3 + int(sum%60)
	sky := color.RGBA{R: 150 + uint8(sum>>8%90), G: 190, B: 230, A: 255}
	ground := color.RGBA{R: uint8(sum >> 16 % 120), G: 90 + uint8(sum>>24%80), B: 90, A: 255}
	picture := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{sky, ground})
	for i := horizon * width; i < len(picture.Pix); i++ {
		picture.Pix[i] = 1
	}
	w.Header().Set("Content-Type", "image/png")
	_ = png.Encode(w, picture) // fails only if the client is gone
}

// view is the data of a layout.
type view struct {
	Paper    Paper
	Origin   string // of the paper itself
	Lang     string // of the page
	Article  *Article
	Section  string // of a list; empty on the front page
	Others   []*Article
	Sections []string
	language *language
}

func (p *press) view(paper Paper, lang, origin string) *view {
	return &view{Paper: paper, Origin: origin, Lang: lang, Sections: p.sections(paper), language: p.languages[lang]}
}

// Label returns a label in the page's language.
func (v *view) Label(name string) string { return v.language.Labels[name] }

// Comments returns the readers' comments.
func (v *view) Comments() []comment { return v.language.Comments }

// Dir returns the page's text direction, as a value of the HTML attribute dir.
func (v *view) Dir() string {
	if rightToLeft(v.Lang) {
		return "rtl"
	}
	return "ltr"
}

// URL returns an article's absolute address.
func (v *view) URL(a *Article) string { return v.Origin + a.address() }

// Charset returns the page's encoding.
func (v *view) Charset() string {
	if v.Article == nil {
		return v.Paper.Charset
	}
	return cmp.Or(v.Article.Charset, v.Paper.Charset)
}

// Byline returns the names of the article's authors as one text.
func (v *view) Byline() string { return strings.Join(v.Article.Authors, v.Label("and")) }

// Published returns the visible date of publication.
func (v *view) Published() string { return v.language.date(v.Article.Published) }

// Updated returns the visible date of the last change.
func (v *view) Updated() string { return v.language.date(v.Article.Modified) }
