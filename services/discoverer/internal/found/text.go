package found

import (
	"html"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/dateline-news/dateline/internal/weburl"
)

// MaxURL is the maximum length of a URL in bytes.
const MaxURL = weburl.MaxLength

// Resolve returns ref relative to base as an absolute http or https URL without
// fragment. It returns "" if ref is empty or is not such a URL. base can be "".
func Resolve(base, ref string) string {
	ref = strings.TrimSpace(ref)
	if ref == "" || ref[0] == '#' || len(ref) > MaxURL {
		return ""
	}
	resolved := ref
	if base != "" {
		var err error
		if resolved, err = weburl.Resolve(base, ref); err != nil {
			return ""
		}
	}
	resolved, _, _ = strings.Cut(resolved, "#")
	target, err := weburl.ParseTarget(resolved)
	if err != nil {
		return ""
	}
	return target.String()
}

var (
	// dropped are elements whose content is not text, and comments.
	dropped = regexp.MustCompile(`(?is)<(script|style|template|noscript)\b.*?(</(script|style|template|noscript)\s*>|$)|<!--.*?(-->|$)|<!doctype[^>]*>`) //nolint:lll // one pattern
	// tags are the tags that publishers use in titles and summaries. Others, such as
	// <blink> in a headline about HTML, are kept as text.
	tags = regexp.MustCompile(`(?i)</?(a|abbr|article|aside|audio|b|base|bdi|blockquote|body|br|caption|center|cite|code|del|details|div|dd|dl|dt|em|embed|figcaption|figure|font|footer|form|frame|frameset|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|li|link|main|mark|meta|nav|object|ol|p|param|picture|pre|q|s|samp|section|small|source|span|strike|strong|sub|summary|sup|svg|table|tbody|td|tfoot|th|thead|time|title|tr|tt|u|ul|var|video|wbr)(\s[^<>]*|/)?>`) //nolint:lll // one pattern
	// blocks are the tags among them that separate words.
	blocks = regexp.MustCompile(`(?i)^</?(blockquote|br|caption|div|dd|dl|dt|figcaption|figure|h[1-6]|hr|li|ol|p|pre|section|table|td|th|tr|ul)\b`) //nolint:lll // one pattern
)

// Text returns the text of a title or summary that can have HTML tags and entities, with
// single spaces and at most MaxText bytes.
func Text(markup string) string {
	// A prefix is enough: tags and white space take most of the rest.
	if len(markup) > 16*MaxText {
		markup = strings.ToValidUTF8(markup[:16*MaxText], "")
	}
	if strings.Contains(markup, "<") {
		markup = dropped.ReplaceAllString(markup, " ")
		markup = tags.ReplaceAllStringFunc(markup, func(tag string) string {
			if blocks.MatchString(tag) {
				return " "
			}
			return ""
		})
	}
	if strings.Contains(markup, "&") {
		markup = html.UnescapeString(markup)
	}
	return Cut(strings.Join(strings.Fields(markup), " "))
}

// Cut returns s in valid UTF-8 without its end if it is longer than MaxText bytes.
func Cut(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= MaxText {
		return s
	}
	end := MaxText
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// Append appends the text of value to list unless it is empty, the list has it already
// or the list has MaxList values.
func Append(list []string, value string) []string {
	value = Text(value)
	if value == "" || len(list) >= MaxList {
		return list
	}
	for _, v := range list {
		if v == value {
			return list
		}
	}
	return append(list, value)
}
