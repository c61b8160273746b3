package article_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

const (
	shortHeadline = "Ferry to the outer islands stops for two weeks"
	shortOpening  = "The ferry to the outer islands will not sail for two weeks from Monday, the shipping office " +
		"said, because its rudder has to be replaced."
	shortEnding = "A fishing boat will carry post and medicine to the four villages until the ship is back in service."
)

// shortArticle is a short article without a name that tells what it is.
const shortArticle = "<div class=a2><h1>" + shortHeadline + "</h1><div class=k>12 March 2012, 09:40</div>" +
	"<div class=t4><p>" + shortOpening + "</p><p>" + shortEnding + "</p></div></div>"

var voices = []string{
	"I have lived on the second island for thirty years and this happens every single spring, so nobody should " +
		"pretend to be surprised. They could have done this work in winter when hardly anyone travels at all!",
	"What about those of us who have appointments at the hospital? A fishing boat is no way to travel with a child, " +
		"and the office did not even answer my letter. I would like to hear what the council thinks about that.",
	"To the gentleman above: the winter storms make it impossible to dock the ship, as you ought to know. My brother " +
		"worked in that yard for years and he says two weeks is quick for a rudder of that size.",
	"Everybody complains, but who pays for the ship? The tickets have cost the same for eleven years now. I for one " +
		"am glad that somebody looks after it before something worse happens out there.",
}

// around puts pieces of a page around the short article.
func around(before, after string) string {
	return "<html><head><title>" + shortHeadline + "</title></head><body><div class=w0>" + before + shortArticle +
		after + "</div></body></html>"
}

// posts are comments of readers in elements whose names say nothing.
func posts() string {
	var b strings.Builder
	b.WriteString("<div class=zz1>")
	for i := range 12 {
		fmt.Fprintf(&b, "<div class=u><div class=n>skipper%d, %d March 2012</div><div class=v>%s</div></div>",
			i, i+12, voices[i%len(voices)])
	}
	return b.String() + "</div>"
}

func TestShortArticleWinsAgainstLongerText(t *testing.T) {
	t.Parallel()
	var rail strings.Builder
	rail.WriteString("<div class=r3>")
	for i := range 9 {
		fmt.Fprintf(&rail, "<div class=i><a href=/s/%d>Story number %d of the week from the mainland</a>"+
			"<p>The council of town number %d met on Tuesday and talked about the new road for more than four hours, "+
			"without any result.</p></div>", i, i, i)
	}
	rail.WriteString("</div>")
	tables := strings.NewReplacer("<div", "<table><tr><td", "</div>", "</td></tr></table>")
	for name, page := range map[string]string{
		"comments":     around("", posts()),
		"rail after":   around("", rail.String()),
		"rail before":  around(rail.String(), ""),
		"table layout": tables.Replace(around("", posts())),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := extract(t, article.Page{URL: "https://islands.example/2012/03/12/ferry-stops", Body: []byte(page)})
			if !strings.HasPrefix(a.Text, shortOpening) || !strings.Contains(a.Text, shortEnding) {
				t.Errorf("the article is not in the text: %s", a.Text)
			}
			for _, other := range []string{"skipper3", "complains", "Story number", "council of town"} {
				if strings.Contains(a.Text, other) {
					t.Errorf("%q is in the text", other)
				}
			}
		})
	}
}

// TestLongCommentsAreNotTheText checks that a section of comments is left out although it
// has far more text than the article.
func TestLongCommentsAreNotTheText(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"comments", "komentarze", "kommentarer"} {
		page := around("", strings.Replace(posts()+posts(), "class=zz1", "id="+name, 2))
		a := extract(t, article.Page{URL: "https://islands.example/2012/03/12/ferry-stops", Body: []byte(page)})
		if !strings.HasPrefix(a.Text, shortOpening) || !strings.HasSuffix(a.Text, shortEnding) {
			t.Errorf("%s: text = %s", name, a.Text)
		}
	}
}
