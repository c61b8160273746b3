package captures

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Key returns the key of a URL in sort-friendly form (SURT), as CDX servers such as pywb
// use it: the labels of the host in reverse, without a leading "www", then the path and
// the sorted query in lower case. URLs that differ only in scheme, in case or in the order
// of their parameters have the same key.
func Key(text string) string {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" {
		return withoutSpace(strings.ToLower(text))
	}
	key := HostKey(parsed.Hostname())
	if port := parsed.Port(); port != "" && port != "80" && port != "443" {
		key += ":" + port
	}
	path := strings.ToLower(parsed.EscapedPath())
	if path = strings.TrimRight(path, "/"); path == "" {
		path = "/"
	}
	key += ")" + path
	if parsed.RawQuery != "" {
		parameters := strings.Split(strings.ToLower(parsed.RawQuery), "&")
		slices.Sort(parameters)
		key += "?" + strings.Join(parameters, "&")
	}
	return withoutSpace(key)
}

// withoutSpace escapes white space and control characters, at which a line of an index would end
// or have another field. URLs that cannot be parsed may contain any character.
func withoutSpace(key string) string {
	var b strings.Builder
	for _, r := range key {
		if unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			b.WriteString(strings.ToLower(url.PathEscape(string(r))))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

var leadingWWW = regexp.MustCompile(`^www\d*\.`)

// HostKey returns the start of the keys of a host's URLs: "com,example" for
// www.example.com. The keys of its subdomains continue with a comma.
func HostKey(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if strings.Trim(host, "0123456789.") == "" || strings.Contains(host, ":") {
		return host // an IP address
	}
	labels := strings.Split(leadingWWW.ReplaceAllString(host, ""), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ",")
}

// maxKey is the maximum length of a key in the tables, in bytes. PostgreSQL does not index
// longer texts than about 2,700 bytes.
const maxKey = 1024

// boundKey shortens a key to maxKey bytes. The end of a longer one is its hash.
func boundKey(key string) string {
	if len(key) <= maxKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	end := "~" + hex.EncodeToString(sum[:])
	return strings.ToValidUTF8(key[:maxKey-len(end)], "") + end
}
