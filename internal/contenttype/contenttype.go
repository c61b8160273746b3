// Package contenttype reads Content-Type headers as browsers do, so that a page is
// accepted, and decoded, if a browser would show it.
package contenttype

import "strings"

const blanks = " \t\r\n\f"

// Parse returns the media type and the charset of a Content-Type header, both in
// lower case and empty if the header has none. The caller joins several header lines
// by commas. The last usable type counts, as in the Fetch standard, section 2.2.2
// ("extract a MIME type"): a charset also applies to later types that are equal and
// have no charset. Parameters are those of the MIME Sniffing standard, section 4.4.
// Like browsers, Parse also accepts blanks instead of the semicolon. A type without a
// slash is returned only if there is no other.
func Parse(header string) (mediaType, charset string) {
	malformed := ""
	for header != "" {
		var value string
		value, header = cutUnquoted(header, ',')
		kind, parameters := cutType(value)
		typeName, subtype, found := strings.Cut(kind, "/")
		switch {
		case !found || typeName == "" || subtype == "":
			malformed = kind
			continue
		case kind == "*/*":
			if mediaType == "" {
				malformed = kind
			}
			continue
		}
		named := charsetOf(parameters)
		if kind != mediaType || named != "" {
			charset = named
		}
		mediaType = kind
	}
	if mediaType == "" {
		mediaType = malformed
	}
	return mediaType, charset
}

// cutType splits one type from its parameters.
func cutType(value string) (kind, parameters string) {
	value = strings.Trim(value, blanks)
	if i := strings.IndexAny(value, ";"+blanks); i >= 0 {
		value, parameters = value[:i], value[i+1:]
	}
	return strings.ToLower(value), parameters
}

// charsetOf returns the first charset in a list of parameters.
func charsetOf(parameters string) string {
	for parameters != "" {
		var parameter string
		parameter, parameters = cutUnquoted(parameters, ';')
		name, value, found := strings.Cut(strings.Trim(parameter, blanks), "=")
		if !found || !strings.EqualFold(name, "charset") {
			continue
		}
		if value = unquote(value); value != "" {
			return strings.ToLower(value)
		}
	}
	return ""
}

// cutUnquoted cuts text at the first separator that is not in a quoted string.
func cutUnquoted(text string, separator byte) (before, after string) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == separator && !quoted:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

// unquote returns the value of a parameter without quotes and backslashes. The end
// quote may be missing.
func unquote(value string) string {
	inner, quoted := strings.CutPrefix(value, `"`)
	if !quoted {
		return strings.Trim(value, blanks)
	}
	inner, _, _ = strings.Cut(inner, `"`)
	return strings.ReplaceAll(inner, `\`, "")
}
