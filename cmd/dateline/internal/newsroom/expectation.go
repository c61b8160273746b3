package newsroom

import "net/url"

// Verdict is how a URL should end.
type Verdict string

// The verdicts.
const (
	// IsArticle: the page is the article.
	IsArticle Verdict = "article"
	// IsRedirected: a redirect leads to the article, which is also listed under its
	// own address. It must be stored once.
	IsRedirected Verdict = "redirected"
	// IsTracked: the article's address with tracking parameters. It must be
	// stored once.
	IsTracked Verdict = "duplicate by tracking parameters"
	// IsAlias: another page of the article, whose rel=canonical is the article's
	// address. It must be stored once.
	IsAlias Verdict = "duplicate by rel=canonical"
	// IsList: a page that lists articles and is not one.
	IsList Verdict = "list"
	// IsMissing: status 404.
	IsMissing Verdict = "not found"
	// IsDenied: robots.txt disallows it. The page exists, so that a crawler that
	// disobeys is noticed.
	IsDenied Verdict = "denied by robots.txt"
	// IsOther: its Content-Type is not HTML.
	IsOther Verdict = "not HTML"
	// IsCut: the connection is reset in the middle of the body, each time.
	IsCut Verdict = "connection reset"
	// IsTorn: the body is gzip that ends in the middle.
	IsTorn Verdict = "truncated gzip"
	// IsEndless: redirects in a circle.
	IsEndless Verdict = "endless redirects"
)

// Expectation is how one URL should end.
type Expectation struct {
	URL  string
	Want Verdict
	// Article is the article that the URL leads to, or nil.
	Article *Article
	// Canonical is the article's own address. It is the same for all URLs that lead to
	// the article, and empty if Article is nil.
	Canonical string
}

// expectations returns an expectation for each article under its own address, with the
// papers taking turns, and for the special addresses in between.
func (p *press) expectations(origins map[string]string) []Expectation {
	var list []Expectation
	troubles := p.troubles(origins)
	for i := range len(p.longest()) {
		for _, paper := range papers {
			if i >= len(p.articles[paper.Name]) {
				continue
			}
			a := p.articles[paper.Name][i]
			e := p.expect(origins, a, a.address(), IsArticle)
			if a.Hidden() {
				e = Expectation{URL: e.URL, Want: IsDenied}
			}
			list = append(list, e)
		}
		if len(troubles) > 0 {
			list, troubles = append(list, troubles[0]), troubles[1:]
		}
	}
	return append(list, troubles...)
}

// longest returns the articles of the paper with the most articles.
func (p *press) longest() []*Article {
	var longest []*Article
	for _, articles := range p.articles {
		if len(articles) > len(longest) {
			longest = articles
		}
	}
	return longest
}

// troubles returns the expectations for the addresses of addTroubles.
func (p *press) troubles(origins map[string]string) []Expectation {
	leads := func(slug, path string, want Verdict) Expectation {
		return p.expect(origins, p.find(slug), path, want)
	}
	tracked := p.find(shared).address() + "?utm_source=letter&utm_medium=email&fbclid=IwAR0example"
	wired := leads(syndicate, "", IsRedirected)
	wired.URL = origins["gazette"] + "/wire/night-train"
	return []Expectation{
		leads(moved, "/go/ferry", IsRedirected),
		{URL: origins["valmere"] + "/de/es-gibt-mich-nicht.html", Want: IsMissing},
		leads(shared, tracked, IsTracked),
		{URL: origins["gazette"] + "/archive/torn-page", Want: IsTorn},
		{URL: origins["ledger"] + "/section/" + url.PathEscape(p.find(moved).Section), Want: IsList},
		{URL: origins["valmere"] + "/fahrplan.pdf", Want: IsOther},
		{URL: origins["meridian"] + "/world/cut-cable", Want: IsCut},
		wired,
		leads(printed, "/print/"+printed, IsAlias),
		{URL: origins["ledger"] + "/go/round", Want: IsEndless},
	}
}

func (p *press) expect(origins map[string]string, a *Article, path string, want Verdict) Expectation {
	origin := origins[a.Paper]
	return Expectation{URL: origin + path, Want: want, Article: a, Canonical: origin + a.address()}
}
