package weburl

import (
	_ "embed"
	"net/url"
	"slices"
	"strings"
)

//go:embed tracking.txt
var trackingTable string

// trackingNames and trackingPrefixes are the entries of the table without and with
// a "*" at the end. Both are in lower case and sorted.
var trackingNames, trackingPrefixes = readTracking(trackingTable)

func readTracking(table string) (names, prefixes []string) {
	for line := range strings.Lines(table) {
		name, _, _ := strings.Cut(line, "#")
		name = strings.TrimSpace(name)
		if prefix, ok := strings.CutSuffix(name, "*"); ok {
			prefixes = append(prefixes, prefix)
		} else if name != "" {
			names = append(names, name)
		}
	}
	return names, prefixes
}

// isTracking reports whether a query parameter is in the table. Its name may be
// percent-encoded.
func isTracking(name string) bool {
	if strings.ContainsAny(name, "%+") {
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
	}
	name = strings.ToLower(name)
	if _, found := slices.BinarySearch(trackingNames, name); found {
		return true
	}
	// Only the last prefix that sorts before the name can match, because no
	// prefix in the table starts with another one.
	i, _ := slices.BinarySearch(trackingPrefixes, name)
	return i > 0 && strings.HasPrefix(name, trackingPrefixes[i-1]) ||
		i < len(trackingPrefixes) && name == trackingPrefixes[i]
}

// stripQuery removes tracking parameters, session ids and empty parameters. It does
// not change or reorder the others.
func stripQuery(query string) string {
	if query == "" {
		return ""
	}
	kept := make([]string, 0, 8)
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if pair != "" && !isTracking(name) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

// stripPath removes the session ids that servers put into paths for clients without
// cookies: ";jsessionid=…" (Jakarta Servlet 6.0, section 7.1.3, and similar) and the
// segment "(S(…))" (ASP.NET, cookieless session state).
func stripPath(path string) string {
	if !strings.ContainsAny(path, ";(") {
		return path
	}
	var b strings.Builder
	b.Grow(len(path))
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		segment = stripSessionParameters(segment)
		if !isSessionSegment(segment) {
			b.WriteByte('/')
			b.WriteString(segment)
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

func stripSessionParameters(segment string) string {
	name, parameters, found := strings.Cut(segment, ";")
	if !found {
		return segment
	}
	for parameter := range strings.SplitSeq(parameters, ";") {
		key, _, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(key, "jsessionid") && !strings.EqualFold(key, "phpsessid") {
			name += ";" + parameter
		}
	}
	return name
}

// minSessionID is the minimum length of the ids that ASP.NET writes into paths.
const minSessionID = 24

// isSessionSegment reports whether a path segment consists of ASP.NET session ids,
// such as "(S(…))" or "(A(…)S(…))".
func isSessionSegment(segment string) bool {
	inner, ok := strings.CutPrefix(segment, "(")
	if !ok {
		return false
	}
	if inner, ok = strings.CutSuffix(inner, ")"); !ok {
		return false
	}
	for inner != "" {
		if !strings.HasPrefix(inner, "S(") && !strings.HasPrefix(inner, "A(") && !strings.HasPrefix(inner, "F(") {
			return false
		}
		id, rest, closed := strings.Cut(inner[2:], ")")
		if !closed || len(id) < minSessionID || strings.IndexFunc(strings.ToLower(id), notInLabel) >= 0 {
			return false
		}
		inner = rest
	}
	return len(segment) > len("()")
}
