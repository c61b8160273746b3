package robots

import (
	"slices"
	"strings"
	"time"
)

// Allowed reports whether the crawler with this product token (such as
// "Dateline"; a version behind it is ignored) may fetch a path with its query,
// and the line of robots.txt that decided it, empty where none did. The most
// specific match counts: the one with the most octets, and of two as long as
// each other the one that allows (RFC 9309, section 2.2.2).
func (r *Rules) Allowed(agent, pathQuery string) (allowed bool, line string) {
	if pathQuery == "" {
		pathQuery = "/"
	}
	if path, _, _ := strings.Cut(pathQuery, "?"); path == "/robots.txt" {
		return true, "" // implicitly allowed (section 2.2.2)
	}
	g := r.group(agent)
	if g == nil {
		return true, ""
	}
	target := normaliseTarget(pathQuery)
	best := rule{allow: true}
	for _, candidate := range g.rules {
		better := len(candidate.pattern) > len(best.pattern) ||
			len(candidate.pattern) == len(best.pattern) && candidate.allow && !best.allow
		if better && target.matches(candidate.pattern) {
			best = candidate
		}
	}
	return best.allow, best.line
}

// CrawlDelay returns the pause between two requests that the site asks this
// crawler for, 0 if it does not. It is an extension of many sites, not part of
// the RFC, and up to decades long: clamp it.
func (r *Rules) CrawlDelay(agent string) time.Duration {
	if g := r.group(agent); g != nil {
		return g.delay
	}
	return 0
}

// Sitemaps returns the values of the Sitemap records in their order, as
// written: they should be absolute URLs, and anything can stand there.
func (r *Rules) Sitemaps() []string { return slices.Clone(r.sitemaps) }

// group returns what is said to a product token: its own group, else that of
// "*" (section 2.2.1), else nil.
func (r *Rules) group(agent string) *group {
	if g := r.groups[productToken(agent)]; g != nil {
		return g
	}
	return r.groups["*"]
}
