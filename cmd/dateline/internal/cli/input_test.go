package cli

import (
	"slices"
	"strings"
	"testing"
)

// TestURLFileWithByteOrderMark reads lists of URLs as Windows editors save them.
func TestURLFileWithByteOrderMark(t *testing.T) {
	want := []string{"https://example.com/a", "https://example.com/b"}
	utf16 := func(text string) string { return "\xff\xfe" + strings.Join(strings.Split(text, ""), "\x00") + "\x00" }
	list := strings.Join(want, "\r\n") + "\r\n"
	for name, text := range map[string]string{
		"none": list, "UTF-8": "\ufeff" + list, "UTF-8, a comment first": "\ufeff# list\n" + list, "UTF-16": utf16(list),
	} {
		var got []string
		for in, err := range readInputs([]string{"-"}, strings.NewReader(text)) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, in.url)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// TestSavedPageIsNotCut reads a saved page that is larger than a page may be. It is refused, because its text
// would lack the end.
func TestSavedPageIsNotCut(t *testing.T) {
	for size, want := range map[int]string{maxPage: "", maxPage + 1: "it is larger than"} {
		page := "<p>" + strings.Repeat("x", size-len("<p>"))
		got := 0
		var failure string
		for in, err := range readInputs([]string{"-"}, strings.NewReader(page)) {
			if err != nil {
				failure = err.Error()
			}
			got += len(in.page)
		}
		if want == "" && (failure != "" || got != size) {
			t.Errorf("a page of %d bytes: read %d bytes, error %q", size, got, failure)
		}
		if want != "" && (got > 0 || !strings.Contains(failure, want)) {
			t.Errorf("a page of %d bytes: read %d bytes, error %q, want %q", size, got, failure, want)
		}
	}
}
