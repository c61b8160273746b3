package fields

import (
	"slices"
	"strings"
)

// roleLike reports whether a text contains a word of roles, a digit or an at
// sign.
func roleLike(s string) bool {
	s = strings.ToLower(s)
	return strings.ContainsAny(s, "0123456789@") ||
		slices.ContainsFunc(roleWords, func(w string) bool { return strings.Contains(s, w) })
}

// nameWords returns how many words of a text precede the role at its end, or the
// number of words if it has no role.
func nameWords(parts []string) int {
	n := len(parts)
	if n == 0 || !roleNouns[strings.ToLower(parts[n-1])] {
		return n
	}
	n--
	for n > 0 && roleModifiers[strings.ToLower(parts[n-1])] {
		n--
	}
	for i := 2; i < n; i++ {
		if rankWords[strings.ToLower(parts[i])] {
			n = i // "Jane Roe Senior Autos"
		}
	}
	if n > 0 && roleModifiers[strings.ToLower(parts[0])] {
		return 0
	}
	return n
}

// withoutRole removes a role from the end of a name ("Jane Roe Senior Tech
// Reporter"). A role without a name stays.
func withoutRole(s string) string {
	parts := strings.Fields(s)
	if n := nameWords(parts); n >= 2 && n < len(parts) {
		return strings.TrimRight(strings.Join(parts[:n], " "), " ,")
	}
	return s
}

// roleOnly reports whether a text names a role and not a person.
func roleOnly(s string) bool {
	parts := strings.Fields(s)
	if len(parts) > 2 && roleNouns[strings.ToLower(parts[0])] && (parts[1] == "at" || parts[1] == "of") {
		return true
	}
	n := nameWords(parts)
	return n < 2 && n < len(parts)
}
