package textdiff_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/textdiff"
)

func TestTexts(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{"the ferry sails", "the ferry sails", "the ferry sails"},
		{"the ferry sails", "the old ferry sails", "the {+old +}ferry sails"},
		{"nine crowns", "ten crowns", "[-nine-]{+ten+} crowns"},
		{"", "new", "{+new+}"},
		{"gone", "", "[-gone-]"},
		{"", "", ""},
		{"北京市宣布新地铁", "北京市宣布旧地铁", "北京市宣布[-新-]{+旧+}地铁"},
		{"قطار الوادي", "قطار الجبل", "قطار [-الوادي-]{+الجبل+}"},
		{"a\n\nb", "a\n\nb\n\nc", "a\n\nb{+\n\nc+}"},
	} {
		var got strings.Builder
		for _, run := range textdiff.Texts(c.before, c.after) {
			switch run.Kind {
			case textdiff.Added:
				got.WriteString("{+" + run.Text + "+}")
			case textdiff.Removed:
				got.WriteString("[-" + run.Text + "-]")
			default:
				got.WriteString(run.Text)
			}
		}
		if got.String() != c.want {
			t.Errorf("diff of %q and %q: %q, want %q", c.before, c.after, got.String(), c.want)
		}
	}
	// More distinct words than there are runes below the surrogates.
	var long strings.Builder
	for i := range 70_000 {
		long.WriteString(strings.Repeat("x", i%7+1) + string(rune('a'+i%26)) + strings.Repeat("y",
			i/26%50) + strings.Repeat("z", i/1300) + " ")
	}
	if runs := textdiff.Texts(long.String(), long.String()+"end"); len(runs) != 2 ||
		runs[0].Text != long.String() || runs[1].Text != "end" {
		t.Errorf("the diff of a long text has %d runs, want 2", len(runs))
	}
}

// FuzzTexts verifies that both texts can be reconstructed from their difference.
func FuzzTexts(f *testing.F) {
	f.Add("the ferry sails", "the old ferry sails")
	f.Add("", "\xff\x00")
	f.Fuzz(func(t *testing.T, before, after string) {
		var was, is strings.Builder
		for _, run := range textdiff.Texts(before, after) {
			if run.Kind != textdiff.Added {
				was.WriteString(run.Text)
			}
			if run.Kind != textdiff.Removed {
				is.WriteString(run.Text)
			}
		}
		if was.String() != before || is.String() != after {
			t.Errorf("%q and %q are reconstructed as %q and %q", before, after, was.String(), is.String())
		}
	})
}

// TestShortened verifies that unchanged text is left out except around changes, and that the size is bounded.
func TestShortened(t *testing.T) {
	before := strings.Repeat("The board met on Monday. ", 40) + "The fare is nine crowns. " +
		strings.Repeat("It rained. ", 90)
	after := strings.Replace(before, "nine", "ten", 1)
	d := textdiff.Of(&datelinev1.Article{Title: "Fares", Text: before},
		&datelinev1.Article{Title: "Fares rise", Text: after})
	short := d.Shortened(20, 1000)
	want := []textdiff.Run{
		{Kind: textdiff.Same, Text: "… The fare is "}, {Kind: textdiff.Removed, Text: "nine"},
		{Kind: textdiff.Added, Text: "ten"}, {Kind: textdiff.Same, Text: " crowns. It rained. …"},
	}
	if !slices.Equal(short.Text, want) || len(short.Title) != 2 || short.Added != 1 || short.Removed != 1 {
		t.Errorf("shortened to %+v, want the text %+v", short, want)
	}
	same := func(text string) textdiff.Run { return textdiff.Run{Kind: textdiff.Same, Text: text} }
	changed := textdiff.Run{Kind: textdiff.Removed, Text: "x"}
	for _, c := range []struct{ text, want string }{
		{"ab cd ef", "ab cd ef"}, // just the context on both sides
		{"ab cd efg", "ab … efg"},
		{"ab cd efgh", "ab …"},
	} {
		around := textdiff.Difference{Text: []textdiff.Run{changed, same(c.text), changed}}.Shortened(4, 100)
		if got := around.Text[1].Text; got != c.want {
			t.Errorf("%q between two changes is shortened to %q, want %q", c.text, got, c.want)
		}
	}
	for size, want := range map[int][]textdiff.Run{
		7: {same("aé"), same("bcde")},
		6: {same("aé"), same("bcd…")},
		3: {same("aé"), same("…")},
		2: {same("a…")}, // not half of a letter
		0: {same("…")},
	} {
		d := textdiff.Difference{Text: []textdiff.Run{same("aé"), same("bcde")}}
		if got := d.Shortened(100, size).Text; !slices.Equal(got, want) {
			t.Errorf("shortened to %d bytes: %v, want %v", size, got, want)
		}
	}
	long := textdiff.Of(&datelinev1.Article{Text: "A"}, &datelinev1.Article{Text: strings.Repeat("København ", 1000)})
	size := 0
	for _, run := range long.Shortened(20, 999).Text {
		size += len(run.Text)
		if !utf8.ValidString(run.Text) {
			t.Errorf("%q is not valid UTF-8", run.Text)
		}
	}
	if size > 999+len("…") || size < 900 {
		t.Errorf("the shortened text has %d bytes, want at most 999 and an ellipsis", size)
	}
}
