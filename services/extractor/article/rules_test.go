package article_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// odd is a page whose structure misleads the general rules.
const odd = `<html lang=en><head><title>The Valley Post</title></head><body>
<div class=z1>Council agrees to repair the old bridge</div>
<div class=z2>By Ada Roe; Ben Doe</div><div class=z3>20 April 2025</div>
<div class=col><p>An appeal of the paper to its readers, which is longer than the article itself,
and is shown before it on each of its pages, as it has been for years.</p>
<p>It goes on at some length, because the paper is poor, and because its readers are kind,
and asks for a gift of any size, by post or by wire.</p></div>
<div class=z4>The bridge will close on Monday.<br><br>It opens in May.<span class=ad> Buy now!</span></div>
</body></html>`

func TestRulesSelectFields(t *testing.T) {
	t.Parallel()
	rules, err := article.ReadRules(fstest.MapFS{"valley.yaml": {Data: []byte(`
hosts: [valleypost.example]
title: .z1
authors: .z2
published: .z3
body: .z4
remove: .ad
---
hosts: [other.example]
title: h2
`)}})
	if err != nil {
		t.Fatal(err)
	}
	page := article.Page{URL: "https://www.valleypost.example/a", Body: []byte(odd)}
	a, err := article.Extract(t.Context(), page, article.Options{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	if a.Title != "Council agrees to repair the old bridge" || a.Text != "The bridge will close on Monday.\n\nIt "+
		"opens in May." {
		t.Errorf("title is %q, text %q", a.Title, a.Text)
	}
	if len(a.Authors) != 2 || a.Authors[1].Name != "Ben Doe" || a.Published == nil || a.Published.Value != "2025-04-20" {
		t.Errorf("authors are %v, published %v", a.Authors, a.Published)
	}
	for _, field := range []string{"title", "authors", "published", "body"} {
		if p := a.Provenance[field]; p.Source != article.FromRule {
			t.Errorf("%s comes from %q", field, p.Source)
		}
	}
	page.URL = "https://elsewhere.example/a"
	a, err = article.Extract(t.Context(), page, article.Options{Rules: rules})
	if err == nil && a.Provenance["body"].Source == article.FromRule {
		t.Error("the rules apply to another host")
	}
}

func TestRulesWithoutMatchChangeNothing(t *testing.T) {
	t.Parallel()
	rules, err := article.NewRules(article.SiteRules{Hosts: []string{"example.com"}, Title: ".gone", Body: "#gone",
		Published: ".gone", Remove: ".gone"})
	if err != nil {
		t.Fatal(err)
	}
	page := article.Page{URL: "https://example.com/a", Body: []byte(pageWith(strings.Repeat(paragraph, 3)))}
	with, err := article.Extract(t.Context(), page, article.Options{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	without := extract(t, page)
	if with.ContentHash != without.ContentHash {
		t.Errorf("the text is %q with rules, %q without", with.Text, without.Text)
	}
	matches, err := rules.Try(page, article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(matches) != 4 || matches[0].Field != "body" || matches[0].Matches != 0 {
		t.Errorf("matches are %+v", matches)
	}
}

func TestTryReportsMatches(t *testing.T) {
	t.Parallel()
	rules, err := article.NewRules(article.SiteRules{Hosts: []string{"example.com"}, Title: "h1", Body: "p"})
	if err != nil {
		t.Fatal(err)
	}
	matches, err := rules.Try(article.Page{URL: "https://news.example.com/a",
		Body: []byte(pageWith(strings.Repeat(paragraph, 3)))}, article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(matches) != 2 || matches[0].Matches != 3 || matches[1].Value != "Council agrees to repair the old bridge" {
		t.Errorf("matches are %+v", matches)
	}
	_, err = rules.Try(article.Page{URL: "https://example.org/a", Body: []byte(odd)}, article.Options{})
	if err == nil || !strings.Contains(err.Error(), "no rules for the host") {
		t.Errorf("the error without rules is %v", err)
	}
}

func TestNewRulesRefusesInvalidRules(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ file, want string }{
		"bad selector":  {"hosts: [a.example]\ntitle: 'div['", "title of a.example is not a CSS selector"},
		"unknown field": {"hosts: [a.example]\nheadline: h1", "field headline not found"},
		"no hosts":      {"title: h1", "rules without hosts"},
		"twice":         {"hosts: [a.example]\n---\nhosts: [A.example]", "host a.example has two sets of rules"},
		"not YAML":      {"hosts: [", "bad.yaml"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := article.ReadRules(fstest.MapFS{"bad.yaml": {Data: []byte(test.file)}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one with %q", err, test.want)
			}
		})
	}
}
