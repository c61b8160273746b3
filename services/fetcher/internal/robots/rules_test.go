package robots

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The vectors are written from the text of RFC 9309; each names its section.
func TestAllowed(t *testing.T) {
	const (
		yes = true
		no  = false
	)
	type probe struct {
		agent, path string
		want        bool
	}
	tests := []struct {
		name, file string
		probes     []probe
	}{
		{"2.2.1 own group before the others", "User-agent: *\nDisallow: /\n\nUser-agent: ExampleBot\nDisallow: /private\n", []probe{
			{"ExampleBot", "/a", yes}, {"ExampleBot", "/private/a", no}, {"OtherBot", "/a", no},
		}},
		{"2.2.1 token without regard to case", "user-AGENT: eXAMPLEbOT\ndISALLOW: /a\n", []probe{
			{"ExampleBot", "/a", no}, {"EXAMPLEBOT", "/b", yes},
		}},
		{"2.2.1 version behind the token", "User-agent: ExampleBot/2.1\nDisallow: /a\n", []probe{
			{"ExampleBot", "/a", no}, {"ExampleBot/1.0 (+https://example.com)", "/a", no}, {"ExampleBotNews", "/a", yes}, {"Example", "/a", yes},
		}},
		{"2.2.1 groups of one token merged", "User-agent: a\nDisallow: /1\n\nUser-agent: b\nDisallow: /2\n\nUser-agent: A\nDisallow: /3\n", []probe{
			{"a", "/1", no}, {"a", "/2", yes}, {"a", "/3", no}, {"b", "/1", yes}, {"b", "/2", no}, {"b", "/3", yes},
		}},
		{"2.2.1 groups of * merged", "User-agent: *\nDisallow: /1\n\nUser-agent: x\nDisallow: /2\n\nUser-agent: * # all\nDisallow: /3\n", []probe{
			{"a", "/1", no}, {"a", "/2", yes}, {"a", "/3", no},
		}},
		{"2.2.1 one group for several tokens", "User-agent: a\nUser-agent: b\n\n# said twice\nUser-agent: *\nDisallow: /1\n", []probe{
			{"a", "/1", no}, {"b", "/1", no}, {"c", "/1", no},
		}},
		{"2.2.1 a group without rules allows", "User-agent: *\nDisallow: /\n\nUser-agent: ExampleBot\n", []probe{
			{"ExampleBot", "/a", yes}, {"OtherBot", "/a", no},
		}},
		{"2.2.1 no group allows", "User-agent: OtherBot\nDisallow: /\n", []probe{{"ExampleBot", "/a", yes}}},
		{"2.2.1 rules without a group count for nobody", "Disallow: /\nUser-agent: ExampleBot\nAllow: /a\n", []probe{{"ExampleBot", "/b", yes}, {"OtherBot", "/b", yes}}},
		{"2.2.1 an unreadable token is nobody, not the group before", "User-agent: a\nDisallow: /1\nUser-agent: 360\nDisallow: /\n", []probe{
			{"a", "/1", no}, {"a", "/2", yes}, {"360", "/2", yes},
		}},
		{"2.2.1 * in front of a name is not everybody", "User-agent: *bot\nDisallow: /\n", []probe{{"ExampleBot", "/", yes}}},
		{"2.2.2 most octets win", "User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n", []probe{
			{"a", "/example/page/", yes}, {"a", "/example/page/disallowed.gif", no}, {"a", "/other", yes},
		}},
		{"2.2.2 order does not matter", "User-agent: *\nDisallow: /a/b\nAllow: /a/b/c\nDisallow: /\nAllow: /a\n", []probe{
			{"a", "/a/b/c", yes}, {"a", "/a/b", no}, {"a", "/a", yes}, {"a", "/b", no},
		}},
		{"2.2.2 allow wins a tie", "User-agent: *\nDisallow: /a\nAllow: /a\n\nUser-agent: b\nAllow: /a\nDisallow: /a\n", []probe{
			{"a", "/a", yes}, {"b", "/a", yes},
		}},
		{"2.2.2 paths are told apart by case", "User-agent: *\nDisallow: /A\n", []probe{{"a", "/a", yes}, {"a", "/A", no}}},
		{"2.2.2 an empty rule says nothing", "User-agent: *\nDisallow:\n\nUser-agent: b\nAllow:\nDisallow: /\n", []probe{{"a", "/a", yes}, {"b", "/a", no}}},
		{"2.2.2 /robots.txt is always allowed", "User-agent: *\nDisallow: /\n", []probe{
			{"a", "/robots.txt", yes}, {"a", "/robots.txt?x", yes}, {"a", "/robots.txt/x", no}, {"a", "/a/robots.txt", no},
		}},
		{"2.2.2 the query belongs to the path", "User-agent: *\nDisallow: /a?b=1\nDisallow: /*?print\n", []probe{
			{"a", "/a", yes}, {"a", "/a?b=1&c", no}, {"a", "/x?print=1", no}, {"a", "/x?a&print", yes},
		}},
		{"2.2.2 table, row 1", "User-agent: *\nDisallow: /foo/bar?baz=quz\n", []probe{{"a", "/foo/bar?baz=quz", no}}},
		{"2.2.2 table, row 2", "User-agent: *\nDisallow: /foo/bar?baz=https://foo.bar\n", []probe{
			{"a", "/foo/bar?baz=https%3A%2F%2Ffoo.bar", no}, {"a", "/foo/bar?baz=https://foo.bar", no}, {"a", "/foo/bar?baz=https%3a//foo.bar", no},
		}},
		{"2.2.2 table, row 2, the other way", "User-agent: *\nDisallow: /foo/bar?baz=https%3A%2F%2Ffoo.bar\n", []probe{
			{"a", "/foo/bar?baz=https%3A%2F%2Ffoo.bar", no}, {"a", "/foo/bar?baz=https://foo.bar", no},
		}},
		{"2.2.2 table, row 3", "User-agent: *\nDisallow: /foo/bar/ツ\n", []probe{
			{"a", "/foo/bar/%E3%83%84", no}, {"a", "/foo/bar/%e3%83%84/x", no}, {"a", "/foo/bar/ツ", no}, {"a", "/foo/bar/%E3%83%85", yes},
		}},
		{"2.2.2 table, row 4", "User-agent: *\nDisallow: /foo/bar/%E3%83%84\n", []probe{{"a", "/foo/bar/%E3%83%84", no}, {"a", "/foo/bar/ツ", no}}},
		{"2.2.2 table, row 5", "User-agent: *\nDisallow: /foo/bar/%62%61%7A\n", []probe{{"a", "/foo/bar/baz", no}, {"a", "/foo/bar/%62%61%7a", no}}},
		{"2.2.2 an encoded slash is none in a path", "User-agent: *\nDisallow: /a%2Fb\n", []probe{{"a", "/a%2fb", no}, {"a", "/a/b", yes}}},
		{"2.2.2 a stray percent sign", "User-agent: *\nDisallow: /100%\n", []probe{{"a", "/100%", no}, {"a", "/100%25", no}, {"a", "/100", yes}}},
		{"2.2.2 a rule must start with a slash", "User-agent: *\nDisallow: private\n", []probe{{"a", "/private", yes}}},
		{"2.2.3 * stands for anything, also nothing", "User-agent: *\nDisallow: /a*b\n", []probe{
			{"a", "/ab", no}, {"a", "/axxb/c", no}, {"a", "/a/b", no}, {"a", "/ac", yes}, {"a", "/xab", yes},
		}},
		{"2.2.3 * first", "User-agent: *\nDisallow: *.gif\n", []probe{{"a", "/x/y.gif", no}, {"a", "/x.gift", no}, {"a", "/x.png", yes}}},
		{"2.2.3 * last changes nothing but the length", "User-agent: *\nDisallow: /a*\nAllow: /a\n", []probe{{"a", "/a", no}}},
		{"2.2.3 * into the query", "User-agent: *\nDisallow: /*/print/\n", []probe{{"a", "/x?u=/a/print/", no}, {"a", "/x?u=%2Fa%2Fprint%2F", no}, {"a", "/x%2Fprint%2F", yes}}},
		{"2.2.3 $ ends", "User-agent: *\nDisallow: /*.pdf$\nDisallow: /$\n", []probe{
			{"a", "/x.pdf", no}, {"a", "/x.pdf?y", yes}, {"a", "/x.pdf.pdf", no}, {"a", "/", no}, {"a", "", no}, {"a", "/a", yes}, {"a", "/?x", yes},
		}},
		{"2.2.3 $ elsewhere is a character", "User-agent: *\nDisallow: /a$b\n", []probe{{"a", "/a$b", no}, {"a", "/a%24bc", no}, {"a", "/a", yes}}},
		{"2.2.3 * and $ as characters", "User-agent: *\nDisallow: /path/file-with-a-%2A.html\nDisallow: /path/foo-%24\n", []probe{
			{"a", "/path/file-with-a-*.html", no}, {"a", "/path/file-with-a-x.html", yes}, {"a", "/path/foo-$", no}, {"a", "/path/foo-$/x", no}, {"a", "/path/foo-", yes},
		}},
		{"2.2.3 several *, overlapping ends", "User-agent: *\nDisallow: /*ab*ab$\n", []probe{{"a", "/abab", no}, {"a", "/ab", yes}, {"a", "/abxabx", yes}, {"a", "/aabab", no}}},
		{"2.2.4 other records do not interfere", "User-agent: a\nSitemap: https://example.com/s.xml\nUser-agent: b\nHost: example.com\nno colon here\nCrawl-delay: 3\nUser-agent: c\nDisallow: /1\n", []probe{
			{"a", "/1", no}, {"b", "/1", no}, {"c", "/1", no},
		}},
		{"2.2 CR alone ends a line", "User-agent: *\rDisallow: /1\rAllow: /1/2\r", []probe{{"a", "/1", no}, {"a", "/1/2", yes}}},
		{"2.2 CR LF, white space, comments", "\r\n  User-agent :\t* \t # all\r\n\r\n\tDisallow : /1 # one\r\n", []probe{{"a", "/1", no}, {"a", "/2", yes}}},
		{"2.2 no line end at the end", "User-agent: *\nDisallow: /1", []probe{{"a", "/1", no}}},
		{"2.3 a byte order mark", "\ufeffUser-agent: *\nDisallow: /1\n", []probe{{"a", "/1", no}}},
		{"misspellings", "useragent: *\nDissallow: /1\nDisalow: /2\n", []probe{{"a", "/1", no}, {"a", "/2", no}}},
		{"a page of HTML", "<!doctype html><title>Disallow: /</title>\n<p>User-agent: *</p>\n", []probe{{"a", "/", yes}}},
		{"nothing", "", []probe{{"a", "/", yes}}},
		{"bytes that are not UTF-8", "User-agent: *\nDisallow: /caf\xe9\n", []probe{{"a", "/caf%E9", no}, {"a", "/caf", yes}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rules := Parse([]byte(test.file))
			for _, p := range test.probes {
				if got, line := rules.Allowed(p.agent, p.path); got != p.want {
					t.Errorf("Allowed(%q, %q) = %v by %q, want %v", p.agent, p.path, got, line, p.want)
				}
			}
		})
	}
}

