package newsroom

import "net/url"

// Verdict is what should become of a URL.
type Verdict string

// The verdicts.
const (
	// IsArticle: the page is the article.
	IsArticle Verdict = "article"
	// IsRedirected: a redirect leads to the article, which is listed under
	// its own address as well. It must be stored once.
	IsRedirected Verdict = "redirected"
	// IsTracked: the article's address with tracking parameters. It must be
	// stored once.
	IsTracked Verdict = "duplicate by tracking parameters"
	// IsAlias: another page of the article, whose rel=canonical names its
	// address. It must be stored once.
	IsAlias Verdict = "duplicate by rel=canonical"
	// IsList: a page that lists articles and is none.
	IsList Verdict = "list"
	// IsMissing: status 404.
	IsMissing Verdict = "not found"
	// IsDenied: robots.txt disallows it. The page is there, so that it is
	// seen if a crawler does not obey.
	IsDenied Verdict = "denied by robots.txt"
	// IsOther: its Content-Type is not HTML.
	IsOther Verdict = "not HTML"
	// IsCut: the connection is reset in the middle of the body, each time.
	IsCut Verdict = "connection reset"
	// IsTorn: the body is gzip that ends in the middle.
	IsTorn Verdict = "truncated gzip"
	// IsEndless: redirects that lead back to where they began.
	IsEndless Verdict = "endless redirects"
)

// Expectation says what should become of one URL.
type Expectation struct {
	URL  string
	Want Verdict
	// Article is the one that the URL leads to; nil where it leads to none.
	Article *Article
	// Canonical is that article's own address, the same for all URLs that
	// lead to it; empty where Article is nil.
	Canonical string
}

// expectations lists each article under its own address, the papers taking
// turns, and puts the troublesome addresses between them.
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

func (p *press) longest() []*Article {
	var longest []*Article
	for _, articles := range p.articles {
		if len(articles) > len(longest) {
			longest = articles
		}
	}
	return longest
}

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
