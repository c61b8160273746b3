package web

import (
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// languageName returns the English name of a language, given its BCP 47 tag.
func languageName(tag string) string {
	if tag == "und" {
		return "Unknown"
	}
	parsed, err := language.Parse(tag)
	if err != nil {
		return tag
	}
	if name := display.English.Tags().Name(parsed); name != "" {
		return name
	}
	return tag
}
