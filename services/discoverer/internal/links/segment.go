package links

import "strings"

// classify returns the kind of a path segment: Y a year, d one or two digits, N a number,
// H a hexadecimal id, I a slug with a number of four digits or more, S a slug of four words
// or more, s one of two or three, w a word. A file's extension follows.
func classify(segment string) string {
	name, extension := segment, ""
	if i := strings.LastIndexByte(segment, '.'); i > 0 && len(segment)-i <= 6 {
		name, extension = segment[:i], strings.ToLower(segment[i:])
	}
	digits, run, longest, letters := 0, 0, 0, 0
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= '0' && c <= '9':
			digits++
			run++
			longest = max(longest, run)
			continue
		case c != '-' && c != '_' && c != ',' && c != '.':
			letters++
		}
		run = 0
	}
	kind := "w"
	switch words := slugWords(name); {
	case name == "":
		kind = ""
	case digits == len(name) && len(name) == 4 && (strings.HasPrefix(name, "19") || strings.HasPrefix(name, "20")):
		kind = "Y"
	case digits == len(name) && len(name) <= 2:
		kind = "d"
	case letters == 0 && digits > 0:
		kind = "N"
	case digits > 0 && len(name) >= 8 && strings.Trim(strings.ToLower(name), "0123456789abcdef-") == "":
		kind = "H"
	case longest >= 4:
		kind = "I"
	case words >= 4:
		kind = "S"
	case words >= 2:
		kind = "s"
	}
	return kind + extension
}

// slugWords returns the number of words of a slug. A percent-encoded slug of a language
// without spaces counts by its length.
func slugWords(name string) int {
	words := 0
	for _, word := range strings.FieldsFunc(name, func(r rune) bool {
		return r == '-' || r == '_' || r == '+' || r == ',' || r == '.'
	}) {
		words++
		if escapes := strings.Count(word, "%"); escapes >= 12 {
			words += escapes / 9 // three bytes a character, three characters a word
		}
	}
	return words
}
