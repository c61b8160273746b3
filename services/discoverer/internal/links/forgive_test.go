package links_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/dateline-news/dateline/services/discoverer/internal/links"
)

// TestLinksAreForgiven learns that a link is not an article, and then that it is one, or that many
// others are.
func TestLinksAreForgiven(t *testing.T) {
	const path = "https://example.com/2026/harbour/ferry-line-opens-again"
	page := parse(t, `<html><body><main><h2><a href="`+path+`">Ferry line opens again today</a></h2></main></body></html>`)
	base := &url.URL{Scheme: "https", Host: "example.com", Path: "/"}
	listed := func(shapes *links.Shapes) bool {
		t.Helper()
		listing, err := links.Read(page, base, shapes)
		if err != nil {
			t.Fatal(err)
		}
		return len(listing.Items) == 1
	}
	shapes := &links.Shapes{}
	shapes.Learn(key(t, path), false)
	if listed(shapes) {
		t.Fatal("a link that was no article is taken for one")
	}
	shapes.Learn(key(t, path), true)
	if !listed(shapes) {
		t.Error("a link that has led to an article is not taken for one")
	}
	shapes.Learn(key(t, path), false)
	for i := 0; !listed(shapes); i++ {
		if i > 1_000 {
			t.Fatal("a link that was no article once is never tried again")
		}
		shapes.Learn(key(t, fmt.Sprintf("https://example.com/2026/harbour/crane-%d-moves-again", i)), true)
	}
}

// TestForgivenLinksStayInOrder forgives links of a full list, in any place, and stores the rest.
func TestForgivenLinksStayInOrder(t *testing.T) {
	link := func(i int) string { return fmt.Sprintf("https://example.com/topic/harbour-%d", i) }
	shapes := &links.Shapes{}
	for i := range 300 { // the first 44 make room for the last
		shapes.Learn(key(t, link(i)), false)
	}
	full := len(shapes.Bytes())
	shapes.Learn(key(t, link(100)), true)
	shapes.Learn(key(t, link(290)), true)
	if got := full - len(shapes.Bytes()); got != 2*4 {
		t.Errorf("two links were forgiven, and the shapes are %d bytes shorter, want 8", got)
	}
	copied := &links.Shapes{}
	if err := copied.UnmarshalBinary(shapes.Bytes()); err != nil {
		t.Fatal(err)
	}
	if got, want := string(copied.Bytes()), string(shapes.Bytes()); got != want {
		t.Error("the shapes change when they are stored")
	}
}
