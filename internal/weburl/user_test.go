package weburl_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/weburl"
)

func TestUserInformationIsRemoved(t *testing.T) {
	for text, want := range map[string]string{
		"https://user:secret@example.com/a":                  "https://example.com/a",
		"HTTP://secret@example.com":                          "HTTP://example.com",
		"https:secret@example.com/":                          "https:example.com/",
		`https:\\user:secret@example.com\a`:                  `https:\\example.com\a`,
		"//user:secret@example.com/a":                        "//example.com/a",
		"https://a:b@c:secret@example.com/":                  "https://example.com/",
		"ftp://user:secret@example.com/":                     "ftp://example.com/",
		`get "https://user:secret@example.com/": EOF`:        `get "https://example.com/": EOF`,
		"http://u:secret@a.test/ and http://v:secret@b.test": "http://a.test/ and http://b.test",
		`{"url":"http://u:secret@a.test/"}`:                  `{"url":"http://a.test/"}`,
		"https://example.com/@author/a@b":                    "https://example.com/@author/a@b",
		"https://example.com?mail=a@b":                       "https://example.com?mail=a@b",
		"write to a@b.test":                                  "write to a@b.test",
	} {
		if got := weburl.WithoutUsers(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		masked := string(weburl.MaskUsers([]byte(text)))
		if len(masked) != len(text) || strings.Contains(masked, "secret") || weburl.WithoutUsers(masked) != want {
			t.Errorf("%q: masked as %q", text, masked)
		}
	}
}

func TestMaskingDoesNotChangeItsInput(t *testing.T) {
	data := []byte("https://user:secret@example.com/")
	weburl.MaskUsers(data)
	if string(data) != "https://user:secret@example.com/" {
		t.Errorf("the input is %q now", data)
	}
}
