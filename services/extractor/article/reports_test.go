package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// storyText is enough text for an article.
var storyText = strings.Repeat("<p>The ferry to the islands will sail once a day from October, half as often as now, "+
	"because the company found too few engineers who are willing to live there through the winter.</p>"+
	"<p>The harbour master called the plan sad but honest, and the grocer doubled her order of flour.</p>", 3)

// storyPage returns a page with a headline, lines below it and a text.
func storyPage(lang, head, lines string) string {
	return "<!doctype html><html lang=" + lang + "><head><meta charset=utf-8><title>Ferry cut by half</title>" + head +
		"</head><body><article><h1>Ferry cut by half</h1>" + lines + storyText + "</article></body></html>"
}

func extractHTML(t *testing.T, html string) *article.Article {
	t.Helper()
	return extract(t, article.Page{URL: "https://news.example/ferry", Body: []byte(html)})
}

func TestBylinesWithTheDateOnTheSameLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ lang, line, authors, published string }{
		"French": {
			"fr", "<div><span>Par Zoé Lambert</span> <span>Publié le mardi 1er août 2023 à 07h45</span></div>",
			"Zoé Lambert", "2023-08-01",
		},
		"German": {
			"de", "<div>Von Jana Roth und Cem Kaya 12. Dez. 2023, 08:15 Uhr</div>", "Jana Roth, Cem Kaya", "2023-12-12",
		},
		"Polish":  {"pl", "<div>Tekst: Ewa Lis 14 września 2022, 06:50</div>", "Ewa Lis", "2022-09-14"},
		"Hebrew":  {"he", "<div>מאת דנה לוי פורסם ב-5 באוקטובר 2023</div>", "דנה לוי", "2023-10-05"},
		"Catalan": {"ca", `<div><span class=byline>Per Nuria Coll</span> | 27/11/2017</div>`, "Nuria Coll", "2017-11-27"},
		"adjacent elements": {
			"en", "<div><span>By Jane Roe</span><span>February 6, 2024</span><span>4 min read</span></div>", "Jane Roe",
			"2024-02-06",
		},
		"published and updated": {
			"en", "<div><span>By Jane Roe</span><span>Originally published June 3, 2021 · Last updated January 18, 2024" +
				"</span></div>",
			"Jane Roe", "2021-06-03",
		},
		"name and place":   {"fr", `<p class=author>Par Zoé Lambert, à Quimper</p>`, "Zoé Lambert", ""},
		"Chinese, place":   {"zh", `<div class=byline>記者王小明／台北報導</div>`, "王小明", ""},
		"Japanese, bureau": {"ja", `<div class=byline>文・山田花子（横浜支局）</div>`, "山田花子", ""},
		"no names":         {"nl", `<div class=byline>Van onze verslaggever</div>`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := extractHTML(t, storyPage(test.lang, "", test.line))
			var names []string
			for _, author := range a.Authors {
				names = append(names, author.Name)
			}
			if got := strings.Join(names, ", "); got != test.authors {
				t.Errorf("authors = %q, want %q", got, test.authors)
			}
			if test.published != "" && (a.Published == nil || !strings.HasPrefix(a.Published.Value, test.published)) {
				t.Errorf("published = %+v, want %s", a.Published, test.published)
			}
		})
	}
}

func TestDatesThatAreNotOfPublication(t *testing.T) {
	t.Parallel()
	const declared = `<meta property="article:published_time" content="2024-02-06T09:00:00Z">`
	for name, test := range map[string]struct{ head, lines, want string }{
		"span of a life":  {declared, "<p>12 May 1994 – 2 February 2024</p>", "2024-02-06"},
		"picture":         {declared, "<p>Photo taken 3 March 2019</p>", "2024-02-06"},
		"event in a text": {"", "<p>The choir will sing in the tunnel on 14 September 2024 at eight in the evening.</p>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if a := extractHTML(t, storyPage("en", test.head, test.lines)); a.Published != nil {
				got = a.Published.Value
			}
			if len(got) < len(test.want) || got[:len(test.want)] != test.want || test.want == "" && got != "" {
				t.Errorf("published = %q, want %q", got, test.want)
			}
		})
	}
}

