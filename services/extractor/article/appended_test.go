package article_test

import (
	"fmt"
	"strings"
	"testing"
)

// story is an article with a headline and paragraphs that start with a word.
func story(headline, word string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<article><header><h1 class=hd>%s</h1><p class=by>By Ann Lee, 3 May 2025</p></header>"+
		"<div class=tx>", headline)
	for i := range 4 {
		fmt.Fprintf(&b, "<p>%s number %d was seen at the quay on Monday morning, and the harbour master said that "+
			"he expects more of them before the end of the month.</p>", word, i)
	}
	return b.String() + "</div></article>"
}

func TestNextArticleIsNotAppended(t *testing.T) {
	t.Parallel()
	const title = "Old pier closes for the winter"
	both := "<main>" + story(title, "Crane") + story("New ferry sails for the first time", "Sailor") + "</main>"
	for name, body := range map[string]string{
		"two articles": both,
		"no articles":  strings.NewReplacer("<article", "<div", "</article", "</div").Replace(both),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := textOf(t, "<html><head><title>"+title+"</title></head><body>"+body+"</body></html>")
			if !strings.Contains(text, "Crane number 3") || strings.Contains(text, "Sailor") ||
				strings.Contains(text, "first time") {
				t.Errorf("got %s", text)
			}
		})
	}
	parts := "<article><h1>" + title + "</h1><p>" +
		strings.Repeat("The harbour board voted on Monday to close the pier. ", 6) +
		"</p><h1>What happens to the ferries</h1><p>Ferries will land at the fish market until March, said the " +
		"harbour master, who expects no change to the timetable.</p></article>"
	text := textOf(t, "<html><head><title>"+title+"</title></head><body>"+parts+"</body></html>")
	if !strings.Contains(text, "fish market") {
		t.Errorf("a part under a heading of the first level is lost: %s", text)
	}
}

func TestEachPassageAppearsOnce(t *testing.T) {
	t.Parallel()
	const title = "Old pier closes for the winter"
	body := story(title, "Crane")
	again := body[strings.Index(body, "<div class=tx>"):strings.Index(body, "</article>")]
	page := "<html><head><title>" + title + "</title></head><body><main>" + body + again + "</main></body></html>"
	text := textOf(t, page)
	if strings.Count(text, "Crane number 2") != 1 || strings.Count(text, "Crane number 3") != 1 {
		t.Errorf("got %s", text)
	}
	merged := strings.NewReplacer("<p>", "", "</p>", " ").Replace(again)
	page = "<html><head><title>" + title + "</title></head><body><main>" +
		strings.Replace(body, "</div></article>", merged+"</div></article>", 1) + "</main></body></html>"
	text = textOf(t, page)
	if strings.Count(text, "Crane number 2") != 1 || strings.Count(text, "Crane number 3") != 1 {
		t.Errorf("the text appears again in one block: %s", text)
	}
}
