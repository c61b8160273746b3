package picture

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

const (
	// smallSide is the length in pixels of a side below which a picture is an icon or a
	// counter.
	smallSide = 60
	// maxLabel is the maximum number of words in the alternative text of an icon. A longer
	// text may describe a picture of a logo.
	maxLabel = 4
)

// Decorative reports whether a picture does not illustrate anything: icons, counters,
// portraits of readers, and pictures that are hidden and not to be shown by a script.
func Decorative(n *html.Node) bool {
	if small(n) || names(page.Attr(n, "class"), decorationWords) || names(page.Attr(n, "class"), counterWords) {
		return true
	}
	alt := strings.ToLower(page.Attr(n, "alt"))
	if strings.Contains(alt, "profile picture") || len(strings.Fields(alt)) <= maxLabel && names(alt, decorationWords) {
		return true
	}
	source := Source(n)
	return inIconFolder(source) || page.HiddenByItself(n) && source == strings.TrimSpace(page.Attr(n, "src"))
}

// counterWords are words of the classes of pictures that count visits.
var counterWords = map[string]bool{"beacon": true, "pixel": true, "tracking": true}

// small reports whether a side of a picture is declared as that of an icon. Sides that
// give only the proportions of the picture do not count.
func small(n *html.Node) bool {
	switch page.Attr(n, "layout") {
	case "fill", "flex-item", "responsive": // of AMP
		return false
	}
	if readAttributes(n).set.width >= smallSide {
		return tiny(page.Attr(n, "width")) && tiny(page.Attr(n, "height"))
	}
	style := page.Attr(n, "style")
	return side(page.Attr(n, "width")) < smallSide || side(page.Attr(n, "height")) < smallSide ||
		side(property(style, "width")) < smallSide || side(property(style, "height")) < smallSide
}

// tiny reports whether a side is declared as that of a counter.
func tiny(value string) bool { return side(value) <= 1 }

// side returns the pixels that an attribute or property declares, or the length of a
// large side if it declares none.
func side(value string) int {
	px, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), "px"))
	if err != nil {
		return smallSide
	}
	return px
}

// property returns the value of a property in a style attribute, or "".
func property(style, name string) string {
	for declaration := range strings.SplitSeq(style, ";") {
		if key, value, ok := strings.Cut(declaration, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// inIconFolder reports whether an address has a folder of icons, or its file is called an
// icon and has a format of icons.
func inIconFolder(address string) bool {
	path, _, _ := strings.Cut(strings.ToLower(address), "?")
	name, ending := fileName(path)
	for folder := range strings.SplitSeq(path[:strings.LastIndexByte(path, '/')+1], "/") {
		if decorationWords[folder] && !strings.HasPrefix(folder, "logo") {
			return true
		}
	}
	switch ending {
	case "ico", "svg":
		return names(name, decorationWords)
	case "gif", "png":
		for word := range words(name) {
			return decorationWords[word] // the first word
		}
	}
	return false
}
