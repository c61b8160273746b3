package weburl_test

import (
	"testing"

	"github.com/dateline-news/dateline/internal/weburl"
)

func TestSite(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://example.com/a":                                    "example.com",
		"https://www.example.com/a":                                "example.com",
		"https://M.Example.com:8443/a":                             "example.com",
		"https://example.com./a":                                   "example.com",
		"https://news.example.co.uk/a":                             "example.co.uk",
		"https://other.co.uk/a":                                    "other.co.uk",
		"https://ada.github.io/a":                                  "ada.github.io",
		"https://blog.ada.github.io/a":                             "ada.github.io",
		"https://github.io/a":                                      "github.io",
		"https://co.uk/a":                                          "co.uk",
		"https://city.kawasaki.jp/a":                               "city.kawasaki.jp",
		"https://www.valley.example/a":                             "valley.example",
		"https://www.bücher.example/a":                             "xn--bcher-kva.example",
		"https://www.食狮.公司.cn/a":                                   "xn--85x722f.xn--55qx5d.cn",
		"https://www-example-com.cdn.ampproject.org/c/example.com": "ampproject.org",
		"http://localhost:8080/a":                                  "localhost:8080",
		"http://intranet/a":                                        "intranet",
		"http://192.0.2.7/a":                                       "192.0.2.7",
		"http://192.0.2.7:8080/a":                                  "192.0.2.7:8080",
		"http://0xC0000207/a":                                      "192.0.2.7",
		"http://[2001:db8::1]/a":                                   "[2001:db8::1]",
		"http://[2001:db8::1]:8080/a":                              "[2001:db8::1]:8080",
	} {
		u, err := weburl.Parse(raw)
		if err != nil {
			t.Errorf("parsing %s: %v", raw, err)
			continue
		}
		if got := u.Site(); got != want {
			t.Errorf("site of %s = %s, want %s", raw, got, want)
		}
	}
}

func TestSameSite(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"https://www.example.com/a", "http://example.com:8080/b", true},
		{"https://amp.example.co.uk/a", "https://m.example.co.uk/b", true},
		{"https://bücher.example/a", "https://www.xn--bcher-kva.example/b", true},
		{"https://example.co.uk/a", "https://other.co.uk/a", false},
		{"https://ada.github.io/a", "https://bob.github.io/a", false},
		{"https://github.io/a", "https://ada.github.io/a", false},
		{"https://example.com/a", "https://example.com.evil.example/a", false},
		{"https://example.com/a", "https://example.com@evil.example/a", false},
		{"https://www-example-com.cdn.ampproject.org/c/s/www.example.com/a", "https://www.example.com/a", false},
		{"http://192.0.2.7/a", "http://192.0.2.7:80/b", true},
		{"http://192.0.2.7/a", "http://192.0.2.7:8080/a", false},
		{"http://192.0.2.7/a", "http://198.51.2.7/a", false},
		{"file.html", "file.html", false},
		{"https://example.com/a", "", false},
	} {
		if got := weburl.SameSite(test.a, test.b); got != test.want {
			t.Errorf("SameSite(%q, %q) = %v, want %v", test.a, test.b, got, test.want)
		}
		if got := weburl.SameSite(test.b, test.a); got != test.want {
			t.Errorf("SameSite(%q, %q) = %v, want %v", test.b, test.a, got, test.want)
		}
	}
}