func TestMetadataOfOtherVocabularies(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ head, lines string }{
		"parsely-page": {
			head: `<meta name="parsely-page" content='{"pub_date":"2021-09-14T06:30:00Z","authors":["Ruth Moss"]}'>`,
		},
		"cXense": {
			head: `<meta name="cXenseParse:recs:publishtime" content="2021-09-14T06:30:00Z">` +
				`<meta name="cXenseParse:author" content="Ruth Moss">`,
		},
		"RDFa": {
			lines: `<div vocab="http://schema.org/" typeof="NewsArticle"><span property="author" typeof="Person">` +
				`<span property="name">Ruth Moss</span></span> <span property="datePublished" ` +
				`content="2021-09-14T06:30:00Z">a while ago</span></div>`,
		},
		"JSON number": {
			head: `<script type="application/ld+json">{"@type":"NewsArticle","headline":"Ferry cut by half",` +
				`"datePublished":1631601000,"author":{"name":"Ruth Moss"}}</script>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := extractHTML(t, storyPage("en", test.head, test.lines))
			if len(a.Authors) != 1 || a.Authors[0].Name != "Ruth Moss" {
				t.Errorf("authors = %+v, want Ruth Moss", a.Authors)
			}
			if a.Published == nil || !strings.HasPrefix(a.Published.Value, "2021-09-14T06:30") {
				t.Errorf("published = %+v, want 2021-09-14T06:30", a.Published)
			}
		})
	}
}

func TestModifiedFromTheClassOfATimeElement(t *testing.T) {
	t.Parallel()
	a := extractHTML(t, storyPage("en", "", `<time class="entry-date published" `+
		`datetime="2021-09-14T06:30:00Z">a year ago`+
		`</time> <time class=updated datetime="2022-02-02T10:00:00Z">recently</time>`))
	if a.Modified == nil || !strings.HasPrefix(a.Modified.Value, "2022-02-02") {
		t.Errorf("modified = %+v, want 2022-02-02", a.Modified)
	}
}

func TestHiddenTextIsNotRead(t *testing.T) {
	t.Parallel()
	a := extractHTML(t, storyPage("en", "", `<p><span style="display:none">TEMPLATE ERROR</span>The fare stays at `+
		`<a href="/f">two crowns<span style="clip:rect(0,0,0,0);position:absolute;width:1px">, opens new tab</span></a> `+
		`for now<span class="sr-only">, says a reader</span>, the company said.</p><p hidden>A draft that nobody has `+
		`released yet.</p><div style="display: none"><p>An older version of the story, kept for the desk.</p></div>`))
	if !strings.Contains(a.Text, "The fare stays at two crowns for now, the company said.") {
		t.Errorf("the text lacks the sentence around hidden text: %q", a.Text)
	}
	for _, hidden := range []string{"TEMPLATE", "opens new tab", "says a reader", "draft", "older version"} {
		if strings.Contains(a.Text, hidden) {
			t.Errorf("the text contains %q", hidden)
		}
	}
}

func TestHeadingThatIsAButton(t *testing.T) {
	t.Parallel()
	a := extractHTML(t, storyPage("en", "", storyText+`<h3><button>Can children travel alone?</button></h3><p>Yes, from `+
		`the age of ten. A parent signs, and the crew looks after them until they are met on the quay.</p>`))
	if !strings.Contains(a.Text, "Can children travel alone?") {
		t.Errorf("the text lacks the heading: %q", a.Text)
	}
}

func TestChineseTitleWithUnderscores(t *testing.T) {
	t.Parallel()
	a := extractHTML(t, "<html lang=zh><head><meta charset=utf-8><title>大桥恢复双向通车_城市新闻_新闻频道_晨江网</title></head><body>"+
		"<div class=t>大桥恢复双向通车</div><div id=c>"+strings.Repeat("<p>大桥东段于周二恢复通车，工程师更换了十一根吊索，"+
		"检测表明损伤开始的时间比任何人预想的都要早几十年，当地居民对此表示欢迎。</p>", 5)+"</div></body></html>")
	if a.Title != "大桥恢复双向通车" {
		t.Errorf("title = %q, want the part before the first underscore", a.Title)
	}
}

func TestTextInScriptsOfFrameworks(t *testing.T) {
	t.Parallel()
	const sentence = "The ferry to the islands will sail once a day from October, half as often as now, because the " +
		"company found too few engineers who want to live there. "
	part := func(i string) string {
		return `[\"$\",\"p\",\"` + i + `\",{\"children\":\"` + sentence + sentence + `\"}]`
	}
	for name, script := range map[string]string{
		"flight": `self.__next_f.push([1,"5:[\"$\",\"article\",null,{\"children\":[` + part("a") + "," + part("b") + `,"])` +
			`</script><script>self.__next_f.push([1,"` + part("c") + `]}]\n"])`,
		"nuxt": `window.__NUXT__=(function(a,b){return {data:[{title:a,body:b}]}}("Ferry",` +
			`"` + strings.Repeat(`\u003Cp>`+sentence+sentence+`\u003C/p>`, 4) + `"));`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := extractHTML(t, "<html><head><title>Ferry cut by half</title></head><body><h1>Ferry cut by half</h1>"+
				"<div>Loading…</div><script>"+script+"</script></body></html>")
			if !strings.HasPrefix(a.Text, "The ferry to the islands") {
				t.Errorf("text = %q, want that of the script", a.Text)
			}
		})
	}
}
