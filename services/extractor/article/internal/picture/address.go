package picture

import (
	"strings"
	"unicode"
)

// quality is how likely an address is that of the picture itself.
type quality int

const (
	unusable quality = iota // not the address of a picture, or that of a placeholder
	doubtful                // its name has a word of a placeholder
	genuine
)

// qualityOf returns the quality of an address as it is written on a page.
func qualityOf(address string) quality {
	if len(address) < 2 || address[0] == '#' || strings.ContainsAny(address, "{}<>\n") {
		return unusable
	}
	if scheme, _, ok := strings.Cut(address[:min(len(address), len("javascript:"))], ":"); ok {
		switch strings.ToLower(scheme) {
		case "about", "blob", "cid", "data", "file", "javascript", "mailto":
			return unusable
		}
	}
	switch address {
	case "false", "none", "null", "undefined":
		return unusable
	}
	name, _ := fileName(address)
	found, others := false, false
	for word := range words(name) {
		switch {
		case placeholderWords[word]:
			found = true
		case !fillerWords[word] && strings.ContainsFunc(strings.ReplaceAll(word, "x", ""), isNotDigit):
			others = true
		}
	}
	switch {
	case strings.Contains(strings.ToLower(name), "placeholder") || found && !others:
		return unusable
	case found:
		return doubtful
	}
	return genuine
}

func isNotDigit(c rune) bool { return !unicode.IsDigit(c) }

// fileName returns the last part of the path of an address without its ending, and the
// ending in lower case without the dot.
func fileName(address string) (name, ending string) {
	if at := strings.IndexAny(address, "?#"); at >= 0 {
		address = address[:at]
	}
	address = address[strings.LastIndexByte(address, '/')+1:]
	if dot := strings.LastIndexByte(address, '.'); dot >= 0 {
		return address[:dot], strings.ToLower(address[dot+1:])
	}
	return address, ""
}

// File reports whether the path of an address ends like the name of a picture's file.
func File(address string) bool {
	name, ending := fileName(address)
	switch ending {
	case "avif", "gif", "jpeg", "jpg", "png", "webp":
		return name != "" && !strings.Contains(name, ":") // "/wiki/File:Bridge.jpg" is a page
	}
	return false
}

// Placeholder reports whether an address is that of a file that is shown in place of a
// picture, or of no file.
func Placeholder(address string) bool { return qualityOf(strings.TrimSpace(address)) == unusable }
