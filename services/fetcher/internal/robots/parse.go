// Package robots parses robots.txt according to RFC 9309, with Crawl-delay as an
// extension, and decides what the result of fetching robots.txt means for its site.
package robots

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// MaxSize is the maximum number of bytes of a robots.txt that are parsed: the 500
// KiB that RFC 9309, section 2.5, requires. A longer file is cut after the last
// complete line within the limit. To let Parse detect that the last line is
// incomplete, fetch one byte more.
const MaxSize = 500 << 10

// Rules is a parsed robots.txt. It is immutable and safe for concurrent use.
type Rules struct {
	groups   map[string]*group // by product token in lower case; "*" is the default group
	sitemaps []string
}

// group holds the records for one product token, collected from the whole file.
type group struct {
	rules []rule
	delay time.Duration // Crawl-delay, 0 if there is none
}

type rule struct {
	allow   bool
	pattern string // in normal form, see normalise.go
	line    string // for messages, such as "Disallow: /private"
}

// Parse parses a robots.txt. It never fails: it skips lines that it does not
// understand (RFC 9309, section 2.2), so that an HTML page results in no rules.
func Parse(body []byte) *Rules {
	text := strings.TrimPrefix(string(cut(body)), "\ufeff")
	p := parser{rules: Rules{groups: make(map[string]*group)}}
	for text != "" {
		var line string
		// CR, LF and CR LF each end a line. The loop takes CR LF for a line
		// end and an empty line, which is skipped.
		if i := strings.IndexAny(text, "\r\n"); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			line, text = text, ""
		}
		p.line(line)
	}
	return &p.rules
}

// cut limits a body to MaxSize. It removes an incomplete last line, which would be
// a different rule.
func cut(body []byte) []byte {
	if len(body) <= MaxSize {
		return body
	}
	return body[:bytes.LastIndexAny(body[:MaxSize], "\r\n")+1]
}

type parser struct {
	rules    Rules
	current  []*group // the groups that the next rule belongs to
	hadRules bool     // a rule followed the last user-agent line
}

func (p *parser) line(line string) {
	line, _, _ = strings.Cut(line, "#")
	key, value, found := strings.Cut(line, ":")
	if !found {
		return
	}
	value = strings.Trim(value, " \t\x00")
	switch field(key) {
	case userAgent:
		p.startGroup(value)
	case allow:
		p.addRule(true, "Allow: ", value)
	case disallow:
		p.addRule(false, "Disallow: ", value)
	case crawlDelay:
		p.setDelay(value)
	case sitemap:
		// Sitemap records do not belong to a group (section 2.2.4).
		if value != "" {
			p.rules.sitemaps = append(p.rules.sitemaps, value)
		}
	}
}

// startGroup adds a product token to the current group, or starts a new group if
// the current one has rules. All groups of a token are merged, wherever they are in
// the file (section 2.2.1).
func (p *parser) startGroup(value string) {
	if p.hadRules {
		p.current, p.hadRules = p.current[:0], false
	}
	token := productToken(value)
	if value == "*" || strings.HasPrefix(value, "* ") || strings.HasPrefix(value, "*\t") {
		token = "*"
	}
	if token == "" {
		// The group applies to no crawler. The reset above ensures that its
		// rules do not count for the previous group.
		return
	}
	g := p.rules.groups[token]
	if g == nil {
		g = &group{}
		p.rules.groups[token] = g
	}
	p.current = append(p.current, g)
}

func (p *parser) addRule(allow bool, label, value string) {
	p.hadRules = true
	if value == "" {
		return // "Disallow:" forbids nothing (section 2.2.2).
	}
	r := rule{allow: allow, pattern: normalisePattern(value), line: label + value}
	for _, g := range p.current {
		g.rules = append(g.rules, r)
	}
}

// setDelay parses a Crawl-delay in seconds, possibly with a fraction. If a token has
// several, the longest counts. Like every record that the RFC does not define,
// Crawl-delay does not end a sequence of user-agent lines (section 2.2.4).
func (p *parser) setDelay(value string) {
	seconds, err := strconv.ParseFloat(value, 64) // an infinity if out of range
	if err != nil && !errors.Is(err, strconv.ErrRange) || !(seconds >= 0) {
		return
	}
	delay := time.Duration(min(seconds, math.MaxInt32) * float64(time.Second))
	for _, g := range p.current {
		g.delay = max(g.delay, delay)
	}
}

type fieldName int

const (
	other fieldName = iota
	userAgent
	allow
	disallow
	crawlDelay
	sitemap
)

// field recognises the name of a record, ignoring case. It accepts misspellings that
// site owners are known to make (section 2.2.4 lets a parser be lenient), because
// the owner's intention is clear.
func field(key string) fieldName {
	key = strings.Trim(key, " \t\x00")
	for _, known := range [...]struct {
		name  string
		field fieldName
	}{
		{"disallow", disallow}, {"allow", allow}, {"user-agent", userAgent}, {"sitemap", sitemap},
		{"crawl-delay", crawlDelay},

		{"useragent", userAgent}, {"user agent", userAgent}, {"site-map", sitemap},
		{"crawldelay", crawlDelay}, {"crawl delay", crawlDelay},
		{"dissallow", disallow}, {"dissalow", disallow}, {"disalow", disallow}, {"diasllow", disallow},
		{"disallaw", disallow},
	} {
		if strings.EqualFold(key, known.name) {
			return known.field
		}
	}
	return other
}

// productToken returns the product token at the start of a user-agent value, in
// lower case. A token has only letters, "_" and "-" (section 2.2.1), so that the
// token of "ExampleBot/2.1" is "examplebot".
func productToken(value string) string {
	end := strings.IndexFunc(value, func(r rune) bool {
		return (r|0x20 < 'a' || r|0x20 > 'z') && r != '-' && r != '_'
	})
	if end < 0 {
		end = len(value)
	}
	return strings.ToLower(value[:end])
}
