package robots

import (
	"slices"
	"strings"
	"time"
)

// Allowed reports whether a crawler may fetch a path with its query. agent is the
// crawler's product token, such as "Dateline"; a version after it is ignored. line
// is the line of robots.txt that decided, or empty if none did. The most specific
// match wins: the one with the most octets, or of two with equal length the one that
// allows (RFC 9309, section 2.2.2).
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

// CrawlDelay returns the pause between requests that the site demands of a crawler,
// or 0 if there is none. Crawl-delay is a common extension of the RFC. Its value may
// be decades: clamp it.
func (r *Rules) CrawlDelay(agent string) time.Duration {
	if g := r.group(agent); g != nil {
		return g.delay
	}
	return 0
}

// Sitemaps returns the values of the Sitemap records in order, unchanged. They should
// be absolute URLs, but they may be anything.
func (r *Rules) Sitemaps() []string { return slices.Clone(r.sitemaps) }

// group returns the group for a product token: its own, otherwise that of "*"
// (section 2.2.1), otherwise nil.
func (r *Rules) group(agent string) *group {
	if g := r.groups[productToken(agent)]; g != nil {
		return g
	}
	return r.groups["*"]
}
