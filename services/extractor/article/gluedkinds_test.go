package article_test

import (
	"strings"
	"testing"
)

// Sites separate adjacent elements by style. Their texts are words of their own.
func TestAdjacentElementsAreSeparated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ markup, want string }{
		"spans": {
			`<div><span>Karin Ostrander</span><span>Originally printed in May.</span></div>`,
			"Ostrander Originally",
		},
		"digits": {
			`<div><span>Read in 2024</span><span>4 minutes of your time.</span></div>`,
			"2024 4 minutes",
		},
		"bold label in a div": {`<div><b>Where</b><span>The old harbour, on the quay.</span></div>`, "Where The old"},
		"strong then link": {
			`<div><strong>Tickets</strong><a href=/t>Harbour office</a><span> on the quay, from nine.</span></div>`,
			"Tickets Harbour",
		},
		"label elements": {
			`<div><label>Place</label><span>The old harbour, on the quay.</span></div>`,
			"Place The old",
		},
		"paragraph": {
			`<p><span>The masons said no</span><span>But the mayor insisted on the arch.</span></p>`,
			"said no But",
		},
		"paragraph, bold": {
			`<p><strong>The masons said no</strong><span>But the mayor insisted on the arch.</span></p>`,
			"said no But",
		},
		"after a stop": {
			`<p><span>The masons said no.</span><span>But the mayor insisted on it.</span></p>`,
			"said no. But",
		},
		"after a colon": {
			`<p><strong>Opening hours:</strong><span>Monday to Friday, nine to five.</span></p>`,
			"hours: Monday",
		},
		"cyrillic": {
			`<div><span>Анна Роева</span><span>Источник в городском совете.</span></div>`,
			"Роева Источник",
		},
		"greek": {`<div><span>Άντα Ρόη</span><span>Πηγή στο δημοτικό συμβούλιο.</span></div>`, "Ρόη Πηγή"},
		"list item": {
			`<ul><li><b>Harbour</b><span>The ferry leaves at nine.</span></li><li><b>Quay</b>` +
				`<span>The boat waits.</span></li></ul>`,
			"Harbour The ferry",
		},
		"links in a list": {
			`<div><a href=/a>Read the plan</a><a href=/b>Ask the mayor</a>` +
				`<span>, who is in his office on the quay from nine to five.</span></div>`,
			"plan Ask",
		},
		"time": {
			`<div><time>12 May 2024</time><span>Ferry times change on Monday.</span></div>`,
			"2024 Ferry",
		},
		"heading": {`<h3><span>Chapter one</span><span>The ferry sails</span></h3>` + paragraph, "one The ferry"},
		"icon between": {
			`<div><span>Karin Ostrander</span><i class=icon></i><span>Originally printed in May.</span></div>`,
			"Ostrander Originally",
		},
		"deep": {
			`<div><span><b>The mayor and Karin Ostrander</b></span><span>` +
				`<span>Originally wanted a bridge of steel.</span></span></div>`,
			"Ostrander Originally",
		},
		"quote marks": {
			`<div><span>Karin Ostrander</span><span>“Originally” printed in May.</span></div>`,
			"Ostrander “Originally",
		},
		"td": {
			`<table><tr><td><span>Karin Ostrander</span><span>Originally printed in May.</span></td><td>x</td>` +
				`</tr></table>`,
			"Ostrander Originally",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := textOf(t, pageWith("<article>"+storyText+c.markup+strings.Repeat(paragraph, 2)+"</article>"))
			text = strings.Join(strings.Fields(text), " ")
			if !strings.Contains(text, c.want) {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}

// Elements within a word do not separate its parts.
func TestElementsInWordsDoNotSeparate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ markup, want string }{
		"first letter": {`<p><b>H</b>ello said the mayor to all of the masons on the bridge.</p>`, "Hello said"},
		"drop cap": {
			`<p><span class=dropcap>T</span><span>he mayor came to see all of the masons.</span></p>`,
			"The mayor",
		},
		"drop caps": {
			`<p><span class=dropcap>T</span><span>HE MAYOR</span> came to see all of the masons.</p>`,
			"THE MAYOR came",
		},
		"opening words": {
			`<p><span>TH</span><span>E MAYOR</span> came to see all of the masons on the bridge.</p>`,
			"THE MAYOR",
		},
		"half a word": {
			`<p>The <em>re</em><strong>build</strong> of the bridge takes a year or more of work.</p>`,
			"rebuild",
		},
		"camel case": {
			`<p>The app <span>You</span><span>Tube</span> shows the bridge and the masons at work.</p>`,
			"YouTube",
		},
		"camel case, longer": {
			`<p>The app <b>Daily</b><b>Motion</b> shows the bridge and the masons at work.</p>`,
			"DailyMotion",
		},
		"chemistry": {
			`<p>The lime takes in CO<sub>2</sub> and gives off H<sub>2</sub>O when it hardens in the sun.</p>`,
			"CO2 and gives off H2O",
		},
		"ordinal": {
			`<p>On the 4<sup>th</sup> of May the masons reached the middle arch of the bridge.</p>`,
			"4th of May",
		},
		"genitive": {
			`<p>The <a href=/x>masons</a>' work on <a href=/y>Roe</a>’s bridge went on for a whole year.</p>`,
			"masons' work on Roe’s",
		},
		"Chinese":  {`<p><span>昨天下午市政府</span><span>决定修复旧石桥，冬天之前完工，居民们都表示欢迎这一决定。</span></p>`, "市政府决定"},
		"Japanese": {`<p><b>昨日の午後、市は</b><span>冬が来る前に古い石橋を修理することを決めた。住民は歓迎している。</span></p>`, "市は冬が"},
		"Korean":   {`<p><b>시는 어제 오후</b>에 겨울이 오기 전에 오래된 돌다리를 고치기로 했다고 밝혔다. 주민들은 환영했다.</p>`, "오후에"},
		"stop outside": {
			`<p>The masons said <em>no</em><span>.</span> And the mayor came to see the bridge and the arch.</p>`,
			"said no.",
		},
		"number": {
			`<p>The bridge cost <span>1</span><span>,500</span> crowns, and the mayor paid all of it himself.</p>`,
			"1,500",
		},
		"decimal": {
			`<p>The bridge cost <b>3.</b><b>5m</b> crowns, and the mayor paid all of it himself at last.</p>`,
			"3.5m",
		},
		"address": {
			`<p>See <a href=/x>example.</a><a href=/x>org</a> for the plan of the bridge and of all its arches.</p>`,
			"example.org",
		},
		"initials": {
			`<p>The mayor, <b>J.</b><b>R.</b> Roe, came to see the bridge and the masons at their work on it.</p>`,
			"J.R. Roe",
		},
		"small caps": {
			`<p>The Mc<span class=sc>Donald</span> bridge is old, and the masons came to repair its middle arch.</p>`,
			"McDonald",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := textOf(t, pageWith("<article>"+storyText+c.markup+strings.Repeat(paragraph, 2)+"</article>"))
			if !strings.Contains(text, c.want) {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}

// Lines of fields consist of elements without white space between them, too.
func TestAdjacentElementsInFields(t *testing.T) {
	t.Parallel()
	const figure = `<figure><img src="/a.jpg" width=900 height=600><figcaption>`
	for name, c := range map[string]struct{ lines, authors, published, caption string }{
		"author and date": {
			`<div class=meta><span>By Jane Roe</span><time>6 February 2024</time></div>`,
			"Jane Roe", "2024-02-06", "",
		},
		"author, date, minutes": {
			`<div class=meta><span>By Jane Roe</span><span>6 February 2024</span><span>4 min read</span></div>`,
			"Jane Roe", "2024-02-06", "",
		},
		"byline in a paragraph": {
			`<p class=byline><span>By Jane Roe</span><span>6 February 2024</span></p>`,
			"Jane Roe", "2024-02-06", "",
		},
		"role": {
			`<div class=byline><a href="/author/jane-roe">Jane Roe</a><span>Political editor</span></div>`,
			"Jane Roe", "", "",
		},
		"role, small": {
			`<p class=byline><strong>Jane Roe</strong><small>Political editor</small></p>`,
			"Jane Roe", "", "",
		},
		"two authors": {
			`<div class=byline><a href="/author/jane-roe">Jane Roe</a><a href="/author/jo-doe">Jo Doe</a></div>`,
			"Jane Roe, Jo Doe", "", "",
		},
		"name in parts": {
			`<div class=author><span>Karin</span><span>Ostrander</span></div>`,
			"Karin Ostrander", "", "",
		},
		"published, updated": {
			`<div><span>Published 6 February 2024</span><span>Updated 9 February 2024</span></div>`,
			"", "2024-02-06", "",
		},
		"bold label":       {`<div><b>Published</b><span>6 February 2024</span></div>`, "", "2024-02-06", ""},
		"date then author": {`<div><time>6 February 2024</time><span>Jane Roe</span></div>`, "", "2024-02-06", ""},
		"caption and credit": {
			figure + `<span>The ferry at sea</span><span>Photo: Jo Doe</span></figcaption></figure>`,
			"", "", "The ferry at sea",
		},
		"caption and small": {
			figure + `The ferry at sea<small>Photo: Jo Doe</small></figcaption></figure>`,
			"", "", "The ferry at sea",
		},
		"caption, two": {
			figure + `<span>The ferry at sea</span><span>The crew waves</span></figcaption></figure>`,
			"", "", "The ferry at sea The crew waves",
		},
		"caption, bold": {
			figure + `<strong>The ferry</strong><span>The crew waves</span></figcaption></figure>`,
			"", "", "The ferry The crew waves",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := extractHTML(t, "<html lang=en><head><meta charset=utf-8></head><body><article><h1>Ferry cut by half</h1>"+
				c.lines+storyText+"</article></body></html>")
			if got := authorNames(a); c.authors != "" && got != c.authors {
				t.Errorf("authors = %q, want %q", got, c.authors)
			}
			if c.published != "" && (a.Published == nil || a.Published.Value != c.published) {
				t.Errorf("published = %+v, want %q", a.Published, c.published)
			}
			if c.caption != "" && (len(a.Images) == 0 || a.Images[0].Caption != c.caption) {
				t.Errorf("images = %+v, want the caption %q", a.Images, c.caption)
			}
		})
	}
}
