package store_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/store"
)

func TestSnippets(t *testing.T) {
	s := reopen(t, sqliteFile(t))
	long := "Start of it. " + strings.Repeat("padding words here. ", 40)
	put(t, s,
		article("middle", "x", long+"Then the\n\nneedle appears.\n\n"+long, after(3)),
		article("none", "needle", long, after(2)),
		article("empty", "needle", "", after(1)),
		article("script", "x",
			"前略"+strings.Repeat("あいうえお", 20)+"needle 北京市政府。"+strings.Repeat("かきくけこ", 20), after(0)),
	)
	page, err := s.Search(t.Context(), store.Query{Text: "needle"})
	hits := page.Hits
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"the needle appears. Start of it.", "Start of it. padding", "", "needle 北京市政府"} {
		got := hits[i].Snippet
		if !strings.Contains(got.Text, want) || (want == "") != (got.Text == "") || strings.Contains(got.Text, "\n") {
			t.Errorf("snippet %d is %q, want one line that contains %q", i, got.Text, want)
		}
		for _, m := range got.Matches {
			if word := got.Text[m[0]:m[1]]; word != "needle" {
				t.Errorf("snippet %d marks %q, want needle", i, word)
			}
		}
		if marks := map[int]int{0: 1, 3: 1}[i]; len(got.Matches) != marks {
			t.Errorf("snippet %d has the matches %v, want %d", i, got.Matches, marks)
		}
	}
	for i, want := range []int{0, 1, 1, 0} {
		if got := hits[i].TitleMatches; len(got) != want || want == 1 && got[0] != [2]int{0, len("needle")} {
			t.Errorf("title %d has the matches %v, want %d", i, got, want)
		}
	}
	if got := hits[0].Snippet.Text; !strings.HasPrefix(got, "… ") || !strings.HasSuffix(got, " …") {
		t.Errorf("snippet %q does not start and end with an ellipsis", got)
	}
}
