package newsroom

import (
	"reflect"
	"strings"
	"testing"
)

const head = "path: /a?id=1\ntitle: T\nsection: S\nsummary: U\npublished: 2026-11-01T00:00:00Z\n---\n"

func TestParseArticle(t *testing.T) {
	source := head + "One\ntwo.\n\n## H\n\n> Q1\nQ2\n-- Who\n\n- a\n- b\n\n| x | y |\n| 1 | 2 |\n\n" +
		"!image i | alt | cap | cred\n\n!pull One\n\n!embed E | who | https://e.example/\n\n!related R | /r\n"
	a, err := parseArticle(papers[0], "slug", source)
	if err != nil {
		t.Fatal(err)
	}
	want := []Block{
		{Kind: Paragraph, Text: "One two."},
		{Kind: Heading, Text: "H"},
		{Kind: Quote, Text: "Q1 Q2", Source: "Who"},
		{Kind: List, Items: []string{"a", "b"}},
		{Kind: Table, Rows: [][]string{{"x", "y"}, {"1", "2"}}},
		{Kind: Figure, Image: &Image{"i", "alt", "cap", "cred"}},
		{Kind: Pull, Text: "One"},
		{Kind: Embed, Text: "E", Source: "who", URL: "https://e.example/"},
		{Kind: Related, Text: "R", URL: "/r"},
	}
	if !reflect.DeepEqual(a.Body, want) {
		t.Errorf("got %+v", a.Body)
	}
	if a.address() != "/a?id=1" || a.Lang != "en" || a.Charset != "utf-8" || a.Slug != "slug" {
		t.Errorf("got %+v", a)
	}
}

func TestParseArticleRefuses(t *testing.T) {
	for want, source := range map[string]string{
		"three dashes":     "title: T\n",
		"colour: unknown":  "colour: red\n" + head + "P",
		"one of path":      "path: /a\n---\nP",
		"no paragraph":     head + "## H",
		"number of fields": head + "!embed only",
		"want name":        head + "!image only",
		"published":        "published: yesterday\n" + head + "P",
	} {
		if _, err := parseArticle(papers[0], "slug", source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
}

func TestDates(t *testing.T) {
	press, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for slug, want := range map[string]string{
		"ferry-returns":  "19 November 2026, 07:10",
		"sternwarte":     "23. Oktober 2026, 05:45 Uhr",
		"kissaten":       "2026年11月12日 08:00",
		"morskoy-khor":   "14 ноября 2026 г., 12:00",
		"qitar":          "١٨ نوفمبر ٢٠٢٦، ٠٨:٣٠",
		"bagh":           "۱۳ نوامبر ۲۰۲۶، ۰۹:۰۰",
		"le-not-a-slug-": "",
	} {
		a := press.find(slug)
		if want == "" {
			if a != nil {
				t.Errorf("found %s", slug)
			}
			continue
		}
		if got := press.languages[a.Lang].date(a.Published); got != want {
			t.Errorf("%s: got %q, want %q", slug, got, want)
		}
	}
}
