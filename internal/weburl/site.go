package weburl

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Site returns the part of the host that has one owner: the registrable domain, which
// is the public suffix and the label before it. Subdomains and ports belong to the
// same site. A host without registrable domain (an IP address, a single label, or a
// public suffix such as github.io) is a site by itself, and so is each of its ports.
//
//	https://www.example.co.uk/    example.co.uk
//	https://ada.github.io/        ada.github.io
//	http://192.0.2.7:8080/        192.0.2.7:8080
func (u URL) Site() string {
	host := u.Host()
	name := host
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		name = host[:i]
	}
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return host
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return host
	}
	return domain
}

// SameSite reports whether two URLs are on the same site. A URL that is not an http or
// https URL is on no site, so the result is false.
func SameSite(a, b string) bool {
	first, err := Parse(a)
	if err != nil {
		return false
	}
	second, err := Parse(b)
	return err == nil && first.Site() == second.Site()
}
