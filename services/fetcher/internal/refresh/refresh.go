// Package refresh finds out whether a page only leads to another one: it is empty
// except for a refresh, in a header or a meta element, that takes effect soon.
package refresh

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
)

const (
	// maxBody and maxDecoded are the maximum sizes in bytes of an empty page, as
	// received and decoded.
	maxBody    = 16 << 10
	maxDecoded = 64 << 10
	// maxText is the maximum number of characters, without blanks, on an empty page.
	// It leaves room for a sentence that says where the page leads.
	maxText = 300
	// maxDelay is the maximum delay of a refresh in seconds. A page with a longer
	// one is meant to be seen.
	maxDelay = 5
)

// Target returns the absolute URL that a page leads to, which is fit to be fetched. It
// is empty if the page has a content of its own or leads nowhere. base is the page's
// URL, and encoding has the form of httpget.Response.ContentEncoding.
func Target(base string, header http.Header, encoding string, body []byte) string {
	if len(body) > maxBody {
		return ""
	}
	decoded, err := httpget.DecodePrefix(encoding, body, maxDecoded)
	if err != nil || len(decoded) == maxDecoded {
		return ""
	}
	found := read(decoded)
	reference := parse(header.Get("Refresh"))
	if reference == "" {
		reference = parse(found.refresh)
		if absolute, err := weburl.Resolve(base, found.base); found.base != "" && err == nil {
			base = absolute
		}
	}
	if reference == "" || found.text > maxText {
		return ""
	}
	target, err := weburl.Resolve(base, reference)
	if err != nil {
		return ""
	}
	if _, err := weburl.ParseTarget(target); err != nil {
		return ""
	}
	return target
}

// parse returns the reference of a refresh that takes effect soon, or an empty string.
// It follows the "shared declarative refresh steps" of the HTML standard.
func parse(value string) string {
	value = strings.TrimLeftFunc(value, unicode.IsSpace)
	rest := strings.TrimLeft(value, "0123456789")
	seconds := value[:len(value)-len(rest)]
	rest = strings.TrimLeft(rest, "0123456789.")
	if seconds == "" && rest == value {
		return "" // neither a number nor a fraction
	}
	if delay, err := strconv.ParseUint("0"+seconds, 10, 32); err != nil || delay > maxDelay {
		return ""
	}
	url := strings.TrimLeftFunc(rest, unicode.IsSpace)
	url = strings.TrimLeftFunc(strings.TrimLeft(url, ";,"), unicode.IsSpace)
	if url == rest {
		return "" // no separator, or nothing at all
	}
	if len(url) >= len("url") && strings.EqualFold(url[:len("url")], "url") {
		after := strings.TrimLeftFunc(url[len("url"):], unicode.IsSpace)
		if assigned, ok := strings.CutPrefix(after, "="); ok {
			url = strings.TrimLeftFunc(assigned, unicode.IsSpace)
		}
	}
	if url != "" && (url[0] == '"' || url[0] == '\'') {
		url, _, _ = strings.Cut(url[1:], url[:1])
	}
	return strings.TrimSpace(url)
}

// content is what a page has.
type content struct {
	refresh string // of the first meta element that has one
	base    string // of the first base element
	text    int    // number of characters that a reader sees, without blanks
}

// read reads a page. Elements for browsers without scripts count, because the fetcher
// runs none.
func read(page []byte) content {
	var found content
	found.add(page, true)
	return found
}

func (c *content) add(page []byte, outside bool) {
	tokens := html.NewTokenizer(bytes.NewReader(page))
	hidden, noscript := false, false
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			name, attributes := tokens.TagName()
			hidden, noscript = isHidden(string(name)), string(name) == "noscript"
			if attributes {
				c.addElement(string(name), tokens)
			}
		case html.EndTagToken:
			hidden, noscript = false, false
		case html.TextToken:
			switch {
			case noscript && outside:
				c.add(tokens.Raw(), false)
			case !hidden:
				c.addText(string(tokens.Text()))
			}
		}
	}
}

// isHidden reports whether the text of an element is not part of the page.
func isHidden(element string) bool {
	return element == "script" || element == "style" || element == "title" || element == "template"
}

func (c *content) addText(text string) {
	for _, r := range text {
		if !unicode.IsSpace(r) {
			c.text++
		}
	}
}

func (c *content) addElement(name string, tokens *html.Tokenizer) {
	if name != "meta" && name != "base" {
		return
	}
	attributes := map[string]string{}
	for more := true; more; {
		var key, value []byte
		key, value, more = tokens.TagAttr()
		if _, known := attributes[string(key)]; !known {
			attributes[string(key)] = string(value)
		}
	}
	switch {
	case name == "base" && c.base == "":
		c.base = attributes["href"]
	case name == "meta" && c.refresh == "" && strings.EqualFold(strings.TrimSpace(attributes["http-equiv"]), "refresh"):
		c.refresh = attributes["content"]
	}
}
