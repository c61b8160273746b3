package web_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/web"
)

func TestRevisionsSideBySide(t *testing.T) {
	server := newTestServer(t, web.Config{})
	before := article("ferry", "Fery returns", "It sails on Monday.\n\nIt carries forty cars.", noon)
	text := "It sails on Monday.\n\nIt carries ten cars and lorries."
	after := article("ferry", "Ferry returns", text, noon.AddDate(0, 0, 1))
	server.put(t, before, after)
	page := server.get(t, "/articles/id-ferry-0000/changes")
	for _, want := range []string{
		"[removed] </span>forty cars.</del><ins>", "[added] </span>ten cars and lorries.</ins>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of changes does not contain %s:\n%s", want, page)
		}
	}
	page = server.get(t, link(t, page, "Side by side"))
	if n := strings.Count(page, `<td class="diff"`); n != 6 { // the headline and two paragraphs, twice
		t.Errorf("the page has %d cells, want 6", n)
	}
	left, right, _ := strings.Cut(page[strings.LastIndex(page, "<tr>"):], "</td>")
	if strings.Contains(left, "<ins>") || !strings.Contains(left, "forty cars.</del>") ||
		strings.Contains(right, "<del>") || !strings.Contains(right, "ten cars and lorries.</ins>") {
		t.Errorf("the last row is %s | %s; want forty removed on the left, and ten added on the right", left, right)
	}
}

func TestOneAddedWord(t *testing.T) {
	server := newTestServer(t, web.Config{})
	server.put(t, article("ferry", "Ferry", "It sails at noon.", noon),
		article("ferry", "Ferry", "It sails again at noon.", noon.AddDate(0, 0, 1)))
	if page := server.get(t, "/articles/id-ferry-0000/changes"); !strings.Contains(page, "1 word added") {
		t.Errorf("the page does not count 1 word as added: %s", page)
	}
}
