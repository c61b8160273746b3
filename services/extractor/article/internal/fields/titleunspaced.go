package fields

import (
	"strings"
	"unicode"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
)

const (
	// minUnspacedHead is the minimum number of characters before the first separator.
	minUnspacedHead = 6
	// maxUnspacedTail is the maximum number of characters of a section or name after a
	// separator that a headline can contain, too.
	maxUnspacedTail = 8
)

// cutUnspaced cuts a title without spaces between words at its first separator: Chinese
// sites append section, channel and name that way. A headline has no underscore. Hyphens
// and bars are separators if what they separate is short. A single hyphen must precede
// the name of a medium.
func cutUnspaced(title string) (string, bool) {
	for _, separator := range []string{"_", "-", "－", "｜", "|"} {
		parts := strings.Split(title, separator)
		if len(parts) < 2 || norm.Len(parts[0]) < minUnspacedHead || !hasHan(parts[0]) {
			continue
		}
		single := len(parts) == 2 && strings.ContainsAny(separator, "-－")
		if separator == "_" || shortTails(parts) && (!single || namesMedium(parts[1])) {
			return strings.TrimSpace(parts[0]), true
		}
	}
	return title, false
}

// shortTails reports whether the parts after the first are short, shorter than the first
// one, and in Chinese characters.
func shortTails(parts []string) bool {
	head := norm.Len(parts[0])
	for _, part := range parts[1:] {
		if n := norm.Len(part); n > maxUnspacedTail || n >= head || !hasHan(part) {
			return false
		}
	}
	return true
}

// namesMedium reports whether a text ends as the Chinese names of sites, papers, agencies
// and broadcasters do.
func namesMedium(text string) bool {
	last := []rune(strings.TrimSpace(text))
	return len(last) > 0 && strings.ContainsRune("网網报報社台", last[len(last)-1])
}

func hasHan(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}
