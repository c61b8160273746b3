package contenttype

import "testing"

func TestParseLikeABrowser(t *testing.T) {
	for header, want := range map[string]struct{ mediaType, charset string }{
		"":                                    {"", ""},
		"text/html":                           {"text/html", ""},
		"TEXT/HTML ; Charset=UTF-8":           {"text/html", "utf-8"},
		`text/html; charset="windows-1251"`:   {"text/html", "windows-1251"},
		`text/html; charset="windows-1251`:    {"text/html", "windows-1251"},
		"text/html charset=utf-8":             {"text/html", "utf-8"},
		"text/html;;charset=windows-1251":     {"text/html", "windows-1251"},
		"text/html; charset":                  {"text/html", ""},
		"text/html; charset=; charset=koi8-r": {"text/html", "koi8-r"},
		"text/html; charset=gbk; charset=x":   {"text/html", "gbk"},
		`text/html; a="x,y;z"; charset=gbk`:   {"text/html", "gbk"},
		"text/html, text/html; charset=gbk":   {"text/html", "gbk"},
		"text/html; charset=gbk, text/html":   {"text/html", "gbk"},
		"text/plain; charset=gbk, text/html":  {"text/html", ""},
		"*/*, text/html":                      {"text/html", ""},
		"text/html; charset=gbk, */*":         {"text/html", "gbk"},
		"text/html; charset=gbk,":             {"text/html", "gbk"},
		"image/png, text/html":                {"text/html", ""},
		"text/html, image/png":                {"image/png", ""},
		"*/*":                                 {"*/*", ""},
		"html":                                {"html", ""},
		",":                                   {"", ""},
	} {
		mediaType, charset := Parse(header)
		if mediaType != want.mediaType || charset != want.charset {
			t.Errorf("%q is %q in %q, want %q in %q", header, mediaType, charset, want.mediaType, want.charset)
		}
	}
}
