package article_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

const (
	voyage   = "https://bay.example/voyage"
	repeated = "<p>This report was made over two years by reporters in nine harbours along the coast.</p>"
)

// voyagePage extracts a page of an article. Its links are those of the given numbers.
func voyagePage(t *testing.T, number int, text string, links ...int) *article.Article {
	t.Helper()
	url := voyage
	if number > 1 {
		url += fmt.Sprintf("?page=%d", number)
	}
	var nav strings.Builder
	for _, n := range links {
		fmt.Fprintf(&nav, `<a href="/voyage?page=%d">%d</a> `, n, n)
	}
	a, err := article.Extract(t.Context(), article.Page{
		URL: url, FirstURL: voyage, ContentType: "text/html; charset=utf-8",
		Body: []byte("<!DOCTYPE html><html lang=en><title>The long voyage of a small boat</title><article>" +
			"<h1>The long voyage of a small boat</h1>" + repeated + text + "</article><nav>" + nav.String() + "</nav></html>"),
	}, article.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// chapter returns a text that is different for each number.
func chapter(number int) string {
	return fmt.Sprintf("<p>Chapter %d tells how the crew repaired mast number %d before the storm reached the bay, and "+
		"what the harbour master wrote about it.</p><p>In the evening of day %d the boat lay still again.</p>",
		number, number, number)
}

func TestJoinAddsPagesInOrder(t *testing.T) {
	t.Parallel()
	image := `<figure><img src="/mast.jpg" width="800" height="500" alt="The mast">` +
		`<figcaption>The mast</figcaption></figure>`
	first := voyagePage(t, 1, image+chapter(1), 2, 3)
	second := voyagePage(t, 2, image+chapter(2), 1, 3)
	third := voyagePage(t, 3, chapter(3), 1, 2)
	if first.NextPage != voyage+"?page=2" || second.NextPage != voyage+"?page=3" || third.NextPage != "" {
		t.Fatalf("the next pages are %q, %q and %q", first.NextPage, second.NextPage, third.NextPage)
	}
	a := article.Join(first, second, third)
	at := -1
	for number := range 3 {
		i := strings.Index(a.Text, fmt.Sprintf("Chapter %d ", number+1))
		if i <= at {
			t.Errorf("chapter %d is at byte %d, after that before it at %d", number+1, i, at)
		}
		at = i
	}
	if n := strings.Count(a.Text, "nine harbours"); n != 1 {
		t.Errorf("the passage that every page repeats is there %d times:\n%s", n, a.Text)
	}
	if len(a.Images) != 1 {
		t.Errorf("the image of two pages is there %d times", len(a.Images))
	}
	if !a.Complete || a.Pages != 3 || a.WordCount <= first.WordCount || a.ContentHash == first.ContentHash {
		t.Errorf("complete %v, %d pages, %d words, hash %s", a.Complete, a.Pages, a.WordCount, a.ContentHash)
	}
	if first.Complete || strings.Contains(first.Text, "Chapter 2") {
		t.Error("joining has changed the first page")
	}
}

func TestJoinWithoutAPageIsIncomplete(t *testing.T) {
	t.Parallel()
	first, second := voyagePage(t, 1, chapter(1), 2, 3), voyagePage(t, 2, chapter(2), 1, 3)
	if a := article.Join(first, second); a.Complete || a.Pages != 3 {
		t.Errorf("without the third page: complete %v, %d pages, want 3", a.Complete, a.Pages)
	}
	if a := article.Join(first); a.Complete || a.Text != first.Text {
		t.Errorf("the first page alone: complete %v", a.Complete)
	}
}

func TestNextPageIsOnTheSameHost(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]string{
		"another host":     "https://bay.example.attacker.test/voyage?page=2",
		"another scheme":   "http://bay.example/voyage?page=2",
		"another port":     "https://bay.example:8443/voyage?page=2",
		"the print view":   "/voyage/print",
		"another article":  "/harbour?page=2",
		"an earlier page":  "/voyage?page=1",
		"the same article": "/voyage",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := voyagePage(t, 1, chapter(1)+`<p><a href="`+link+`">2</a> <a rel="next" href="`+link+`">Next</a></p>`)
			if a.NextPage != "" {
				t.Errorf("%s is taken for the next page", a.NextPage)
			}
		})
	}
}
