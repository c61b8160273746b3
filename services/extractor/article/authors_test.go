package article_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestAuthorsInTheText(t *testing.T) {
	t.Parallel()
	const site = `<script type="application/ld+json">{"@type":"NewsArticle","headline":"Council agrees to repair the old bridge","author":{"@type":"Organization","name":"The Valley Post"}}</script><meta property="og:site_name" content="The Valley Post">`
	for name, c := range map[string]struct{ head, before, after, want string }{
		"a byline":                        {before: "<p>By Ada Roe and Ben Doe</p>", want: "Ada Roe, Ben Doe"},
		"behind a date":                   {before: "<p>March 15, 2022 · 3 min read · By Ada Roe</p>", want: "Ada Roe"},
		"without a space":                 {before: "<div>ByAda Roe</div>", want: "Ada Roe"},
		"a label of its own":              {before: "<div>Autorin</div><div>Ada Roe</div>", want: "Ada Roe"},
		"a name beside a date":            {before: "<p>Ada Roe</p><p>15 March 2022</p>", want: "Ada Roe"},
		"a name, a role, a date":          {before: "<p>Ada Roe | Senior Writer | July 2, 2025</p>", want: "Ada Roe"},
		"a day behind the name":           {before: "<p>Posted by Ada Roe on Friday December 19, 2025</p>", want: "Ada Roe"},
		"where it was written":            {before: "<p>By Ada Roe in Oldquay</p>", want: "Ada Roe"},
		"a line about the author":         {after: "<div><h3>Ada Roe</h3><p>Ada Roe is a reporter at the paper.</p></div>", want: "Ada Roe"},
		"who reviewed it":                 {before: `<p class="byline">By <a href="/author/ada">Ada Roe</a></p><p class="byline">Reviewed by <a href="/author/ben">Ben Doe</a></p>`, want: "Ada Roe"},
		"role alone":                      {before: `<p class="byline"><a href="/author/ada">Ada Roe</a> <a href="/author/x">Contributing Writer</a></p>`, want: "Ada Roe"},
		"role behind the name":            {before: `<p class="byline"><a href="/author/ada">Ada Roe Senior Tech Reporter</a></p>`, want: "Ada Roe"},
		"declared for a card":             {head: `<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" content="Ada Roe">`, want: "Ada Roe"},
		"the site, and a writer in bold":  {head: site, before: "<p><strong>Ada Roe/Ben Doe</strong></p>", want: "Ada Roe, Ben Doe"},
		"the site alone":                  {head: site, before: "<p>Oldquay Bridge</p>", want: "The Valley Post"},
		"Chinese editors":                 {after: "<p>(责编：牛镛、岳弘彬)</p>", want: "牛镛, 岳弘彬"},
		"a place beside a date is nobody": {before: "<p>Latest News</p><p>15 March 2022</p>", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := strings.Replace(story(c.before+strings.Repeat(paragraph, 8)+c.after), "<head>", "<head>"+c.head, 1)
			a, err := article.Extract(t.Context(), article.Page{Body: []byte(page)}, article.Options{})
			if err != nil {
				t.Fatal(err)
			}
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

func TestKindsOfAuthors(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]article.AuthorKind{
		"Ada Roe": article.Person, "AFP": article.Organisation, "Valley Post Staff": article.Organisation, "新华社": article.Organisation, "Ben Newsome": article.Person,
	} {
		page := strings.Replace(story(strings.Repeat(paragraph, 8)), "<head>", fmt.Sprintf(`<head><script type="application/ld+json">{"@type":"NewsArticle","headline":"Council agrees to repair the old bridge","author":[{"name":%q},{"name":"Cy Poe"}]}</script>`, name), 1)
		a, err := article.Extract(t.Context(), article.Page{Body: []byte(page)}, article.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Authors) != 2 || a.Authors[0].Kind != want {
			t.Errorf("%s: authors are %+v, want the first a %s", name, a.Authors, want)
		}
	}
}

func TestWhoChangedTheArticleIsNoAuthor(t *testing.T) {
	t.Parallel()
	page := `<script type="application/ld+json">{"@type": "NewsArticle", "headline": "x", "author": [{"@type": "Person", "name": "Nora Feld"}, {"@type": "Person", "name": "Updated by Otto Kern"}, {"name": "Updated"}]}</script>` + story(strings.Repeat(paragraph, 8))
	a, err := article.Extract(t.Context(), article.Page{Body: []byte(page)}, article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Authors) != 1 || a.Authors[0].Name != "Nora Feld" {
		t.Errorf("authors are %+v", a.Authors)
	}
}
