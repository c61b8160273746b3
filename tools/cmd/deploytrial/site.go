package main

import (
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"
)

// articles is the number of articles on each host. Any other article is not found.
const articles = 100

var page = template.Must(template.New("article").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<title>{{.Title}} | {{.Host}}</title>
<link rel="canonical" href="http://{{.Host}}/articles/{{.Number}}">
<meta property="og:type" content="article">
<meta property="article:published_time" content="{{.Published}}">
<meta name="author" content="Ada Quayle">
</head><body><article>
<h1>{{.Title}}</h1>
<p>The tide gauge at {{.Host}} was read {{.Number}} times before breakfast, and each reading was entered in the
harbour book by hand.</p>
<p>Nobody on the quay could remember a calmer morning. The pilots drank their tea standing, the gulls sat on the rail,
and the ferry waited a full quarter of an hour for passengers who had stopped to look at the water.</p>
<p>“We measure it because somebody will want to know,” said the harbour master, who has kept the book for thirty-one
years and has missed a single page of it, on the day of her daughter’s wedding.</p>
</article></body></html>
`))

// A feed lists one article more at each interval, up to the maximum number.
const (
	listInterval = 10 * time.Second
	maxListed    = 80
)

var feed = template.Must(template.New("feed").Parse(`<rss version="2.0"><channel>
<title>{{.Host}}</title><link>http://{{.Host}}/</link>
{{range .Items}}<item><title>Harbour book, page {{.Number}}</title>
<link>http://{{$.Host}}/articles/{{.Number}}</link><pubDate>{{.Published}}</pubDate></item>
{{end}}</channel></rss>
`))

// item is an article in a feed.
type item struct {
	Number    int
	Published string
}

// listed returns the articles that the feeds of a site list now. The first one is older
// than the site: the discoverer distrusts dates that are all close to the present.
func listed(started, now time.Time) []item {
	items := make([]item, min(1+int(now.Sub(started)/listInterval), maxListed))
	for i := range items {
		items[i] = item{i + 1, started.Add(time.Duration(i) * listInterval).Format(time.RFC1123Z)}
	}
	items[0].Published = started.Add(-time.Hour).Format(time.RFC1123Z)
	return items
}

// site serves articles on every host name that leads to it, a feed of the first ones, and
// a robots.txt that disallows one folder.
func site() http.Handler {
	mux := http.NewServeMux()
	started := time.Now()
	mux.HandleFunc("GET /feed.xml", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/rss+xml")
		_ = feed.Execute(w, map[string]any{"Host": r.Host, "Items": listed(started, time.Now())})
	})
	mux.HandleFunc("GET /robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "User-agent: *\nDisallow: /private/\n")
	})
	mux.HandleFunc("GET /articles/{number}", func(w http.ResponseWriter, r *http.Request) {
		number, err := strconv.Atoi(r.PathValue("number"))
		if err != nil || number < 1 || number > articles {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, map[string]any{
			"Host": r.Host, "Number": number,
			"Title":     fmt.Sprintf("Harbour book of %s, page %d", r.Host, number),
			"Published": time.Date(2026, time.March, number, 6, 30, 0, 0, time.UTC).Format(time.RFC3339),
		})
	})
	return mux
}
