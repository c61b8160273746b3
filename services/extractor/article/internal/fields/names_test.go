package fields

import (
	"slices"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

func TestTidyDropsRepeatedNames(t *testing.T) {
	t.Parallel()
	got := tidy([]record.Author{{Name: "Jane Roe Former Consultant"}, {Name: "Jane Roe"}, {Name: "Al Janeroe"},
		{Name: "AP"}, {Name: "Oldquay"}, {Name: "Bo Li"}, {Name: "BL"}}, false)
	want := []record.Author{{Name: "Jane Roe"}, {Name: "Al Janeroe"}, {Name: "AP"}, {Name: "Bo Li"}}
	if !slices.Equal(got, want) {
		t.Errorf("authors are %v, want %v", got, want)
	}
}

func TestCleanNameDropsLabels(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Jane Roe Last updated on":          "Jane Roe",
		"Jane Roe Published on":             "Jane Roe",
		"This post was written by Jane Roe": "Jane Roe",
		"Articles by Jane":                  "Jane",
	} {
		if got := cleanName(text); got != want {
			t.Errorf("cleanName(%q) = %q, want %q", text, got, want)
		}
	}
}
