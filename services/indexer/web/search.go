package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/store"
)

type searchPage struct {
	Filters api.Filters
	// Copies shows every copy of a story as a hit of its own.
	Copies    bool
	Hits      []searchHit
	Total     total
	Histogram *histogram
	Facets    []facet
	Selected  []choice
	Hidden    []field // filters that the forms of the page keep
	// SinceDay and BeforeDay are the bounds of time as whole days.
	SinceDay, BeforeDay string
	Orders              []option
	Groupings           []option
	Next                string // URL of the next page
	First               string // URL of the first page
	// Query is the query string to save the search with.
	Query string
	// Subscribe is the URL of the form to subscribe to it.
	Subscribe   string
	Feeds       []option
	Exports     []option
	Error       string
	IsFiltered  bool
	IsLaterPage bool
}

// searchHit is an article with its matches marked up. Site and FirstSite are names of
// sites.
type searchHit struct {
	store.Hit
	Title, Snippet  template.HTML
	Site, FirstSite string
}

// total is the number of articles and stories that a search has found.
type total struct {
	Articles, Stories int
	Complete          bool
}

// option is a link that changes the page. Current marks the present state.
type option struct {
	Name, URL string
	Current   bool
}

// field is a hidden field of a form.
type field struct{ Name, Value string }

// copiesParameter is the parameter of the search page that shows every copy.
const copiesParameter = "copies"

func (s *site) search(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	f := api.FiltersOf(v)
	page := searchPage{Filters: f, IsLaterPage: v.Get("cursor") != "", Copies: v.Get(copiesParameter) == "1"}
	status := http.StatusOK
	if err := s.fillSearch(r, &page); err != nil {
		if !errors.Is(err, store.ErrQuery) {
			s.showLibraryError(w, r, err)
			return
		}
		status, page.Error = http.StatusBadRequest, strings.TrimPrefix(err.Error(), store.ErrQuery.Error()+": ")
	}
	s.show(w, r, status, "search", cmp.Or(f.Q, "Articles"), page)
}

// fillSearch runs a search and adds its results to the page.
func (s *site) fillSearch(r *http.Request, page *searchPage) error {
	query, err := page.Filters.Query()
	if err != nil {
		return fmt.Errorf("%w: %w", store.ErrQuery, err)
	}
	query.After, query.OnePerStory = r.URL.Query().Get("cursor"), !page.Copies
	var found store.Page
	var facets store.Facets
	both, ctx := errgroup.WithContext(r.Context())
	both.Go(func() (err error) { found, err = s.Search(ctx, query); return err })
	both.Go(func() (err error) { facets, err = s.Facets(ctx, query); return err })
	if err := both.Wait(); err != nil {
		return err
	}
	names, err := s.siteNames(r.Context(), hostsOf(page.Filters, found, facets))
	if err != nil {
		return err
	}
	page.addHits(found, names)
	values := page.Filters.Values()
	page.IsFiltered = len(values) > 0
	page.addExports(values)
	if page.Copies {
		values.Set(copiesParameter, "1")
	}
	page.addOptions(values)
	if found.Next != "" {
		page.Next = "/?" + with(values, "cursor", found.Next)
	}
	page.Total = total{facets.Articles, facets.Stories, facets.Complete}
	page.Histogram = newHistogram(facets.Times, values)
	page.addFacets(facets, values, names)
	page.addSelected(values, names)
	return nil
}

// siteNames returns the names of sites by host. A site without a known name has its
// host instead, and sites that share a name have both.
func (s *site) siteNames(ctx context.Context, hosts []string) (siteNames, error) {
	known, err := s.SiteNames(ctx, hosts)
	if err != nil {
		return nil, err
	}
	sites := make(map[string]int)
	for _, name := range known {
		sites[name]++
	}
	names := make(siteNames)
	for host, name := range known {
		if sites[name] > 1 {
			name += " (" + host + ")"
		}
		names[host] = name
	}
	return names, nil
}

// siteNames are the names of sites by host.
type siteNames map[string]string

// Of returns the name of the site at a host, or the host.
func (n siteNames) Of(host string) string { return cmp.Or(n[host], host) }

// hostsOf returns the hosts that a page of results mentions, each once.
func hostsOf(f api.Filters, found store.Page, facets store.Facets) []string {
	hosts := slices.Clone(f.Host)
	for _, hit := range found.Hits {
		hosts = append(hosts, hit.Article.GetHost(), hit.First.Host)
	}
	for _, value := range facets.Hosts {
		hosts = append(hosts, value.Value)
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

func (p *searchPage) addHits(found store.Page, names siteNames) {
	for _, hit := range found.Hits {
		p.Hits = append(p.Hits, searchHit{
			Hit: hit, Title: marked(hit.Article.GetTitle(), hit.TitleMatches),
			Snippet: marked(hit.Snippet.Text, hit.Snippet.Matches),
			Site:    names.Of(hit.Article.GetHost()), FirstSite: names.Of(hit.First.Host),
		})
	}
}

// addExports adds the links to the feeds and exports of the search.
func (p *searchPage) addExports(values url.Values) {
	for _, link := range api.Links(values, "") {
		if link.Feed {
			p.Feeds = append(p.Feeds, option{Name: link.Name, URL: link.URL})
		} else {
			p.Exports = append(p.Exports, option{Name: link.Name, URL: link.URL})
		}
	}
	p.Query = values.Encode()
	p.Subscribe = "/subscriptions?" + p.Query
}

// addOptions adds the links that change the order and the grouping, and the hidden
// fields that keep the filters.
func (p *searchPage) addOptions(values url.Values) {
	p.First = "/?" + values.Encode()
	p.SinceDay, p.BeforeDay = daysOf(values.Get("since"), values.Get("before"))
	byRank := p.Filters.Order == "rank"
	p.Orders = []option{
		{"Newest", "/?" + replaced(values, "order", ""), !byRank},
		{"Best match", "/?" + replaced(values, "order", "rank"), byRank},
	}
	p.Groupings = []option{
		{"Stories", "/?" + replaced(values, copiesParameter, ""), !p.Copies},
		{"All copies", "/?" + replaced(values, copiesParameter, "1"), p.Copies},
	}
	for _, name := range sortedNames(values) {
		for _, value := range values[name] {
			if name != "q" {
				p.Hidden = append(p.Hidden, field{name, value})
			}
		}
	}
}

// marked returns a text with its matches marked. The text is escaped.
func marked(text string, matches [][2]int) template.HTML {
	var b strings.Builder
	at := 0
	for _, m := range matches {
		template.HTMLEscape(&b, []byte(text[at:m[0]]))
		b.WriteString("<mark>")
		template.HTMLEscape(&b, []byte(text[m[0]:m[1]]))
		b.WriteString("</mark>")
		at = m[1]
	}
	template.HTMLEscape(&b, []byte(text[at:]))
	return template.HTML(b.String())
}
