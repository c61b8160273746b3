package robots

import "testing"

// TestAllowed uses vectors written from the text of RFC 9309. Each name starts with
// the section.
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
		{
			"2.2.1 own group precedes the default group",
			"User-agent: *\nDisallow: /\n\nUser-agent: ExampleBot\nDisallow: /private\n",
			[]probe{
				{"ExampleBot", "/a", yes}, {"ExampleBot", "/private/a", no}, {"OtherBot", "/a", no},
			},
		},
		{"2.2.1 token ignores case", "user-AGENT: eXAMPLEbOT\ndISALLOW: /a\n", []probe{
			{"ExampleBot", "/a", no}, {"EXAMPLEBOT", "/b", yes},
		}},
		{"2.2.1 version after the token", "User-agent: ExampleBot/2.1\nDisallow: /a\n", []probe{
			{"ExampleBot", "/a", no}, {"ExampleBot/1.0 (+https://example.com)", "/a", no},
			{"ExampleBotNews", "/a", yes}, {"Example", "/a", yes},
		}},
		{
			"2.2.1 groups of one token merged",
			"User-agent: a\nDisallow: /1\n\nUser-agent: b\nDisallow: /2\n\nUser-agent: A\nDisallow: /3\n",
			[]probe{
				{"a", "/1", no}, {"a", "/2", yes}, {"a", "/3", no}, {"b", "/1", yes}, {"b", "/2", no},
				{"b", "/3", yes},
			},
		},
		{
			"2.2.1 groups of * merged",
			"User-agent: *\nDisallow: /1\n\nUser-agent: x\nDisallow: /2\n\nUser-agent: * # all\n" +
				"Disallow: /3\n",
			[]probe{
				{"a", "/1", no}, {"a", "/2", yes}, {"a", "/3", no},
			},
		},
		{
			"2.2.1 one group for several tokens",
			"User-agent: a\nUser-agent: b\n\n# said twice\nUser-agent: *\nDisallow: /1\n",
			[]probe{
				{"a", "/1", no}, {"b", "/1", no}, {"c", "/1", no},
			},
		},
		{"2.2.1 a group without rules allows", "User-agent: *\nDisallow: /\n\nUser-agent: ExampleBot\n", []probe{
			{"ExampleBot", "/a", yes}, {"OtherBot", "/a", no},
		}},
		{"2.2.1 no group allows", "User-agent: OtherBot\nDisallow: /\n", []probe{{"ExampleBot", "/a", yes}}},
		{"2.2.1 rules without a group are ignored", "Disallow: /\nUser-agent: ExampleBot\nAllow: /a\n", []probe{
			{"ExampleBot", "/b", yes}, {"OtherBot", "/b", yes},
		}},
		{
			"2.2.1 invalid token does not extend the previous group",
			"User-agent: a\nDisallow: /1\nUser-agent: 360\nDisallow: /\n",
			[]probe{
				{"a", "/1", no}, {"a", "/2", yes}, {"360", "/2", yes},
			},
		},
		{"2.2.1 * before a name does not match everything", "User-agent: *bot\nDisallow: /\n", []probe{
			{"ExampleBot", "/", yes},
		}},
		{
			"2.2.2 most octets win",
			"User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n",
			[]probe{
				{"a", "/example/page/", yes}, {"a", "/example/page/disallowed.gif", no}, {"a", "/other", yes},
			},
		},
		{
			"2.2.2 order does not matter",
			"User-agent: *\nDisallow: /a/b\nAllow: /a/b/c\nDisallow: /\nAllow: /a\n",
			[]probe{
				{"a", "/a/b/c", yes}, {"a", "/a/b", no}, {"a", "/a", yes}, {"a", "/b", no},
			},
		},
		{
			"2.2.2 allow wins a tie",
			"User-agent: *\nDisallow: /a\nAllow: /a\n\nUser-agent: b\nAllow: /a\nDisallow: /a\n",
			[]probe{
				{"a", "/a", yes}, {"b", "/a", yes},
			},
		},
		{"2.2.2 paths are case-sensitive", "User-agent: *\nDisallow: /A\n", []probe{
			{"a", "/a", yes}, {"a", "/A", no},
		}},
		{
			"2.2.2 an empty rule has no effect",
			"User-agent: *\nDisallow:\n\nUser-agent: b\nAllow:\nDisallow: /\n",
			[]probe{
				{"a", "/a", yes}, {"b", "/a", no},
			},
		},
		{"2.2.2 /robots.txt is always allowed", "User-agent: *\nDisallow: /\n", []probe{
			{"a", "/robots.txt", yes}, {"a", "/robots.txt?x", yes}, {"a", "/robots.txt/x", no},
			{"a", "/a/robots.txt", no},
		}},
		{"2.2.2 the query is part of the path", "User-agent: *\nDisallow: /a?b=1\nDisallow: /*?print\n", []probe{
			{"a", "/a", yes}, {"a", "/a?b=1&c", no}, {"a", "/x?print=1", no}, {"a", "/x?a&print", yes},
		}},
		{"2.2.2 table, row 1", "User-agent: *\nDisallow: /foo/bar?baz=quz\n", []probe{
			{"a", "/foo/bar?baz=quz", no},
		}},
		{"2.2.2 table, row 2", "User-agent: *\nDisallow: /foo/bar?baz=https://foo.bar\n", []probe{
			{"a", "/foo/bar?baz=https%3A%2F%2Ffoo.bar", no}, {"a", "/foo/bar?baz=https://foo.bar", no},
			{"a", "/foo/bar?baz=https%3a//foo.bar", no},
		}},
		{"2.2.2 table, row 2, reversed", "User-agent: *\nDisallow: /foo/bar?baz=https%3A%2F%2Ffoo.bar\n", []probe{
			{"a", "/foo/bar?baz=https%3A%2F%2Ffoo.bar", no}, {"a", "/foo/bar?baz=https://foo.bar", no},
		}},
		{"2.2.2 table, row 3", "User-agent: *\nDisallow: /foo/bar/ツ\n", []probe{
			{"a", "/foo/bar/%E3%83%84", no}, {"a", "/foo/bar/%e3%83%84/x", no}, {"a", "/foo/bar/ツ", no},
			{"a", "/foo/bar/%E3%83%85", yes},
		}},
		{"2.2.2 table, row 4", "User-agent: *\nDisallow: /foo/bar/%E3%83%84\n", []probe{
			{"a", "/foo/bar/%E3%83%84", no}, {"a", "/foo/bar/ツ", no},
		}},
		{"2.2.2 table, row 5", "User-agent: *\nDisallow: /foo/bar/%62%61%7A\n", []probe{
			{"a", "/foo/bar/baz", no}, {"a", "/foo/bar/%62%61%7a", no},
		}},
		{"2.2.2 an encoded slash in a path is not a slash", "User-agent: *\nDisallow: /a%2Fb\n", []probe{
			{"a", "/a%2fb", no}, {"a", "/a/b", yes},
		}},
		{"2.2.2 a stray percent sign", "User-agent: *\nDisallow: /100%\n", []probe{
			{"a", "/100%", no}, {"a", "/100%25", no}, {"a", "/100", yes},
		}},
		{"2.2.2 a rule must start with a slash", "User-agent: *\nDisallow: private\n", []probe{
			{"a", "/private", yes},
		}},
		{"2.2.3 * matches anything, including nothing", "User-agent: *\nDisallow: /a*b\n", []probe{
			{"a", "/ab", no}, {"a", "/axxb/c", no}, {"a", "/a/b", no}, {"a", "/ac", yes}, {"a", "/xab", yes},
		}},
		{"2.2.3 * at the start", "User-agent: *\nDisallow: *.gif\n", []probe{
			{"a", "/x/y.gif", no}, {"a", "/x.gift", no}, {"a", "/x.png", yes},
		}},
		{"2.2.3 * at the end only adds to the length", "User-agent: *\nDisallow: /a*\nAllow: /a\n", []probe{
			{"a", "/a", no},
		}},
		{"2.2.3 * reaches into the query", "User-agent: *\nDisallow: /*/print/\n", []probe{
			{"a", "/x?u=/a/print/", no}, {"a", "/x?u=%2Fa%2Fprint%2F", no}, {"a", "/x%2Fprint%2F", yes},
		}},
		{"2.2.3 $ at the end", "User-agent: *\nDisallow: /*.pdf$\nDisallow: /$\n", []probe{
			{"a", "/x.pdf", no}, {"a", "/x.pdf?y", yes}, {"a", "/x.pdf.pdf", no}, {"a", "/", no},
			{"a", "", no}, {"a", "/a", yes}, {"a", "/?x", yes},
		}},
		{"2.2.3 $ elsewhere is a literal", "User-agent: *\nDisallow: /a$b\n", []probe{
			{"a", "/a$b", no}, {"a", "/a%24bc", no}, {"a", "/a", yes},
		}},
		{
			"2.2.3 * and $ as literals",
			"User-agent: *\nDisallow: /path/file-with-a-%2A.html\nDisallow: /path/foo-%24\n",
			[]probe{
				{"a", "/path/file-with-a-*.html", no}, {"a", "/path/file-with-a-x.html", yes},
				{"a", "/path/foo-$", no}, {"a", "/path/foo-$/x", no}, {"a", "/path/foo-", yes},
			},
		},
		{"2.2.3 several *, overlapping literals", "User-agent: *\nDisallow: /*ab*ab$\n", []probe{
			{"a", "/abab", no}, {"a", "/ab", yes}, {"a", "/abxabx", yes}, {"a", "/aabab", no},
		}},
		{
			"2.2.4 other records do not interfere",
			"User-agent: a\nSitemap: https://example.com/s.xml\nUser-agent: b\nHost: example.com\n" +
				"no colon here\nCrawl-delay: 3\nUser-agent: c\nDisallow: /1\n",
			[]probe{
				{"a", "/1", no}, {"b", "/1", no}, {"c", "/1", no},
			},
		},
		{"2.2 a lone CR ends a line", "User-agent: *\rDisallow: /1\rAllow: /1/2\r", []probe{
			{"a", "/1", no}, {"a", "/1/2", yes},
		}},
		{
			"2.2 CR LF, white space, comments",
			"\r\n  User-agent :\t* \t # all\r\n\r\n\tDisallow : /1 # one\r\n",
			[]probe{
				{"a", "/1", no}, {"a", "/2", yes},
			},
		},
		{"2.2 no line end at the end of the file", "User-agent: *\nDisallow: /1", []probe{{"a", "/1", no}}},
		{"2.3 byte order mark", "\ufeffUser-agent: *\nDisallow: /1\n", []probe{{"a", "/1", no}}},
		{"misspellings", "useragent: *\nDissallow: /1\nDisalow: /2\n", []probe{{"a", "/1", no}, {"a", "/2", no}}},
		{"an HTML page", "<!doctype html><title>Disallow: /</title>\n<p>User-agent: *</p>\n", []probe{
			{"a", "/", yes},
		}},
		{"empty file", "", []probe{{"a", "/", yes}}},
		{"bytes that are not UTF-8", "User-agent: *\nDisallow: /caf\xe9\n", []probe{
			{"a", "/caf%E9", no}, {"a", "/caf", yes},
		}},
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