func TestAllowedNamesTheLineThatDecided(t *testing.T) {
	rules := Parse([]byte("User-agent: *\nDISALLOW:/a%62*   # why\nallow: /ab/c\n"))
	for path, want := range map[string]string{"/abx": "Disallow: /a%62*", "/ab/c": "Allow: /ab/c", "/x": "", "/robots.txt": ""} {
		if _, line := rules.Allowed("a", path); line != want {
			t.Errorf("%s was decided by %q, want %q", path, line, want)
		}
	}
}

func TestCrawlDelay(t *testing.T) {
	rules := Parse([]byte(`User-agent: *
Crawl-delay: 10
Disallow: /x

User-agent: a
Disallow: /y
Crawl-delay: 0.5

User-agent: b
Crawl-delay: never
Disallow: /z

User-agent: c
Crawl-delay: -1
Crawl-delay: NaN
Crawl-delay: 1e300
Disallow:
User-agent: c
crawldelay: 2
`))
	for agent, want := range map[string]time.Duration{
		"other": 10 * time.Second, "a": 500 * time.Millisecond, "b": 0, "c": (1<<31 - 1) * time.Second,
	} {
		if got := rules.CrawlDelay(agent); got != want {
			t.Errorf("CrawlDelay(%q) = %v, want %v", agent, got, want)
		}
	}
	if got := Parse(nil).CrawlDelay("a"); got != 0 {
		t.Errorf("an empty file has the delay %v", got)
	}
}

