package weburl

import (
	"os/exec"
	"strings"
	"testing"
)

func mustParse(tb testing.TB, raw string) URL {
	tb.Helper()
	u, err := Parse(raw)
	if err != nil {
		tb.Fatalf("Parse(%q): %v", raw, err)
	}
	return u
}

func TestCanonicalForm(t *testing.T) {
	session := "(S(lit3py55t21z5v55vlm25s55))"
	tests := []struct{ name, raw, want string }{
		{"plain", "https://example.com/a", "https://example.com/a"},
		{"path added", "https://example.com", "https://example.com/"},
		{"surrounding white space", "  https://example.com/a\r\n", "https://example.com/a"},
		{"scheme and host in lower case", "HTTPS://Example.COM/A", "https://example.com/A"},
		{"backslashes", `http:\\example.com\a`, "http://example.com/a"},
		{"default port of http", "http://example.com:80/", "http://example.com/"},
		{"default port of https", "https://example.com:443/", "https://example.com/"},
		{"other port", "https://example.com:8443/", "https://example.com:8443/"},
		{"the other scheme's port", "http://example.com:443/", "http://example.com:443/"},
		{"user information", "https://user:secret@example.com/", "https://example.com/"},
		{"fragment", "https://example.com/a#b", "https://example.com/a"},
		{"dot segments", "https://example.com/a/../b/./c", "https://example.com/b/c"},
		{"encoded dot segments", "https://example.com/a/%2e%2E/b", "https://example.com/b"},
		{"final dot of the host", "https://example.com./a", "https://example.com/a"},
		{"international host", "https://bücher.example/", "https://xn--bcher-kva.example/"},
		{"full-width host", "https://ｅｘａｍｐｌｅ.com/", "https://example.com/"},
		{"international path", "https://example.com/ä", "https://example.com/%C3%A4"},
		{"percent-encoding kept", "https://example.com/%c3%a4%zz", "https://example.com/%c3%a4%zz"},
		{"bytes that are not UTF-8", "https://example.com/caf\xe9", "https://example.com/caf%E9"},
		{"space in the path", "https://example.com/a b", "https://example.com/a%20b"},
		{"query order kept", "https://example.com/?b=2&a=1&b=1", "https://example.com/?b=2&a=1&b=1"},
		{"empty query", "https://example.com/a?", "https://example.com/a"},
		{"empty parameters", "https://example.com/a?&x=1&&y=", "https://example.com/a?x=1&y="},
		{"tracking", "https://example.com/a?utm_source=x&id=7&fbclid=y&UTM_Medium=z", "https://example.com/a?id=7"},
		{"only tracking", "https://example.com/a?gclid=1", "https://example.com/a"},
		{"tracking, name encoded", "https://example.com/a?utm%5Fsource=x", "https://example.com/a"},
		{"not tracking", "https://example.com/a?utm=1&gclidx=2&ref=3", "https://example.com/a?utm=1&gclidx=2&ref=3"},
		{"session in the query", "https://example.com/a?PHPSESSID=1&p=2", "https://example.com/a?p=2"},
		{"session in the path", "https://example.com/a;jsessionid=0A1B?p=2", "https://example.com/a?p=2"},
		{"session among parameters", "https://example.com/a;v=1;JSESSIONID=2;w=3/b", "https://example.com/a;v=1;w=3/b"},
		{"session after dot segment", "https://example.com/a/..;jsessionid=1/b", "https://example.com/b"},
		{"session segment", "https://example.com/" + session + "/a.aspx", "https://example.com/a.aspx"},
		{"only a session segment", "https://example.com/" + session, "https://example.com/"},
		{"brackets without a session", "https://example.com/(S(short))/a", "https://example.com/(S(short))/a"},
		{"decimal address", "http://2130706433/", "http://127.0.0.1/"},
		{"hexadecimal address", "http://0x7f.1/", "http://127.0.0.1/"},
		{"octal address", "http://0177.0.0.01/", "http://127.0.0.1/"},
		{"full-width address", "http://１２７.０.０.１/", "http://127.0.0.1/"},
		{"IPv6 address", "http://[2001:DB8:0::1]:8080/", "http://[2001:db8::1]:8080/"},
		{"mapped address", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := mustParse(t, test.raw).String(); got != test.want {
				t.Errorf("Parse(%q)\n got %s\nwant %s", test.raw, got, test.want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	long := strings.Repeat("x", MaxLength)
	tests := []struct{ raw, want string }{
		{"", "the URL is empty"},
		{" \n", "the URL is empty"},
		{"example.com/a", `did you mean "https://example.com/a"?`},
		{"//example.com/a", `did you mean "https://example.com/a"?`},
		{"localhost:8080/x", `did you mean "https://localhost:8080/x"?`},
		{"example.com:80", `did you mean "https://example.com:80"?`},
		{"not a url", "is not a URL"},
		{"://example.com", "is not a URL"},
		{"ftp://example.com/", `has the scheme "ftp"; only http and https`},
		{"mailto:desk@example.com", `has the scheme "mailto"`},
		{"javascript:alert(1)", `has the scheme "javascript"`},
		{"https://", "has no host"},
		{"http:///", "has no host"},
		{"https://user@/", "is not a usable URL"},
		{"https://example.com/" + long, "the limit is 8192 bytes"},
		{"https://example.com/" + strings.Repeat("ä", MaxLength/3), "long when percent-encoded; the limit is 8192 bytes"},
		{"https://example.com/a\nhttps://example.com/b", "control character U+000A at byte 21; give one URL per line"},
		{"https://example.com/\x00", "control character U+0000"},
		{"https://exa mple.com/", "is not a usable URL"},
		{"https://*.example.com/", `has the character '*'`},
		{"https://a..example.com/", "has an empty part"},
		{"https://" + strings.Repeat("a", 64) + ".com/", "has a part of 64 characters"},
		{"https://" + strings.Repeat("a.", 127) + "com/", "257 characters long"},
		{"https://example.com:99999/", "is not a usable URL"},
		{"http://256.256.256.256/", "is not a usable URL"},
		{"http://[fe80::1%25eth0]/", "is not a usable URL"},
		{"http://[::1/", "is not a usable URL"},
	}
	for _, test := range tests {
		u, err := Parse(test.raw)
		if err == nil {
			t.Errorf("Parse(%.60q) = %s, want an error", test.raw, u)
			continue
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("Parse(%.60q)\n got error %s\nwant error containing %s", test.raw, err, test.want)
		}
		if len(err.Error()) > 500 || strings.ContainsFunc(err.Error(), isControl) {
			t.Errorf("Parse(%.60q): the error is not a single short line: %q", test.raw, err)
		}
	}
}

func TestErrorsDoNotContainPasswords(t *testing.T) {
	for _, raw := range []string{
		"https://user:secret@exa mple.com/",
		"https://user:secret@*.example.com/x@y",
		"ftp://user:secret@example.com/",
		"user:secret@example.com",
		"https:user:secret@a..b",
		`https:\\user:secret@a..b`,
		"https://user:s@secret@a..b",
		"https://user:secret@example.com:99999/",
		"https://user:secret@example.com/" + strings.Repeat("x", MaxLength),
	} {
		_, err := Parse(raw)
		if err == nil {
			t.Fatalf("Parse(%.60q) succeeded, want an error", raw)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("Parse(%.60q): the error contains the password: %v", raw, err)
		}
	}
}

func TestParts(t *testing.T) {
	u := mustParse(t, "https://Example.com:8443/a/b?c=d#e")
	got := [...]string{u.Scheme(), u.Host(), u.Origin(), u.PathQuery()}
	want := [...]string{"https", "example.com:8443", "https://example.com:8443", "/a/b?c=d"}
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if u.IsZero() || !(URL{}).IsZero() {
		t.Error("IsZero returned a wrong result")
	}
	if u != mustParse(t, "https://example.com:8443/a/b?c=d&utm_source=x") {
		t.Error("two URLs of the same page are not equal")
	}
}

func TestIDMatchesSha256sum(t *testing.T) {
	u := mustParse(t, "https://example.com/a")
	const want = "2dce0a4c50441bfccfa9caf4b58c3cba"
	if u.ID() != want {
		t.Errorf("ID = %s, want %s: ids are stored and must never change", u.ID(), want)
	}
	const pipe = "printf %s https://example.com/a | sha256sum | cut -c1-32"
	out, err := exec.CommandContext(t.Context(), "sh", "-c", pipe).Output()
	if err != nil {
		t.Fatalf("running sha256sum: %v", err)
	}
	if got := strings.TrimSpace(string(out)); got != u.ID() {
		t.Errorf("sha256sum prints %s, ID returns %s", got, u.ID())
	}
}

func TestResolve(t *testing.T) {
	const base = "https://example.com/news/today?page=1"
	tests := []struct{ ref, want string }{
		{"/a", "https://example.com/a"},
		{"a?utm_source=x#b", "https://example.com/news/a?utm_source=x"},
		{"?page=2", "https://example.com/news/today?page=2"},
		{"//other.example/x", "https://other.example/x"},
		{`\\other.example\x`, "https://other.example/x"},
		{" /a b\n", "https://example.com/a%20b"},
		{"/caf\xe9", "https://example.com/caf%E9"},
		{"", base},
		{"mailto:desk@example.com", "mailto:desk@example.com"},
	}
	for _, test := range tests {
		got, err := Resolve(base, test.ref)
		if err != nil || got != test.want {
			t.Errorf("Resolve(%q) = %q, %v; want %q", test.ref, got, err, test.want)
		}
	}
	if got, err := Resolve(base, "https://[::1/"); err == nil {
		t.Errorf("Resolve of an invalid reference returned %q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"https://example.com/a?utm_source=x&b=c#d", "http://[::1]:80/..;jsessionid=1/x",
		"http://0x7f.1/(S(lit3py55t21z5v55vlm25s55))/",
		"https://bücher.example./a//b?&&", `https:\\u:p@exam\ple`, "http://a/%zz%2e%2e/\xff?\xe9='\"", "http://a/.//b/..//c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := Parse(raw)
		if err != nil {
			if !u.IsZero() {
				t.Fatalf("Parse(%q) returned both %q and an error", raw, u)
			}
			return
		}
		again, err := Parse(u.String())
		if err != nil || again != u {
			t.Fatalf("Parse(%q) = %q, but Parse of that is %q, %v", raw, u, again, err)
		}
		for _, c := range []byte(u.String()) {
			if c <= ' ' || c >= 0x7f {
				t.Fatalf("Parse(%q) = %q, which is not printable ASCII", raw, u)
			}
		}
		if !strings.HasPrefix(u.PathQuery(), "/") || u.Origin()+u.PathQuery() != u.String() {
			t.Fatalf("the parts of %q are %q and %q", u, u.Origin(), u.PathQuery())
		}
		checkSubject(t, u)
	})
}
