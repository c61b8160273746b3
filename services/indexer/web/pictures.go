package web

import (
	"slices"
	"strings"

	"github.com/dateline-news/dateline/internal/weburl"
)

// privateSuffixes are the last labels of names that are not in the public DNS: reserved ones
// (RFC 6761, RFC 6762, RFC 8375, .internal), and those that private networks often use.
var privateSuffixes = []string{
	"local", "localhost", "internal", "arpa", "lan", "home", "corp", "intranet", "private", "localdomain",
}

// picture returns the URL of a picture that may be requested, or "". A page chooses the
// URLs of its pictures. They must not have this server send requests into its own network.
// A public name can still resolve to a private address: the dial guard refuses it.
func picture(address string) string {
	target, err := weburl.ParseTarget(address)
	if err != nil {
		return ""
	}
	host := target.Host() // without the default port
	top := host[strings.LastIndexByte(host, '.')+1:]
	isAddress := strings.HasPrefix(host, "[") || strings.Trim(top, "0123456789") == ""
	if top == host || isAddress || strings.Contains(host, ":") || slices.Contains(privateSuffixes, top) {
		return ""
	}
	return target.String()
}
