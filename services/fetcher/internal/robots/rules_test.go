package robots

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAllowedReturnsTheDecidingLine(t *testing.T) {
	rules := Parse([]byte("User-agent: *\nDISALLOW:/a%62*   # why\nallow: /ab/c\n"))
	for path, want := range map[string]string{
		"/abx": "Disallow: /a%62*", "/ab/c": "Allow: /ab/c", "/x": "", "/robots.txt": "",
	} {
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
		t.Errorf("CrawlDelay of an empty file = %v, want 0", got)
	}
}

func TestSitemaps(t *testing.T) {
	rules := Parse([]byte("Sitemap: https://example.com/1.xml\nUser-agent: a\n" +
		"sitemap : https://example.com/2.xml?x=y # news\nSitemap:\nDisallow: /\nSITEMAP:/3.xml"))
	want := []string{"https://example.com/1.xml", "https://example.com/2.xml?x=y", "/3.xml"}
	if got := rules.Sitemaps(); !slices.Equal(got, want) {
		t.Errorf("Sitemaps = %q, want %q", got, want)
	}
}

// TestSizeLimit checks that at least 500 KiB are parsed (RFC 9309, section 2.5).
func TestSizeLimit(t *testing.T) {
	head := "User-agent: *\nDisallow: /first\n"
	tail := "Disallow: /last\n"
	filler := strings.Repeat("# nothing\n", MaxSize/10)
	within := head + filler[:MaxSize-len(head)-len(tail)-1] + "\n" + tail
	if len(within) != MaxSize {
		t.Fatalf("the file has %d bytes, want %d", len(within), MaxSize)
	}
	beyond := within[:MaxSize-len("st\n")] + "-half-a-line\n" // the limit is after "/la"
	for name, test := range map[string]struct {
		file        string
		lastAllowed bool
	}{
		"exactly the limit": {within, false},
		"cut within a line": {beyond, true},
		"one line beyond":   {head + filler[:MaxSize-len(head)] + tail, true},
	} {
		rules := Parse([]byte(test.file))
		if allowed, _ := rules.Allowed("a", "/first"); allowed {
			t.Errorf("%s: the first rule was lost", name)
		}
		if allowed, line := rules.Allowed("a", "/last"); allowed != test.lastAllowed {
			t.Errorf("%s: /last: allowed is %v by %q, want %v", name, allowed, line, test.lastAllowed)
		}
	}
	if rules := Parse(bytes.Repeat([]byte("x"), 2*MaxSize)); len(rules.groups) != 0 {
		t.Error("a single long line resulted in a group")
	}
}

// TestMatchingIsLinear uses a hostile file. Matching "*" by backtracking would take
// the product of both lengths, to the power of the number of stars.
func TestMatchingIsLinear(t *testing.T) {
	path := "/" + strings.Repeat("a", 8<<10)
	pattern := "Disallow: /" + strings.Repeat("*a", 1000) + "*b\n"
	rules := Parse([]byte("User-agent: *\n" + strings.Repeat(pattern, MaxSize/len(pattern))))
	allocations := testing.AllocsPerRun(1, func() {
		if allowed, line := rules.Allowed("a", path); !allowed {
			t.Errorf("disallowed by %q", line)
		}
	})
	if allocations > 10 {
		t.Errorf("matching took %v allocations", allocations)
	}
}

// reference implements the definition of matches in the simplest way.
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

func TestMatchesAgreesWithReference(t *testing.T) {
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
			t.Fatalf("disallowed by %q", line)
		}
		if rules.CrawlDelay(agent) < 0 {
			t.Fatal("negative delay")
		}
		normal := normalise(path, false)
		if again := normalise(normal, false); again != normal {
			t.Fatalf("normalise(%q) = %q, but normalise of that is %q", path, normal, again)
		}
		// A rule with the path of a URL disallows that URL.
		if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "/robots.txt") || len(normal) >= MaxSize/2 {
			return
		}
		own := Parse(fmt.Appendf(nil, "User-agent: *\nDisallow: %s$\n", normal))
		if allowed, _ := own.Allowed("a", path); allowed {
			t.Fatalf("a Disallow rule for exactly %q allows it", normal)
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

// TestCrawlDelayOutOfRange checks that a delay too large for a number is long, not none.
func TestCrawlDelayOutOfRange(t *testing.T) {
	rules := Parse([]byte("User-agent: *\nCrawl-delay: 1e999\n"))
	if got := rules.CrawlDelay("ExampleBot"); got < 24*time.Hour {
		t.Errorf("the delay is %s", got)
	}
}
