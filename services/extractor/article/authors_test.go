package article_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestAuthors(t *testing.T) {
	t.Parallel()
	const site = `<script type="application/ld+json">{"@type":"NewsArticle","headline":"Council agrees to repair ` +
		`the old bridge","author":{"@type":"Organization","name":"The Valley Post"}}</script><meta ` +
		`property="og:site_name" content="The Valley Post">`
	for name, c := range map[string]struct{ head, before, after, want string }{
		"a byline":               {before: "<p>By Ada Roe and Ben Doe</p>", want: "Ada Roe, Ben Doe"},
		"after a date":           {before: "<p>March 15, 2022 · 3 min read · By Ada Roe</p>", want: "Ada Roe"},
		"without a space":        {before: "<div>ByAda Roe</div>", want: "Ada Roe"},
		"label on its own line":  {before: "<div>Autorin</div><div>Ada Roe</div>", want: "Ada Roe"},
		"a name beside a date":   {before: "<p>Ada Roe</p><p>15 March 2022</p>", want: "Ada Roe"},
		"a name, a role, a date": {before: "<p>Ada Roe | Senior Writer | July 2, 2025</p>", want: "Ada Roe"},
		"date after the name": {
			before: "<p>Posted by Ada Roe on Friday December 19, 2025</p>", want: "Ada Roe",
		},
		"place after the name": {before: "<p>By Ada Roe in Oldquay</p>", want: "Ada Roe"},
		"a line about the author": {
			after: "<div><h3>Ada Roe</h3><p>Ada Roe is a reporter at the paper.</p></div>", want: "Ada Roe",
		},
		"German label and photographer": {
			before: "<p>Text von Ada Roe   Illustration von Ben Doe</p>", want: "Ada Roe",
		},
		"kind of text as a label": {before: `<p class="author">Interview: Ada Roe</p>`, want: "Ada Roe"},
		"a weekday after the name": {
			before: `<p class="byline"><span>By</span><a href="/author/ada">Ada Roe</a> <span>Thursday</span></p>`,
			want:   "Ada Roe",
		},
		"an initial at the end": {before: `<p class="byline">By Ada R.</p>`, want: "Ada R."},
		"link to all articles of the author": {
			after: `<p class="author-bio"><a rel="author" href="/author/ada">Zeige alle Beiträge von Ada Roe →</a></p>`,
			want:  "Ada Roe",
		},
		"hCard in the footer of an entry": {
			after: `<div class="hentry"><div class="post-footer"><span class="post-author vcard">Eingestellt von ` +
				`<span class="fn">der Müller</span></span></div></div>`,
			want: "der Müller",
		},
		"account of the author": {
			before: `<p><span class="author vcard"><a rel="author" href="/author/roe1984">roe1984</a></span></p>`,
			want:   "roe1984",
		},
		"licence beside the name": {
			after: `<p>Von <a rel="author" href="/author/ada">Ada Roe</a>, <a rel="license author" ` +
				`href="https://creativecommons.org/licenses/by/4.0/">Creative Commons Namensnennung</a></p>`,
			want: "Ada Roe",
		},
		"text about the author in another link": {
			before: `<p class="byline"><a href="/author/ada">Ada Roe</a> <a href="/author/ada">a founder of the paper</a></p>`,
			want:   "Ada Roe",
		},
		"editorial staff declared": {
			head: `<meta name="twitter:label1" content="Geschrieben von"><meta name="twitter:data1" content="Redaktion">`,
			want: "Redaktion",
		},
		"editorial staff declared, and a writer": {
			head:   `<meta name="author" content="Redaktion">`,
			before: "<p>Text von Ada Roe</p>", want: "Ada Roe",
		},
		"reviewer": {
			before: `<p class="byline">By <a href="/author/ada">Ada Roe</a></p><p class="byline">Reviewed by <a ` +
				`href="/author/ben">Ben Doe</a></p>`,
			want: "Ada Roe",
		},
		"link to a role": {
			before: `<p class="byline"><a href="/author/ada">Ada Roe</a> <a href="/author/x">Contributing Writer` +
				`</a></p>`,
			want: "Ada Roe",
		},
		"role after the name": {
			before: `<p class="byline"><a href="/author/ada">Ada Roe Senior Tech Reporter</a></p>`, want: "Ada Roe",
		},
		"declared for a Twitter card": {
			head: `<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" content="Ada Roe">`,
			want: "Ada Roe",
		},
		"the site, and a writer in bold": {
			head: site, before: "<p><strong>Ada Roe/Ben Doe</strong></p>", want: "Ada Roe, Ben Doe",
		},
		"only the site":   {head: site, before: "<p>Oldquay Bridge</p>", want: "The Valley Post"},
		"Chinese editors": {after: "<p>(责编：牛镛、岳弘彬)</p>", want: "牛镛, 岳弘彬"},
		"the site, and a label": {
			head: `<meta name="author" content="The Valley Post"><meta property="og:site_name" content="The ` +
				`Valley Post">`,
			before: "<p>Written by Ada Roe</p>", want: "Ada Roe",
		},
		"the site, and initials": {head: site, before: `<p class="byline">amw</p>`, want: "The Valley Post"},
		"the site with agencies": {
			head: site, before: `<p class="byline">By The Valley Post with Agencies</p>`, want: "The Valley Post",
		},
		"an account, and a byline": {
			head: `<meta name="author" content="ada.roe">`, before: "<p>By Ada Roe</p>", want: "Ada Roe",
		},
		"only an account": {head: `<meta name="author" content="ada.roe">`, want: "ada.roe"},
		"the administrator": {
			before: `<p>by <a rel="author" href="https://valley.example/author/admin/">Valley D</a></p><p>` +
				`<strong>ADA ROE</strong></p>`,
			want: "ADA ROE",
		},
		"a first name, and the full name": {
			head: `<meta name="author" content="Ada">`, before: "<p>Ada Roe</p><p>15 March 2022</p>",
			want: "Ada Roe",
		},
		"writer and publication declared": {
			head: strings.Replace(site, `{"@type":"Organization","name":"The Valley Post"}`,
				`[{"@type":"Person","name":"Ada Roe"},{"@type":"Organization","name":"valley-post"}]`, 1),
			want: "Ada Roe, valley-post",
		},
		"sections after the name": {
			before: `<p class="byline"><a href="/author/ada">Ada Roe</a> <a href="/author/x">Podcast</a> <a ` +
				`href="/author/y">Written by</a></p>`,
			want: "Ada Roe",
		},
		"an agency after the name": {before: `<p class="byline">Von Ada Roe, dpa</p>`, want: "Ada Roe, dpa"},
		"editors' signatures": {
			after: `<p>Radio 4, 15.4.2024; <span itemprop="author">vp/hob;kem</span></p>`, want: "vp/hob, kem",
		},
		"a reviewer in the same line": {
			before: `<p class="byline">By Ada Roe, reviewed by Ben Doe</p>`, want: "Ada Roe",
		},
		"on behalf of others": {
			before: `<p class="author">March 15, 2022 · Ada Roe on behalf of the Bridge Team</p>`, want: "Ada Roe",
		},
		"footnote marks": {
			before: `<p class="byline">Ada Roe1, Ben Doe2</p>`, want: "Ada Roe, Ben Doe",
		},
		"another name in brackets": {before: "<p>By Ada (Lin) Roe</p>", want: "Ada (Lin) Roe"},
		"an aside before the headline": {
			head: "", before: `<aside class="post-author">Ada Roe</aside>`, want: "Ada Roe",
		},
		"icon of a person": {
			before: `<ul class="entry-meta"><li><i class="bi bi-person"></i> Ada Roe</li></ul>`, want: "Ada Roe",
		},
		"label before a list": {
			before: "<h6>Author(s)</h6><ul><li>Ada Roe</li><li>Ben Doe</li></ul>", want: "Ada Roe, Ben Doe",
		},
		"personal site": {
			head: `<meta property="og:site_name" content="Ada Roe's notes">`,
			after: "<p>I went to the bridge myself, since I live beside it, and I asked the keeper what I had " +
				"wondered about for years, and my friends with me.</p>",
			want: "Ada Roe",
		},
		"company site": {
			head: `<meta property="og:site_name" content="Bridge Masters">`,
			after: "<p>We went to the bridge ourselves, since we live beside it, and I asked the keeper what we " +
				"had wondered about for years, and our friends with us.</p>",
			want: "",
		},
		"Chinese reporters": {before: "<p>記者王小明／台北報導</p>", want: "王小明"},
		"a Korean reporter": {before: "<p>서울=김민수 기자</p>", want: "김민수"},
		"Persian":           {before: "<p>نویسنده: علی رضایی</p>", want: "علی رضایی"},
		"Arabic":            {before: "<p>بقلم: سامي حداد</p>", want: "سامي حداد"},
		"Hebrew":            {before: "<p>מאת: דנה כהן</p>", want: "דנה כהן"},
		"Greek":             {before: "<p>Γράφει ο Νίκος Παπάς</p>", want: "Νίκος Παπάς"},
		"Hungarian": {
			before: "<p>Írta: Kovács Ada és Szabó Bence</p>", want: "Kovács Ada, Szabó Bence",
		},
		"Ukrainian": {
			before: "<p>Автор: Іван Петренко та Олена Коваль</p>", want: "Іван Петренко, Олена Коваль",
		},
		"Romanian": {
			before: "<p>Autori: Ana Popescu și Ion Ionescu</p>", want: "Ana Popescu, Ion Ionescu",
		},
		"Indonesian": {
			before: "<p>Penulis: Budi Santoso dan Siti Aminah</p>", want: "Budi Santoso, Siti Aminah",
		},
		"Vietnamese": {
			before: "<p>Tác giả: Nguyễn Văn An và Trần Thị Bình</p>", want: "Nguyễn Văn An, Trần Thị Bình",
		},
		"a heading beside a date is not a name": {before: "<p>Latest News</p><p>15 March 2022</p>", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := strings.Replace(pageWith(c.before+strings.Repeat(paragraph, 8)+c.after), "<head>", "<head>"+c.head, 1)
			a := extract(t, article.Page{Body: []byte(page)})
			var names []string
			for _, author := range a.Authors {
				names = append(names, author.Name)
			}
			if got := strings.Join(names, ", "); got != c.want {
				t.Errorf("authors are %q, want %q", got, c.want)
			}
		})
	}
}

