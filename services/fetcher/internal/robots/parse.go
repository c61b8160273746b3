// Package robots reads robots.txt as RFC 9309 says, with Crawl-delay as an
// extension, and decides what a fetch of robots.txt means for its site.
package robots

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
)

// MaxSize is how many bytes of a robots.txt are read: the 500 KiB that RFC
// 9309, section 2.5 asks for. What is longer is cut behind the last line that
// ends within it. To have half a line recognised, fetch one byte more.
const MaxSize = 500 << 10

// Rules is a parsed robots.txt. It is immutable and safe for concurrent use.
type Rules struct {
	groups   map[string]*group // by product token in lower case, "*" for all others
	sitemaps []string
}

// group holds what is said to one product token, all over the file.
type group struct {
	rules []rule
	delay time.Duration // 0: none given
}

type rule struct {
	allow   bool
	pattern string // normalised: see normalise.go
	line    string // as written, for people: "Disallow: /private"
}

// Parse reads a robots.txt. It never fails: what it does not understand it
// skips (RFC 9309, section 2.2), so that an HTML page gives no rules at all.
func Parse(body []byte) *Rules {
	text := strings.TrimPrefix(string(cut(body)), "\ufeff")
	p := parser{rules: Rules{groups: make(map[string]*group)}}
	for text != "" {
		var line string
		// CR, LF and CR LF each end a line; the empty line that CR LF
		// gives this loop is skipped like all others.
		if i := strings.IndexAny(text, "\r\n"); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			line, text = text, ""
		}
		p.line(line)
	}
	return &p.rules
}

// cut bounds a body without leaving half a line, which would be another rule.
func cut(body []byte) []byte {
	if len(body) <= MaxSize {
		return body
	}
	return body[:bytes.LastIndexAny(body[:MaxSize], "\r\n")+1]
}

type parser struct {
	rules    Rules
	current  []*group // the groups that the next rule belongs to
	hadRules bool     // a rule came since the last user-agent line
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
		// Not part of a group (section 2.2.4).
		if value != "" {
			p.rules.sitemaps = append(p.rules.sitemaps, value)
		}
	}
}

// startGroup adds a product token to the group that is being opened. Groups of
// one token are merged wherever they stand (section 2.2.1).
func (p *parser) startGroup(value string) {
	if p.hadRules {
		p.current, p.hadRules = p.current[:0], false
	}
	token := productToken(value)
	if value == "*" || strings.HasPrefix(value, "* ") || strings.HasPrefix(value, "*\t") {
		token = "*"
	}
	if token == "" {
		// Nobody's group. It must still take the rules that follow it, or
		// they would fall to the group before.
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

// setDelay reads the seconds of a Crawl-delay, which may have a fraction. The
// longest of a token's delays counts. Like every record that the RFC does not
// define, it does not end a run of user-agent lines (section 2.2.4).
func (p *parser) setDelay(value string) {
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil || !(seconds >= 0) {
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

// field recognises a record's name without regard to case. The misspellings
// are those that site owners are known to make; a wish for privacy with a
// letter missing is still one (section 2.2.4 lets a parser be lenient).
func field(key string) fieldName {
	key = strings.Trim(key, " \t\x00")
	for _, known := range [...]struct {
		name  string
		field fieldName
	}{
		{"disallow", disallow}, {"allow", allow}, {"user-agent", userAgent}, {"sitemap", sitemap}, {"crawl-delay", crawlDelay},
		{"useragent", userAgent}, {"user agent", userAgent}, {"site-map", sitemap}, {"crawldelay", crawlDelay}, {"crawl delay", crawlDelay},
		{"dissallow", disallow}, {"dissalow", disallow}, {"disalow", disallow}, {"diasllow", disallow}, {"disallaw", disallow},
	} {
		if strings.EqualFold(key, known.name) {
			return known.field
		}
	}
	return other
}

// productToken returns the token at the start of a user-agent value in lower
// case: letters, "_" and "-" (section 2.2.1), so that "ExampleBot/2.1" names
// ExampleBot.
func productToken(value string) string {
	end := strings.IndexFunc(value, func(r rune) bool {
		return (r|0x20 < 'a' || r|0x20 > 'z') && r != '-' && r != '_'
	})
	if end < 0 {
		end = len(value)
	}
	return strings.ToLower(value[:end])
}