func TestSitemaps(t *testing.T) {
	rules := Parse([]byte("Sitemap: https://example.com/1.xml\nUser-agent: a\nsitemap : https://example.com/2.xml?x=y # news\nSitemap:\nDisallow: /\nSITEMAP:/3.xml"))
	want := []string{"https://example.com/1.xml", "https://example.com/2.xml?x=y", "/3.xml"}
	if got := rules.Sitemaps(); !slices.Equal(got, want) {
		t.Errorf("Sitemaps = %q, want %q", got, want)
	}
}

// RFC 9309, section 2.5: at least 500 KiB are parsed.
func TestSizeLimit(t *testing.T) {
	head := "User-agent: *\nDisallow: /first\n"
	tail := "Disallow: /last\n"
	filler := strings.Repeat("# nothing\n", MaxSize/10)
	within := head + filler[:MaxSize-len(head)-len(tail)-1] + "\n" + tail
	if len(within) != MaxSize {
		t.Fatalf("the file has %d bytes", len(within))
	}
	beyond := within[:MaxSize-len("st\n")] + "-half-a-line\n" // "/la" is the last that fits
	for name, test := range map[string]struct {
		file string
		last bool
	}{
		"exactly the limit": {within, false},
		"half a line":       {beyond, true},
		"a line beyond":     {head + filler[:MaxSize-len(head)] + tail, true},
	} {
		rules := Parse([]byte(test.file))
		if allowed, _ := rules.Allowed("a", "/first"); allowed {
			t.Errorf("%s: the first rule is lost", name)
		}
		if allowed, line := rules.Allowed("a", "/last"); allowed != test.last {
			t.Errorf("%s: /last is allowed: %v by %q", name, allowed, line)
		}
	}
	if rules := Parse(bytes.Repeat([]byte("x"), 2*MaxSize)); len(rules.groups) != 0 {
		t.Error("one endless line made a group")
	}
}