func TestAuthorKinds(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]article.AuthorKind{
		"Ada Roe": article.Person, "AFP": article.Organisation, "Valley Post Staff": article.Organisation,
		"新华社": article.Organisation, "Ben Newsome": article.Person,
	} {
		page := strings.Replace(pageWith(strings.Repeat(paragraph, 8)), "<head>",
			fmt.Sprintf(`<head><script type="application/ld+json">{"@type":"NewsArticle","headline":"Council `+
				`agrees to repair the old bridge","author":[{"name":%q},{"name":"Cy Poe"}]}</script>`, name), 1)
		a := extract(t, article.Page{Body: []byte(page)})
		if len(a.Authors) != 2 || a.Authors[0].Kind != want {
			t.Errorf("%s: authors are %+v, want the first a %s", name, a.Authors, want)
		}
	}
}

// TestAuthorsAreBounded has a page that declares more authors than anybody reads.
func TestAuthorsAreBounded(t *testing.T) {
	t.Parallel()
	var declared []string
	for i := range 40 {
		declared = append(declared, fmt.Sprintf(`{"@type":"Person","name":"Ada %[1]c%[1]croe"}`, 'A'+i%26))
	}
	page := strings.Replace(pageWith(strings.Repeat(paragraph, 8)), "<head>", `<head><script `+
		`type="application/ld+json">{"@type":"NewsArticle","headline":"Council agrees to repair the old bridge",`+
		`"author":[`+strings.Join(declared, ",")+`]}</script>`, 1)
	a := extract(t, article.Page{Body: []byte(page)})
	if len(a.Authors) != 12 || a.Authors[0].Name != "Ada AAroe" {
		t.Errorf("%d authors, want the first 12: %+v", len(a.Authors), a.Authors)
	}
}

