package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// numberedWords returns the words from first to last, such as "w1 w2 w3".
func numberedWords(first, last int) string {
	var all []string
	for i := first; i <= last; i++ {
		all = append(all, fmt.Sprint("w", i))
	}
	return strings.Join(all, " ")
}

// TestSnippetBounds has matches and texts that are just as long as a snippet, or a word longer. Matches are in
// brackets.
func TestSnippetBounds(t *testing.T) {
	for _, c := range []struct{ query, text, want string }{
		{"", "", ""},
		{"", "...", ""},
		{"", numberedWords(1, 32), numberedWords(1, 32)},
		{"", numberedWords(1, 33), numberedWords(1, 32) + " …"},
		{"", numberedWords(1, 32) + "!", numberedWords(1, 32) + "!"},
		{"", numberedWords(1, 32) + "! w33", numberedWords(1, 32) + " …"},
		{"", numberedWords(1, 32) + "!?.;", numberedWords(1, 32) + "!?.;"},
		{"", numberedWords(1, 32) + "!?.;:", numberedWords(1, 32) + " …"},
		{"", "a. \n", "a."},
		{"", "a . .", "a …"},
		{"", "a \n\t b", "a b"},
		{"w9", numberedWords(1, 50), numberedWords(1, 8) + " [w9] " + numberedWords(10, 32) + " …"},
		{"w10", numberedWords(1, 50), "… " + numberedWords(2, 9) + " [w10] " + numberedWords(11, 33) + " …"},
		{"w26", numberedWords(1, 50), "… " + numberedWords(18, 25) + " [w26] " + numberedWords(27, 49) + " …"},
		{"w27", numberedWords(1, 50), "… " + numberedWords(19, 26) + " [w27] " + numberedWords(28, 50)},
		{"w50", numberedWords(1, 50), "… " + numberedWords(42, 49) + " [w50]"},
		{"w2 w40", numberedWords(1, 50), "w1 [w2] " + numberedWords(3, 32) + " …"},
		{`"w2 w3"`, "w3 w2, w3 w2", "w3 [w2, w3] w2"},
		{`"w2 w3" OR w3`, "w2 w3, w1 w3", "[w2 w3], w1 [w3]"},
		{`w3 OR "w2 w3"`, "w2 w3, w1 w3", "[w2 w3], w1 [w3]"},
		{`"w1 w2" "w2 w3"`, "w1 w2 w3 w4", "[w1 w2 w3] w4"},
		{`w1 "w2 w1 w2"`, "w1 w2 w1 w2 w1", "[w1] [w2 w1 w2] [w1]"},
		{`"w1 w2 w3"`, "w2 w3 w1 w2", "w2 w3 w1 w2"},
		{"pre*", "pre prefix prem PRE", "[pre] [prefix] [prem] [PRE]"},
		{"pre*", "pr spree", "pr spree"},
		{"w3-sal*", "w3 salt, w3 sea, w2 salt", "[w3 salt], w3 sea, w2 salt"},
		{"-w2 w1", "w1 w2", "[w1] w2"},
		{"elect", "an election", "an election"}, // without a language, words have one form
	} {
		clauses, err := parseText(c.query, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := matcher{query: highlighted(clauses)}
		got := m.snippet(&datelinev1.Article{Text: c.text})
		if marked := inBrackets(got.Text, got.Matches); marked != c.want {
			t.Errorf("%s in %q: snippet\n%q, want\n%q", c.query, c.text, marked, c.want)
		}
		if !strings.HasPrefix(c.want, "…") && !strings.HasSuffix(c.want, "…") && !strings.ContainsAny(c.text, "\n") {
			if marked := inBrackets(c.text, m.matchesIn(c.text)); marked != c.want && c.want != "" {
				t.Errorf("%s in the title %q: %q, want %q", c.query, c.text, marked, c.want)
			}
			if is := m.isIn(c.text); is != strings.Contains(c.want, "[") {
				t.Errorf("%s is in %q: %t", c.query, c.text, is)
			}
		}
	}
}

// inBrackets returns a text with its matches in brackets.
func inBrackets(text string, matches [][2]int) string {
	for _, m := range slices.Backward(matches) {
		text = text[:m[0]] + "[" + text[m[0]:m[1]] + "]" + text[m[1]:]
	}
	return text
}

// TestSnippetOfSummary has an article without a text, and one whose text is longer than what is searched.
func TestSnippetOfSummary(t *testing.T) {
	m := matcher{query: []phrase{{words: []string{"needle"}}}}
	if got := m.snippet(&datelinev1.Article{Summary: "A needle."}); got.Text != "A needle." || len(got.Matches) != 1 {
		t.Errorf("the snippet of a summary is %+v", got)
	}
	if got := m.snippet(&datelinev1.Article{Text: "Text.", Summary: "A needle."}); got.Text != "Text." {
		t.Errorf("the snippet of a text with a summary is %+v", got)
	}
	for bytes, want := range map[int]int{maxBodyBytes: 1, maxBodyBytes + 1: 0} {
		text := strings.Repeat("é", (bytes-len(" needle"))/len("é")) // the cut is within a letter or not
		text += strings.Repeat("e", bytes-len(text)-len(" needle")) + " needle"
		if got := m.snippet(&datelinev1.Article{Text: text}); len(got.Matches) != want {
			t.Errorf("a word that ends at byte %d has %d matches, want %d", bytes, len(got.Matches), want)
		}
	}
}
