package trial

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"html/template"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The hosts of the made-up press. The first ones publish, and each of the others
// misbehaves in its own way.
const (
	publishing = 8
	forbidden  = publishing     // answers 403
	throttling = publishing + 1 // answers 429
	failing    = publishing + 2 // answers 503
	closed     = publishing + 3 // robots.txt disallows everything
	hosts      = publishing + 4
)

// press is a set of made-up sites, each on a loopback address of its own.
type press struct {
	origins []string // by host
	nowhere string   // refuses connections
	hook    string   // accepts deliveries
	servers []*http.Server
	serving sync.WaitGroup
}

// hookHost is the host of the web hook.
const hookHost = "127.0.1.251"

// openPress serves the sites and the web hook until close is called.
func openPress(ctx context.Context) (*press, error) {
	p := &press{}
	for host := range hosts {
		origin, err := p.serve(ctx, fmt.Sprintf("127.0.1.%d", host+1), site(host))
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.origins = append(p.origins, origin)
	}
	var err error
	p.hook, err = p.serve(ctx, hookHost, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	// This port was free a moment ago, so connections to it are refused.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.1.250:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("finding a free port: %w", err), p.close())
	}
	p.nowhere = "http://" + listener.Addr().String()
	return p, listener.Close()
}

// serve serves a site on a loopback address, and returns its origin.
func (p *press) serve(ctx context.Context, host string, handler http.Handler) (origin string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", host+":0")
	if err != nil {
		return "", fmt.Errorf("listening for a site: %w", err)
	}
	server := &http.Server{Handler: handler, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	p.servers = append(p.servers, server)
	p.serving.Go(func() { _ = server.Serve(listener) })
	return "http://" + listener.Addr().String(), nil
}

func (p *press) close() error {
	var problems []error
	for _, server := range p.servers {
		problems = append(problems, server.Close())
	}
	p.serving.Wait()
	return errors.Join(problems...)
}

func site(host int) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		if host == closed {
			fmt.Fprint(w, "User-agent: *\nDisallow: /\n")
		}
	})
	status := map[int]int{
		forbidden: http.StatusForbidden, throttling: http.StatusTooManyRequests, failing: http.StatusServiceUnavailable,
	}[host]
	mux.HandleFunc("GET /articles/{number}", func(w http.ResponseWriter, r *http.Request) {
		if status != 0 {
			http.Error(w, "not now", status)
			return
		}
		number, err := strconv.Atoi(r.PathValue("number"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		// Every tenth article comes from an agency and is the same on every host.
		author := fmt.Sprint("host ", host)
		if number%10 == 0 {
			author = "the agency"
		}
		write(w, r.Host, newArticle(author, number, ""), number%7 != 0)
	})
	// The feed lists one article more every second. It always lists an old one: the
	// discoverer distrusts dates that are all close to the present.
	started := time.Now()
	mux.HandleFunc("GET /feed.xml", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/rss+xml")
		fmt.Fprint(w, `<rss version="2.0"><channel><title>The made-up press</title>`)
		item := func(n int, published time.Time) {
			fmt.Fprintf(w, "<item><title>Article number %d</title><link>http://%s/articles/%d</link>", n, r.Host, n)
			fmt.Fprintf(w, "<pubDate>%s</pubDate></item>\n", published.Format(time.RFC1123Z))
		}
		item(0, started.Add(-time.Hour))
		last := int(time.Since(started) / time.Second)
		for n := max(1, last-30); n <= last; n++ {
			item(n, started.Add(time.Duration(n)*time.Second))
		}
		fmt.Fprint(w, "</channel></rss>")
	})
	// This article changes with every visit.
	mux.HandleFunc("GET /live/{number}", func(w http.ResponseWriter, r *http.Request) {
		write(w, r.Host, newArticle("live", 0, time.Now().Format("At 15:04:05.000 the tide gauge was read again.")), true)
	})
	mux.HandleFunc("GET /section/{name}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "<!doctype html><title>Section</title><h1>Section</h1><ul>")
		for n := range 30 {
			fmt.Fprintf(w, `<li><a href="/articles/%d">A headline that leads to article number %d</a></li>`, n, n)
		}
		fmt.Fprint(w, "</ul>")
	})
	return mux
}

// content is the content of an article.
type content struct {
	Title, Author, Published string
	Paragraphs               []string
}

var words = strings.Fields(`harbour ferry council bridge winter market school river station teacher engine garden
	museum captain window letter village doctor bakery railway garage festival library island mountain valley orchard
	lantern kitchen tunnel concert painter journal cabinet meadow timber quarry signal theatre bicycle compass weather`)

// newArticle makes up an article, which depends only on the author and the number. The
// addition is inserted at the start.
func newArticle(author string, number int, addition string) content {
	seed := fnv.New64a()
	fmt.Fprint(seed, author, number)
	random := rand.New(rand.NewPCG(seed.Sum64(), 1))
	word := func() string { return words[random.IntN(len(words))] }
	s := content{
		Title:     fmt.Sprintf("The %s and the %s of the %s %s", word(), word(), word(), word()),
		Author:    "Ada Quayle",
		Published: time.Date(2026, time.March, 1+number%28, 6, 30, 0, 0, time.UTC).Format(time.RFC3339),
	}
	for range 6 {
		var paragraph strings.Builder
		for range 4 {
			fmt.Fprintf(&paragraph, "The %s by the %s was older than the %s, and nobody who had seen the %s "+
				"would forget the %s near the %s. ", word(), word(), word(), word(), word(), word())
		}
		s.Paragraphs = append(s.Paragraphs, paragraph.String())
	}
	if addition != "" {
		s.Paragraphs[0] = addition + " " + s.Paragraphs[0]
	}
	return s
}

var page = template.Must(template.New("article").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Text.Title}} | {{.Host}}</title>
{{if .Complete}}<meta property="og:type" content="article">
<meta property="article:published_time" content="{{.Text.Published}}">
<meta name="author" content="{{.Text.Author}}"><meta property="og:image" content="http://{{.Host}}/image.jpg">{{end}}
</head><body><article><h1>{{.Text.Title}}</h1>{{range .Text.Paragraphs}}<p>{{.}}</p>
{{end}}</article></body></html>
`))

// write sends an article. Unless complete, it has no author, date and image.
func write(w http.ResponseWriter, host string, s content, complete bool) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, map[string]any{"Host": host, "Text": s, "Complete": complete})
}
