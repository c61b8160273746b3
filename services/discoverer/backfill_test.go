package discoverer_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// archive is a site whose robots.txt names an index of monthly sitemaps. Each lists its own
// articles and one of the month before. One month is broken, and the index names itself.
type archive struct {
	*httptest.Server
	mu       sync.Mutex
	requests map[string]int
}

const archiveMonths, archivePerMonth = 12, 4

func newArchive(t *testing.T) *archive {
	t.Helper()
	site := &archive{requests: map[string]int{}}
	site.Server = httptest.NewServer(http.HandlerFunc(site.serve))
	t.Cleanup(site.Close)
	return site
}

func (s *archive) path(month, i int) string {
	return fmt.Sprintf("/2019/%02d/ferry-line-%d-opens-again", month, i)
}

func (s *archive) requested(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[path]
}

func (s *archive) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[r.URL.Path]++
	month := 0
	if n, _ := fmt.Sscanf(r.URL.Path, "/map-%d.xml", &month); n == 1 && month <= archiveMonths {
		fmt.Fprint(w, `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
		for i := range archivePerMonth {
			fmt.Fprintf(w, `<url><loc>%s%s</loc></url>`, s.URL, s.path(month, i))
		}
		fmt.Fprintf(w, `<url><loc>%s%s</loc></url></urlset>`, s.URL, s.path(max(1, month-1), 0))
		return
	}
	switch {
	case r.URL.Path == "/robots.txt":
		fmt.Fprintf(w, "User-agent: *\nDisallow: /map-5.xml\nSitemap: %s/index.xml\n", s.URL)
	case r.URL.Path == "/index.xml":
		fmt.Fprint(w, `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
		fmt.Fprintf(w, `<sitemap><loc>%s/index.xml</loc></sitemap><sitemap><loc>%s/gone.xml</loc></sitemap>`, s.URL, s.URL)
		for month := 1; month <= archiveMonths; month++ {
			fmt.Fprintf(w, `<sitemap><loc>%s/map-%d.xml</loc><lastmod>2019-%02d-28</lastmod></sitemap>`, s.URL, month, month)
		}
		fmt.Fprint(w, `</sitemapindex>`)
	case strings.HasPrefix(r.URL.Path, "/2019/"):
		text := strings.Repeat("The ferry crosses the bay every morning, and its passengers wait at the old pier. ", 12)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<html lang="en"><head><title>%[1]s</title><meta property="og:type" content="article"></head>
			<body><article><h1>%[1]s</h1><p>%[2]s</p><p>%[2]s</p></article></body></html>`, r.URL.Path, r.URL.Path+text)
	default:
		http.NotFound(w, r)
	}
}

func (n *newsroom) backfill(t *testing.T, source sources.Source) sources.Backfill {
	t.Helper()
	b, err := n.sources.Backfill(t.Context(), source.ID)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBackfill takes the articles of a part of a year. The monthly sitemaps that end before it are
// not read. A second backfill takes the rest, and not again what is stored.
func TestBackfill(t *testing.T) {
	site, room := newArchive(t), startNewsroom(t)
	source := room.add(t, site.URL)
	start := func(within sources.BackfillRange) sources.Backfill {
		t.Helper()
		if err := room.sources.BackfillSite(t.Context(), source.ID, within); err != nil {
			t.Fatal(err)
		}
		natstest.Eventually(t, "the backfill is done", func() bool {
			return room.backfill(t, source).State == sources.BackfillDone
		})
		return room.backfill(t, source)
	}
	day := func(month time.Month, day int) time.Time { return time.Date(2019, month, day, 0, 0, 0, 0, time.UTC) }
	b := start(sources.BackfillRange{Since: day(9, 1), Until: day(11, 30)})
	want := sources.BackfillCounts{
		Sitemaps: 6, SitemapsRead: 5, SitemapsFailed: 1, // September to December, the index, and the one that is gone
		LeftOut: 5, Found: 12, Requested: 12, Articles: 12, // December, but for one of November, and one of August
	}
	if b.BackfillCounts != want || !strings.Contains(b.Reason, "gone.xml: not_found") {
		t.Errorf("%+v, want %+v; reason %q", b.BackfillCounts, want, b.Reason)
	}
	room.awaitArticles(t, 12)
	if n := site.requested("/map-3.xml"); n > 0 {
		t.Errorf("a sitemap that ends before the range was requested %d times", n)
	}
	room.checkBackfilled(t, site, source)

	b = start(sources.BackfillRange{})
	// The sitemap of May is denied by robots.txt, but that of June lists an article of May.
	const listed = (archiveMonths - 1) * archivePerMonth
	if b.Found != listed+1 || b.Known != 12 || b.Articles != b.Found-12 || b.SitemapsFailed != 2 {
		t.Errorf("%+v", b.BackfillCounts)
	}
	for month := 1; month <= archiveMonths; month++ {
		for i := range archivePerMonth {
			// The first article of May is also in the sitemap of June.
			wanted := 1
			if month == 5 && i > 0 {
				wanted = 0
			}
			if n := site.requested(site.path(month, i)); n != wanted {
				t.Errorf("article %s was requested %d times, want %d", site.path(month, i), n, wanted)
			}
		}
	}
	if n := site.requested("/map-5.xml"); n > 0 {
		t.Errorf("the sitemap that robots.txt denies was requested %d times", n)
	}
}

// checkBackfilled follows an article back to the sitemap that listed it.
func (n *newsroom) checkBackfilled(t *testing.T, site *archive, source sources.Source) {
	t.Helper()
	hit, err := n.store.Article(t.Context(), site.URL+site.path(10, 2))
	if err != nil {
		t.Fatal(err)
	}
	origin := hit.Article.GetOrigin()
	if origin.GetSource() != source.URL || origin.GetEndpointUrl() != site.URL+"/map-10.xml" ||
		origin.GetPosition() != 3 || hit.Article.GetLabels()["project"] != "harbour" {
		t.Errorf("origin %v, labels %v", origin, hit.Article.GetLabels())
	}
}
