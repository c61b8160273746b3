package article_test

import (
	"cmp"
	"strings"
	"testing"
)

// TestMetadataVariants has the ways in which sites declare who wrote an article, and when.
// The page shows neither.
func TestMetadataVariants(t *testing.T) {
	t.Parallel()
	const (
		ld     = `<script type="application/ld+json">`
		news   = `"@type":"NewsArticle","headline":"Ferry cut by half"`
		fields = `"datePublished":"2023-03-03T09:00:00Z","author":{"@type":"Person","name":"Jane Roe"}`
	)
	for name, test := range map[string]struct {
		head, lines     string
		author, publish string // other than Jane Roe on 3 March 2023
	}{
		"article properties": {
			head: `<meta property="article:published_time" content="2023-03-03T09:00:00Z">` +
				`<meta name=author content="Jane Roe">`,
		},
		"parsely page": {
			head: `<meta name="parsely-page" content='{"title":"Ferry cut by half","pub_date":"2023-03-03T09:00:00Z",` +
				`"authors":["Jane Roe"]}'>`,
		},
		"parsely page, one author": {
			head: `<meta name="parsely-page" content="{&quot;pub_date&quot;:&quot;2023-03-03T09:00:00Z&quot;,` +
				`&quot;author&quot;:&quot;Jane Roe&quot;}">`,
		},
		"parsely names": {
			head: `<meta name="parsely-pub-date" content="2023-03-03T09:00:00Z">` +
				`<meta name="parsely-author" content="Jane Roe">`,
		},
		"cXense": {
			head: `<meta name="cXenseParse:recs:publishtime" content="2023-03-03T09:00:00.000Z">` +
				`<meta name="cXenseParse:author" content="Jane Roe">`,
		},
		"cXense, other prefix": {
			head: `<meta property="cXenseParse:publishtime" content="2023-03-03T09:00:00Z">` +
				`<meta property="cXenseParse:abc-author" content="Jane Roe">`,
		},
		"Dublin Core": {
			head: `<meta name="DC.date.issued" content="2023-03-03">` +
				`<meta name="DC.creator" content="Jane Roe">`,
		},
		"Dublin Core terms": {
			head: `<meta name="dcterms.created" content="2023-03-03T09:00:00Z">` +
				`<meta name="dcterms.creator" content="Jane Roe">`,
		},
		"sailthru": {
			head: `<meta name="sailthru.date" content="2023-03-03 09:00">` +
				`<meta name="sailthru.author" content="Jane Roe">`,
		},
		"scholar": {
			head: `<meta name="citation_publication_date" content="2023/03/03">` +
				`<meta name="citation_author" content="Roe, Jane">`,
		},
		"RDFa": {
			lines: `<div vocab="https://schema.org/" typeof="NewsArticle"><span property="author" typeof="Person"><span ` +
				`property="name">Jane Roe</span></span><span property="datePublished" content="2023-03-03T09:00:00Z">today</span>` +
				`</div>`,
		},
		"RDFa with prefix": {
			lines: `<span property="schema:author">Jane Roe</span> <time property="schema:datePublished" ` +
				`datetime="2023-03-03T09:00Z">today</time>`,
		},
		"RDFa of Dublin Core": {
			lines: `<span property="dc:creator">Jane Roe</span> <span property="dc:date dc:created" ` +
				`content="2023-03-03T09:00:00+00:00" datatype="xsd:dateTime">a while ago</span>`,
		},
		"hAtom": {
			lines: `<div class="hentry"><span class="author vcard"><span class="fn">Jane Roe</span></span> ` +
				`<abbr class="published" title="2023-03-03T09:00:00Z">a while ago</abbr></div>`,
		},
		"hAtom value class": {
			lines: `<div class="hentry"><a class="url fn author">Jane Roe</a> <span class="published">` +
				`<span class="value-title" title="2023-03-03T09:00:00Z"></span>a while ago</span></div>`,
		},
		"microformats 2": {
			lines: `<div class="h-entry"><a class="p-author h-card" href="/jane">Jane Roe</a> <time class="dt-published" ` +
				`datetime="2023-03-03T09:00:00Z">a while ago</time></div>`,
		},
		"microdata": {
			lines: `<div itemscope itemtype="https://schema.org/NewsArticle"><span itemprop="author" itemscope ` +
				`itemtype="https://schema.org/Person"><span itemprop="name">Jane Roe</span></span><meta itemprop="datePublished" ` +
				`content="2023-03-03T09:00:00Z"></div>`,
		},
		"microdata, link to name": {
			lines: `<div itemprop="author" itemscope><link itemprop="url" href="/jane">` +
				`<meta itemprop="name" content="Jane Roe"></div>` +
				`<time itemprop="datePublished" datetime="2023-03-03">a while ago</time>`,
		},
		"JSON-LD": {head: ld + `{` + news + `,` + fields + `}</script>`},
		"JSON-LD, list of types": {
			head: ld + `{"@type":["Article","NewsArticle"],"headline":"Ferry cut by half",` + fields + `}</script>`,
		},
		"JSON-LD, type with address": {
			head: ld + `{"@type":"http://schema.org/NewsArticle","headline":"Ferry cut by half",` + fields + `}</script>`,
		},
		"JSON-LD, type with prefix": {
			head: ld + `{"@type":"schema:NewsArticle","headline":"Ferry cut by half",` + fields + `}</script>`,
		},
		"JSON-LD, graph with references": {
			head: ld + `{"@graph":[{"@type":"WebSite","name":"Harbour Post"},{` + news + `,"author":{"@id":"#jane"},` +
				`"datePublished":"2023-03-03T09:00:00Z"},{"@type":"Person","@id":"#jane","name":"Jane Roe"}]}</script>`,
		},
		"JSON-LD, list": {head: ld + `[{"@type":"WebSite"},{` + news + `,` + fields + `}]</script>`},
		"JSON-LD, list of lists": {
			head: ld + `[[{"@type":"WebSite"},{` + news + `,` + fields + `}]]</script>`,
		},
		"JSON-LD, main entity": {
			head: ld + `{"@type":"WebPage","name":"Ferry cut by half","mainEntity":{` + news + `,` + fields + `}}</script>`,
		},
		"JSON-LD, comments": {
			head: ld + "\n// made by the desk\n{" + news + ", /* the date */ " + fields + "}\n</script>",
		},
		"JSON-LD, HTML comment": {head: ld + "<!--\n{" + news + "," + fields + "}\n--></script>"},
		"JSON-LD, CDATA": {
			head: ld + "\n//<![CDATA[\n{" + news + "," + fields + "}\n//]]>\n</script>",
		},
		"JSON-LD, bare CDATA": {
			head: ld + "<![CDATA[{" + news + "," + fields + "}]]></script>",
		},
		"JSON-LD, commas": {
			head: ld + "{" + news + `,"keywords":["ferry","bay",],` + fields + ",}</script>",
		},
		"JSON-LD, semicolon": {head: ld + "{" + news + `,` + fields + "};</script>"},
		"JSON-LD, escaped": {
			head: ld + strings.ReplaceAll("{"+news+`,`+fields+"}", `"`, "&quot;") + "</script>",
		},
		"JSON-LD, escaped by number": {
			head: ld + strings.ReplaceAll("{"+news+`,`+fields+"}", `"`, "&#34;") + "</script>",
		},
		"JSON-LD, values escaped": {
			head:   ld + "{" + news + `,"datePublished":"2023-03-03T09:00:00Z","author":"Jos&eacute; Roe"}</script>`,
			author: "José Roe",
		},
		"JSON-LD, byte order mark": {head: ld + "\ufeff{" + news + `,` + fields + "}</script>"},
		"JSON-LD, type with charset": {
			head: `<script type="application/ld+json; charset=utf-8">{` + news + `,` + fields + "}</script>",
		},
		"JSON-LD, type in capitals": {
			head: `<script type="Application/LD+JSON">{` + news + `,` + fields + "}</script>",
		},
		"JSON-LD, seconds": {
			head: ld + "{" + news + `,"datePublished":1677834000,"author":"Jane Roe"}</script>`,
		},
		"JSON-LD, milliseconds": {
			head: ld + "{" + news + `,"datePublished":1677834000000,"author":["Jane Roe"]}</script>`,
		},
		"JSON-LD, digits": {
			head: ld + "{" + news + `,"datePublished":"1677834000","author":[{"name":["Jane Roe"]}]}</script>`,
		},
		"JSON-LD, date object": {
			head: ld + "{" + news + `,"datePublished":{"@type":"Date","@value":"2023-03-03"},"author":"Jane Roe"}</script>`,
		},
		"number that is not a date": {
			head: ld + "{" + news + `,"datePublished":20,"author":"Jane Roe"}</script>`, publish: "none",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := extractHTML(t, storyPage("en", test.head, test.lines))
			var names []string
			for _, author := range a.Authors {
				names = append(names, author.Name)
			}
			published := "none"
			if a.Published != nil {
				published = a.Published.Value[:len("2023-03-03")]
			}
			author, publish := cmp.Or(test.author, "Jane Roe"), cmp.Or(test.publish, "2023-03-03")
			got := strings.Join(names, ", ")
			if got != author || published != publish || a.Title != "Ferry cut by half" {
				t.Errorf("title %q, authors %q, published %q, want %q and %q", a.Title, got, published, author, publish)
			}
		})
	}
}
