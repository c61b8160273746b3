package article_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// The paragraphs of a made article, and what surrounds it on the pages of old layouts.
const (
	millTitle = "Old paper mill reopens as a school of crafts"
	millFirst = "The paper mill on the Tarn opened its doors again on Friday, eleven years after the last roll of " +
		"newsprint left the yard."
	millSecond = "Forty pupils will learn to bind books, to cast type and to repair clocks, and the first of them " +
		"moved into the dormitory over the wheel house this week, said the head of the school, Oda Brandvold."
	millThird = "The county paid for the roof, the town for the heating, and a foundation that asked not to be named " +
		"gave the machines, some of which are older than the building that they are in."
	millLast   = "Classes start on Monday."
	millRail   = "Harbour dues rise by a tenth"
	millFooter = "Tarn Valley Post, 4 Bridge Street, phone 555 0134. No part of this site may be copied without consent."
)

// links is a list of links in the markup that a format gives to each.
func links(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i, fmt.Sprintf("%s, item %d", millRail, i))
	}
	return b.String()
}

// TestOldLayouts checks that the whole article is found, and nothing else, on pages
// without elements that name their parts.
func TestOldLayouts(t *testing.T) {
	t.Parallel()
	nav := links(`<a href="/n/%d.htm">%s</a> | `, 6)
	rail := links(`<tr><td><font size="1"><a href="/r/%d.htm">%s</a></font></td></tr>`, 9)
	breaks := millFirst + "<br><br>\n" + millSecond + "<br><br>\n" + millThird + "<br><br>\n" + millLast
	head := "<html><head><title>" + millTitle + "</title></head>"
	footer := `<p align="center"><font size="1">` + millFooter + "</font></p>"
	for name, page := range map[string]string{
		"text in body": head + `<body bgcolor="#ffffff"><p>` + nav + "</p><h2>" + millTitle + "</h2>" + breaks +
			"<hr>" + footer + "</body></html>",
		"font tags": head + `<body><center>` + nav + `</center><font face="Times" size="5"><b>` + millTitle +
			`</b></font><br><br><font face="Times" size="3">` + breaks + `</font><br><br>` + footer + "</body></html>",
		"one cell": head + `<body><table width="760"><tr><td width="160" valign="top"><table>` + rail +
			`</table></td><td valign="top"><table><tr><td><font size="4"><b>` + millTitle + `</b></font></td></tr><tr><td>` +
			`<font size="2">4 May 2003</font></td></tr><tr><td><font size="2">` + breaks + `</font></td></tr></table></td>` +
			`<td width="120" valign="top"><table>` + rail + `</table></td></tr><tr><td colspan="3">` + footer +
			`</td></tr></table></body></html>`,
		"row for each paragraph": head + `<body><table><tr><td>` + nav + `</td></tr><tr><td><h1>` + millTitle +
			`</h1></td></tr><tr><td>` + millFirst + `</td></tr><tr><td>` + millSecond + `</td></tr><tr><td>` + millThird +
			`</td></tr><tr><td>` + millLast + `</td></tr></table><table>` + rail + `</table>` + footer + `</body></html>`,
		"pre": head + `<body><p>` + nav + `</p><h1>` + millTitle + `</h1><pre>` + wrapped(millFirst) + "\n\n" +
			wrapped(millSecond) + "\n\n" + wrapped(millThird) + "\n\n" + millLast + `</pre>` + footer + `</body></html>`,
		"headline as a picture": head + `<body><table><tr><td><table>` + rail + `</table></td><td>` +
			`<img src="/h/881.gif" alt="` + millTitle + `" width="400" height="40"><br><font size="2">` + breaks +
			`</font></td></tr></table>` + footer + `</body></html>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := extract(t, article.Page{URL: "https://tarnpost.example/2003/05/04/mill.htm", Body: []byte(page)})
			if a.Title != millTitle {
				t.Errorf("title = %q, want %q", a.Title, millTitle)
			}
			want := strings.Join([]string{millFirst, millSecond, millThird, millLast}, " ")
			if got := strings.Join(strings.Fields(a.Text), " "); got != want {
				t.Errorf("text:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// wrapped breaks a text into lines of some sixty characters.
func wrapped(text string) string {
	var b strings.Builder
	line := 0
	for word := range strings.FieldsSeq(text) {
		if line+len(word) > 60 {
			b.WriteString("\n")
			line = 0
		}
		b.WriteString(word + " ")
		line += len(word) + 1
	}
	return b.String()
}

// TestEdgesOfTheText checks that the first and last paragraphs are kept when they are
// short, bold, or in another container than the rest.
func TestEdgesOfTheText(t *testing.T) {
	t.Parallel()
	middle, last := "<p>"+millSecond+"</p><p>"+millThird+"</p>", "<p>"+millLast+"</p>"
	for name, body := range map[string]string{
		"bold opening":           "<p><b>" + millFirst + "</b></p>" + middle + last,
		"opening without p":      "<b>" + millFirst + "</b><br>" + middle + last,
		"opening in a container": "<div class=x1><p>" + millFirst + "</p></div><div class=x2>" + middle + last + "</div>",
		"opening as standfirst":  "<div class=lead>" + millFirst + "</div><div class=x2>" + middle + last + "</div>",
		"ending in a container":  "<div class=x1><p>" + millFirst + "</p>" + middle + "</div><div>" + last + "</div>",
		"bold ending":            "<p>" + millFirst + "</p>" + middle + "<p><strong>" + millLast + "</strong></p>",
		"ending without p":       "<p>" + millFirst + "</p>" + middle + millLast,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<html><head><title>" + millTitle + `</title><meta name="description" content="` + millFirst +
				`"></head><body><ul class=menu>` + links(`<li><a href="/n/%d">%s</a></li>`, 6) + "</ul><div class=q><h1>" +
				millTitle + "</h1>" + body + "</div><div class=z>" + links(`<div><a href="/r/%d">%s</a></div>`, 9) +
				"</div><footer><p>" + millFooter + "</p></footer></body></html>"
			a := extract(t, article.Page{URL: "https://tarnpost.example/2003/05/04/mill.htm", Body: []byte(page)})
			want := strings.Join([]string{millFirst, millSecond, millThird, millLast}, " ")
			if got := strings.Join(strings.Fields(a.Text), " "); got != want {
				t.Errorf("text:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// TestTableOfDataIsTheArticle checks that a table of results or dates is kept with a
// short text.
func TestTableOfDataIsTheArticle(t *testing.T) {
	t.Parallel()
	results := rows("<tr><td>%d</td><td>%s</td><td>%s</td></tr>", [][2]string{
		{"Ingrid Solheim (Tarn)", "1:58:04"}, {"Marek Wolny (Upper Tarn)", "1:58:31"}, {"Ada Quint (Lowfield)", "2:01:12"},
		{"Bo Lindqvist (Lowfield)", "2:01:40"}, {"Nils Aarre (Tarn)", "2:03:09"}, {"Rosa Petrie (Ferrybridge)", "2:04:55"},
		{"Jon Ek (Tarn)", "2:06:02"}, {"Lena Moor (Upper Tarn)", "2:07:47"},
	})
	calendar := rows("<tr><td>%d May</td><td>%s</td><td>%s</td></tr>", [][2]string{
		{"Market on the bridge", "8 am"}, {"Choir in the mill", "7 pm"}, {"Council meeting", "6 pm"},
		{"Boat race", "noon"}, {"Book fair", "10 am"}, {"Night walk", "9 pm"},
	})
	opening := "Eight runners finished the race around the lake on Sunday."
	nav := links(`<li><a href="/n/%d">%s</a></li>`, 6)
	rail := links(`<div><a href="/r/%d">%s</a></div>`, 9)
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"results": {
			"<p>" + opening + "</p><table class=res><tr><th>Place</th><th>Runner</th><th>Time</th></tr>" + results + "</table>",
			[]string{opening, "Runner", "Marek Wolny", "2:07:47"},
		},
		"results in a layout of tables": {
			"<table><tr><td><p>" + opening + "</p><table><tr><td>Place</td><td>Runner</td><td>Time</td></tr>" + results +
				"</table></td></tr></table>",
			[]string{opening, "Runner", "Marek Wolny", "2:07:47"},
		},
		"results below a long text": {
			"<p>" + millSecond + "</p><p>" + millThird + "</p><p>" + opening + "</p><table><tr><th>Place</th><th>Runner</th>" +
				"<th>Time</th></tr>" + results + "</table>",
			[]string{millSecond, opening, "Runner", "Marek Wolny", "2:07:47"},
		},
		"calendar": {
			"<p>These are the dates of the month. Entry is free unless stated.</p><table>" + calendar + "</table>",
			[]string{"dates of the month", "Choir in the mill", "Night walk", "9 pm"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := "<html><head><title>Results of the lake race</title></head><body><ul class=menu>" + nav +
				"</ul><div class=q><h1>Results of the lake race</h1><div class=d>5 May 2013</div>" + c.body +
				"</div><div class=z>" + rail + "</div><footer><p>" + millFooter + "</p></footer></body></html>"
			a := extract(t, article.Page{URL: "https://tarnpost.example/2013/05/05/lake-race", Body: []byte(page)})
			for _, want := range c.want {
				if !strings.Contains(a.Text, want) {
					t.Errorf("%q is not in the text:\n%s", want, a.Text)
				}
			}
			for _, other := range []string{millRail, "phone 555"} {
				if strings.Contains(a.Text, other) {
					t.Errorf("%q is in the text", other)
				}
			}
		})
	}
}

// rows are rows of a table, each with its number and two values.
func rows(format string, values [][2]string) string {
	var b strings.Builder
	for i, v := range values {
		fmt.Fprintf(&b, format, i+1, v[0], v[1])
	}
	return b.String()
}

// TestStandfirstIsPrintedOnce checks that renderings do not repeat a standfirst that is
// also the first paragraph.
func TestStandfirstIsPrintedOnce(t *testing.T) {
	t.Parallel()
	page := "<html><head><title>" + millTitle + `</title><meta name="description" content="` + millFirst +
		`"></head><body><article><h1>` + millTitle + "</h1><p class=lead>" + millFirst + "</p><div><p>" + millSecond +
		"</p><p>" + millThird + "</p></div></article></body></html>"
	a := extract(t, article.Page{URL: "https://tarnpost.example/2003/05/04/mill.htm", Body: []byte(page)})
	if a.Summary != millFirst {
		t.Errorf("summary = %q, want %q", a.Summary, millFirst)
	}
	for name, text := range map[string]string{
		"Markdown": article.Markdown(a), "HTML": article.HTML(a), "PlainText": article.PlainText(a),
	} {
		if n := strings.Count(text, millFirst); n != 1 {
			t.Errorf("%s has the standfirst %d times, want once:\n%s", name, n, text)
		}
	}
}
