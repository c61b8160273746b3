package article_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestTitleVariants has the ways in which sites write their name and sections beside the
// headline, and what else a headline can be.
func TestTitleVariants(t *testing.T) {
	t.Parallel()
	const headline = "大桥恢复双向通车"
	text := strings.Repeat("<p>大桥东段于周二恢复通车，工程师更换了十一根吊索，检测表明损伤开始的时间比任何人预想的都要早几十年，"+
		"当地居民对此表示欢迎。</p>", 6)
	for name, test := range map[string]struct{ title, heading string }{
		"underscores":           {headline + "_城市新闻_晨江网", "<div>" + headline + "</div>"},
		"one underscore":        {headline + "_晨江网", "<div>" + headline + "</div>"},
		"hyphens":               {headline + "-城市新闻-晨江网", "<div>" + headline + "</div>"},
		"dashes":                {headline + "——晨江网", "<h1>" + headline + "</h1>"},
		"one hyphen":            {headline + "-晨江网", "<div>" + headline + "</div>"},
		"wide bar":              {headline + "｜城市新闻｜晨江网", "<div>" + headline + "</div>"},
		"without heading":       {headline + "_城市新闻_晨江网", ""},
		"with spaces":           {headline + " _ 城市新闻 _ 晨江网", "<div>" + headline + "</div>"},
		"heading is a link":     {headline + "_晨江网", `<h1><a href="/a/1.html">` + headline + "</a></h1>"},
		"heading is a button":   {headline + "_晨江网", "<h1><button>" + headline + "</button></h1>"},
		"heading beside a logo": {headline + "_晨江网", `<h1><img alt="晨江网"></h1><h2>` + headline + "</h2>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := extractHTML(t, "<html lang=zh><head><meta charset=utf-8><title>"+test.title+"</title></head><body>"+
				test.heading+"<div>"+text+"</div></body></html>")
			if a.Title != headline {
				t.Errorf("title is %q", a.Title)
			}
		})
	}
}

func TestHyphenInChineseHeadline(t *testing.T) {
	t.Parallel()
	const headline = "晨江至临港铁路今日通车-沿线居民欢迎"
	a := extractHTML(t, "<html lang=zh><head><meta charset=utf-8><title>"+headline+"</title></head><body><div>"+
		strings.Repeat("<p>铁路东段于周二通车，工程师更换了十一根吊索，检测表明损伤开始的时间比任何人预想的都要早几十年，"+
			"当地居民对此表示欢迎。</p>", 6)+"</div></body></html>")
	if a.Title != headline {
		t.Errorf("title is %q", a.Title)
	}
}

// TestHeadingsThatOpenSomething has headings that are buttons or links.
func TestHeadingsThatOpenSomething(t *testing.T) {
	t.Parallel()
	const question = "Can children travel alone?"
	for name, heading := range map[string]string{
		"button":               "<h3><button>" + question + "</button></h3>",
		"button with a span":   "<h3><button type=button aria-expanded=true><span>" + question + "</span></button></h3>",
		"span around a button": "<h3><span><button>" + question + "</button></span></h3>",
		"link to itself":       `<h3 id=children><a href="#children">` + question + "</a></h3>",
		"details":              "<details open><summary>" + question + "</summary>",
		"role":                 `<div role=heading aria-level=3><button>` + question + "</button></div>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := extractHTML(t, storyPage("en", "", storyText+heading+"<p>Yes, from the age of ten. A parent signs, and the "+
				"crew looks after them until they are met on the quay.</p>"))
			if !strings.Contains(a.Text, question) {
				t.Errorf("the text lacks the heading: %q", a.Text)
			}
		})
	}
}

// TestTextOutsideOfTheTree has texts that only scripts or shadow roots show.
func TestTextOutsideOfTheTree(t *testing.T) {
	t.Parallel()
	quoted := func(s string) string {
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	const heading = "<h1>Ferry cut by half</h1>"
	const head = "<html lang=en><head><title>Ferry cut by half</title></head><body>"
	blocks := strings.ReplaceAll(strings.ReplaceAll(storyText, "<p>", `{"type":"p","text":"`), "</p>", `"},`)
	for name, page := range map[string]string{
		"shadow root": `<news-story><template shadowrootmode="open"><style>p{}</style><article><h1>Ferry cut by half</h1>` +
			storyText + `</article></template></news-story>`,
		"closed shadow root": heading + `<news-body><template shadowrootmode=closed>` + storyText +
			`</template></news-body>`,
		"next data, markup": heading + `<script id="__NEXT_DATA__" type="application/json">{"props":{"story":` +
			`{"body":` + quoted(storyText) + `}}}</script>`,
		"next data, blocks": heading + `<script id="__NEXT_DATA__" type="application/json">{"props":{"body":[` +
			strings.TrimSuffix(blocks, ",") + `]}}</script>`,
		"other data": heading + `<script type="application/json; charset=utf-8" data-state>{"a":{"b":` +
			quoted(storyText) + `}}</script>`,
		"nuxt data": heading + `<script type="application/json" id="__NUXT_DATA__">[{"data":1},{"text":2},` +
			quoted(storyText) + `]</script>`,
		"nuxt program": heading + `<script>window.__NUXT__={data:[{body:` + quoted(storyText) + `}]};</script>`,
		"state of a program": heading + `<script>window.__INITIAL_STATE__={"story":{"body":` +
			quoted(storyText) + `}};</script>`,
		"flight": heading + `<script>self.__next_f.push([1,` +
			quoted(`7:["$","div",null,{"dangerouslySetInnerHTML":{"__html":`+quoted(storyText)+"}}]\n") + `])</script>`,
		"flight, text row": heading + `<script>self.__next_f.push([1,` +
			quoted(fmt.Sprintf("9:T%x,%s0:{}\n", len(storyText), storyText)) + `])</script>`,
		"noscript": heading + `<div id=root></div><noscript>` + storyText + `</noscript>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if a := extractHTML(t, head+page+"</body></html>"); !strings.Contains(a.Text, "The ferry to the islands") ||
				!strings.Contains(a.Text, "doubled her order") || strings.Contains(a.Text, "push") {
				t.Errorf("text is %q", a.Text)
			}
		})
	}
}

func TestInertTemplatesAreNotRead(t *testing.T) {
	t.Parallel()
	a := extractHTML(t, storyPage("en", "", "<template><p>This line is copied for each comment.</p></template>"+
		"<template shadowroot-other><p>Nor does this line of a template of the site.</p></template>"))
	if strings.Contains(a.Text, "copied for each") || strings.Contains(a.Text, "Nor does") {
		t.Errorf("the text has that of a template: %q", a.Text)
	}
	// The data of a script does not replace the text of the page.
	other := strings.ReplaceAll(storyText, "The ferry", "Another ferry")
	a = extractHTML(t, storyPage("en", "", `<script type="application/json">{"related":"`+other+`"}</script>`))
	if strings.Contains(a.Text, "Another ferry") {
		t.Errorf("the text has that of a script: %q", a.Text)
	}
}
