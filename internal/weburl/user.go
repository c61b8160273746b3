package weburl

import (
	"bytes"
	"regexp"
	"strings"
)

// userInfo matches the user information of URLs within any text, with the text before it
// as its first group. A parser of URLs ignores how many slashes follow http: or https:.
var userInfo = regexp.MustCompile(`(?i)(https?:[/\\]*|[/\\]{2,})([^/\\?#\s"<>]*)@`)

// WithoutUsers returns a text without the user information of the URLs in it, which may
// contain passwords.
func WithoutUsers(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	return userInfo.ReplaceAllString(text, "$1")
}

// MaskUsers returns data with each byte of the user information of URLs replaced by x, so
// that messages that contain the lengths of their fields stay intact.
func MaskUsers(data []byte) []byte {
	if bytes.IndexByte(data, '@') < 0 {
		return data
	}
	masked := data
	for _, match := range userInfo.FindAllSubmatchIndex(data, -1) {
		if &masked[0] == &data[0] {
			masked = bytes.Clone(data)
		}
		for i := match[4]; i < match[5]; i++ {
			masked[i] = 'x'
		}
	}
	return masked
}
