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