// TestAuthorsOfARuleAreBounded has a page on which the site's rule selects more authors than anybody reads.
func TestAuthorsOfARuleAreBounded(t *testing.T) {
	t.Parallel()
	rules, err := article.NewRules(article.SiteRules{Hosts: []string{"example.com"}, Authors: ".writer"})
	if err != nil {
		t.Fatal(err)
	}
	var names strings.Builder
	for i := range 26 {
		fmt.Fprintf(&names, "<p class=writer>Ada %[1]c%[1]croe</p>", 'A'+i)
	}
	a, err := article.Extract(t.Context(), article.Page{
		URL: "https://example.com/a", Body: []byte(pageWith(names.String() + strings.Repeat(paragraph, 8))),
	}, article.Options{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Authors) != 12 || a.Authors[0].Name != "Ada AAroe" {
		t.Errorf("%d authors, want the first 12: %+v", len(a.Authors), a.Authors)
	}
}

// TestDeclaredNamesThatAddNoAuthor declares the author's initials, role or a longer text as another author.
func TestDeclaredNamesThatAddNoAuthor(t *testing.T) {
	t.Parallel()
	for second, want := range map[string]int{
		"AR": 1, "Editor": 1, "Ada Roe Last updated on": 1,
		"CP": 2, "Reuters": 2, "Cy Poe": 2,
	} {
		page := strings.Replace(pageWith(strings.Repeat(paragraph, 8)), "<head>",
			fmt.Sprintf(`<head><script type="application/ld+json">{"@type":"NewsArticle","headline":"Council `+
				`agrees to repair the old bridge","author":[{"name":"Ada Roe"},{"name":%q}]}</script>`, second), 1)
		a := extract(t, article.Page{Body: []byte(page)})
		if len(a.Authors) != want || a.Authors[0].Name != "Ada Roe" {
			t.Errorf("beside %q, the authors are %+v, want Ada Roe and %d more", second, a.Authors, want-1)
		}
	}
}

func TestEditorOfAChangeIsNotAnAuthor(t *testing.T) {
	t.Parallel()
	page := `<script type="application/ld+json">{"@type": "NewsArticle", "headline": "x", "author": [{"@type": ` +
		`"Person", "name": "Nora Feld"}, {"@type": "Person", "name": "Updated by Otto Kern"}, {"name": ` +
		`"Updated"}]}</script>` + pageWith(strings.Repeat(paragraph, 8))
	a := extract(t, article.Page{Body: []byte(page)})
	if len(a.Authors) != 1 || a.Authors[0].Name != "Nora Feld" {
		t.Errorf("authors are %+v", a.Authors)
	}
}

func TestAuthorsOfLinesAndItems(t *testing.T) {
	t.Parallel()
	const cited = `<div itemscope itemtype="https://schema.org/Article"><span itemprop=author>Cyd Poe</span></div>`
	for name, c := range map[string]struct{ url, before, after, want string }{
		"date, time, name":   {before: "<small>04.02.2022 | 13:10 Uhr | Ada Roe</small>", want: "Ada Roe"},
		"date, name":         {before: "<p>11.12.2019 - Ada Roe</p>", want: "Ada Roe"},
		"date, two names":    {before: "<p>11.12.2019 - Ada Roe - Ben Doe</p>", want: ""},
		"date, section":      {before: "<p>11.12.2019 - Local News</p>", want: ""},
		"name and agency":    {before: "<div><h5>Autorin: </h5>Ada Roe/XY-Z</div>", want: "Ada Roe"},
		"line of a block":    {before: "<div>Datum: 19.11.2021<br>Autorin: Ada Roe<br>Quelle: Quay</div>", want: "Ada Roe"},
		"headline with von":  {before: "<p>Von Masken über Tests bis Impfung</p>", want: ""},
		"opener of a thread": {before: `<p class=byline>Themenstarter Seepferd</p>`, want: "Seepferd"},
		"account of the site": {
			url: "https://ada.example/a",
			before: `<p class=author><a href=/author/ada-roe>Ada Roe</a> ` +
				`<a href=/author/adas-log>ada</a></p>`,
			want: "Ada Roe",
		},
		"section of celebrities": {
			before: `<p><a href="/people/portraits/42-a.html">Eine andere Art von Kirche</a></p>`, want: "",
		},
		"university": {before: `<p class=author><a href=/author/ada-roe>Ada Roe</a> ` +
			`<a href=/author/oldquay>University of Oldquay</a></p>`, want: "Ada Roe"},
		"university in Turkish": {before: `<p class=author><a href=/author/ada-roe>Ada Roe</a> ` +
			`<a href=/author/oldquay>Oldquay Üniversitesi</a></p>`, want: "Ada Roe"},
		"items of cited works": {
			before: `<div itemscope itemtype="https://schema.org/Article"><span itemprop=author>Ada Roe</span></div>`,
			after:  cited, want: "Ada Roe",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<html lang=de><head><title>Council agrees to repair the old bridge</title></head><body>" +
				"<h1>Council agrees to repair the old bridge</h1>" + c.before + strings.Repeat(paragraph, 6) + c.after +
				"</body></html>"
			a := extract(t, article.Page{URL: cmp.Or(c.url, "https://www.example.de/a/1"), Body: []byte(page)})
			var names []string
			for _, author := range a.Authors {
				names = append(names, author.Name)
			}
			if got := strings.Join(names, ", "); got != c.want {
				t.Errorf("authors are %q, want %q", got, c.want)
			}
		})
	}
}
