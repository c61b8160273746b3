package cli

import (
	"strings"
	"testing"
)

// Spreadsheets write a byte order mark, and lines that end with a carriage return.
func TestFilesOfSourcesFromSpreadsheetsAreRead(t *testing.T) {
	for name, text := range map[string]string{
		"one column":       "url\r\nhttps://a.example/\r\nhttps://b.example/\r\n",
		"two columns":      "\ufeffurl,label.region\r\nhttps://a.example/,north\r\nhttps://b.example/,\r\n",
		"list with a mark": "\ufeffhttps://a.example/\r\n# the rest\r\nhttps://b.example/\r\n",
		"OPML with a mark": "\ufeff<opml><body><outline xmlUrl=\"https://a.example/\"/>" +
			"<outline xmlUrl=\"https://b.example/\"/></body></opml>",
	} {
		all, err := readSources("-", strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var urls []string
		for _, one := range all {
			urls = append(urls, one.url)
		}
		if got, want := strings.Join(urls, " "), "https://a.example/ https://b.example/"; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
