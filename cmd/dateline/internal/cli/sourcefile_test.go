package cli

import (
	"io"
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

// endless repeats a text.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	return n, nil
}

// A file that is too large is refused and not imported in part, whatever its format.
func TestFilesOfSourcesAreNotCut(t *testing.T) {
	long := strings.Repeat("a", 4000)
	for name, text := range map[string]struct {
		start, rest string
		isXML       bool
	}{
		"lines": {rest: "https://a.example/" + long + "\n"},
		"CSV":   {start: "url,label.region\n", rest: "https://a.example/," + long + "\n"},
		"OPML": {
			start: "<opml><body>", rest: "<outline text=\"" + long + "\" xmlUrl=\"https://a.example/\"/>", isXML: true,
		},
	} {
		in := io.MultiReader(strings.NewReader(text.start), &endless{text: text.rest})
		var all []imported
		var err error
		if text.isXML { // XML takes long to read: the end of a smaller file is the same error
			all, err = parseSources(&bounded{io.NopCloser(in), 4 << 20})
		} else {
			all, err = readSources("-", in)
		}
		if err == nil || !strings.Contains(err.Error(), "exceeds 64 MiB: import it in parts") || all != nil {
			t.Errorf("%s: got %d sources, %v, want no sources and the limit", name, len(all), err)
		}
	}
}
