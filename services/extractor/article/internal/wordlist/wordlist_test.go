package wordlist_test

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

// TestLists checks every list of the article module: its entries are sorted, occur
// once in their section and are in normalisation form C.
func TestLists(t *testing.T) {
	module := os.DirFS("../..")
	checked := 0
	err := fs.WalkDir(module, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Base(path.Dir(name)) != "lists" || path.Ext(name) != ".txt" {
			return err
		}
		list, err := fs.ReadFile(module, name)
		if err != nil {
			return err
		}
		checked++
		t.Run(name, func(t *testing.T) { checkList(t, string(list)) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked == 0 {
		t.Fatal("found no lists")
	}
}

func checkList(t *testing.T, list string) {
	if !strings.HasPrefix(list, "# ") {
		t.Error("does not start with a comment on its origin and use")
	}
	if !norm.NFC.IsNormalString(list) {
		t.Error("is not in normalisation form C")
	}
	var sections []string
	section, last := "", ""
	for s, entry := range wordlist.Sections(list) {
		if s != section {
			if slices.Contains(sections, s) {
				t.Errorf("section [%s] occurs twice", s)
			}
			sections = append(sections, s)
			section, last = s, ""
		}
		switch {
		case strings.TrimSpace(entry) == "":
			t.Errorf("section [%s] has a blank entry", s)
		case entry == last:
			t.Errorf("%q occurs twice in section [%s]", entry, s)
		case entry < last:
			t.Errorf("%q follows %q in section [%s]: want entries sorted by bytes", entry, last, s)
		}
		last = entry
	}
	if last == "" {
		t.Error("has no entries")
	}
	for line := range strings.Lines(list) {
		line = strings.TrimSuffix(line, "\n")
		if line != strings.TrimSpace(line) {
			t.Errorf("line %q starts or ends with a space: quote the entry", line)
		}
	}
}

func TestSections(t *testing.T) {
	const list = "# comment\n\nfirst\n[one]\n\"by \"\n\n# comment\n[two words]\nlast"
	want := []string{":first", "one:by ", "two words:last"}
	var got []string
	for section, entry := range wordlist.Sections(list) {
		got = append(got, section+":"+entry)
	}
	if !slices.Equal(got, want) {
		t.Errorf("Sections yields %q, want %q", got, want)
	}
}