// A hostile file must not make matching explode: "*" by backtracking would
// take the product of both lengths, to the power of the number of stars.
func TestMatchingIsLinear(t *testing.T) {
	path := "/" + strings.Repeat("a", 8<<10)
	pattern := "Disallow: /" + strings.Repeat("*a", 1000) + "*b\n"
	rules := Parse([]byte("User-agent: *\n" + strings.Repeat(pattern, MaxSize/len(pattern))))
	calls := testing.AllocsPerRun(1, func() {
		if allowed, line := rules.Allowed("a", path); !allowed {
			t.Errorf("disallowed by %q", line)
		}
	})
	if calls > 10 {
		t.Errorf("%v allocations to match", calls)
	}
}

// reference decides a match by the definition, without any cleverness.
func reference(pattern, path string) bool {
	if pattern == "$" {
		return path == ""
	}
	if pattern == "" {
		return true
	}
	if pattern[0] == '*' {
		return reference(pattern[1:], path) || path != "" && reference(pattern, path[1:])
	}
	return path != "" && pattern[0] == path[0] && reference(pattern[1:], path[1:])
}

func TestMatchesAgreesWithItsDefinition(t *testing.T) {
	words := func(alphabet string, most int) (all []string) {
		level := []string{""}
		for range most {
			var next []string
			for _, word := range level {
				for _, c := range alphabet {
					next = append(next, word+string(c))
				}
			}
			all, level = append(all, next...), next
		}
		return append(all, "")
	}
	paths := words("ab", 6)
	for _, pattern := range words("ab*", 5) {
		for _, end := range []string{"", "$"} {
			for _, path := range paths {
				if got, want := matches(pattern+end, path), reference(pattern+end, path); got != want {
					t.Fatalf("matches(%q, %q) = %v, want %v", pattern+end, path, got, want)
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("User-agent: *\nDisallow: /a*b$\nAllow: /%61\r\nCrawl-delay: 1.5\rSitemap: x"), "/a?b=%2F", "ExampleBot")
	f.Add([]byte("\ufeffuseragent: é\nDisallow: *\n\xff: \x00"), "/%", "*")
	f.Fuzz(func(t *testing.T, body []byte, path, agent string) {
		rules := Parse(body)
		allowed, line := rules.Allowed(agent, path)
		if !allowed && !strings.HasPrefix(line, "Disallow: ") {
			t.Fatalf("refused by %q", line)
		}
		if rules.CrawlDelay(agent) < 0 {
			t.Fatal("negative delay")
		}
		normal := normalise(path, false)
		if again := normalise(normal, false); again != normal {
			t.Fatalf("normalise(%q) = %q, whose normal form is %q", path, normal, again)
		}
		// A rule written from a URL's own path forbids that URL.
		own := Parse(fmt.Appendf(nil, "User-agent: *\nDisallow: %s$\n", normal))
		if allowed, _ := own.Allowed("a", path); allowed && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "/robots.txt") && len(normal) < MaxSize/2 {
			t.Fatalf("a rule for exactly %q allows it", normal)
		}
	})
}

func BenchmarkAllowed(b *testing.B) {
	var file strings.Builder
	file.WriteString("User-agent: *\n")
	for i := range 100 {
		fmt.Fprintf(&file, "Disallow: /section-%d/*/print$\nAllow: /section-%d/\n", i, i)
	}
	rules := Parse([]byte(file.String()))
	b.ReportAllocs()
	for b.Loop() {
		rules.Allowed("Dateline", "/section-50/2026/11/23/a-headline-of-ordinary-length?id=7")
	}
}
