package refresh

import (
	"net/http"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, test := range []struct{ value, want string }{
		{"0; url=/a", "/a"},
		{"0;URL='/a'", "/a"},
		{`5;url="/a b" x`, "/a b"},
		{" 1.5 , url = /a", "/a"},
		{".5; url=/a", "/a"},
		{"0 /a", "/a"},
		{"0;/a", "/a"},
		{"0; 'x", "x"},
		{"0; url/a", "url/a"},
		{"0; url=url=/a", "url=/a"},
		{"6; url=/a", ""},
		{"99999999999999999999; url=/a", ""},
		{"0", ""},
		{"0;", ""},
		{"0; url=", ""},
		{"0/a", ""},
		{"-1; url=/a", ""},
		{"url=/a", ""},
		{"", ""},
	} {
		if got := parse(test.value); got != test.want {
			t.Errorf("parse(%q) = %q, want %q", test.value, got, test.want)
		}
	}
}

func TestTarget(t *testing.T) {
	const (
		meta = `<meta http-equiv="Refresh" content="0; url=/b?x=1&amp;y=2">`
		want = "http://news.example/b?x=1&y=2"
	)
	article := "<p>" + strings.Repeat("News happens. ", 30)
	for _, test := range []struct{ name, refresh, body, want string }{
		{"meta", "", "<html><head>" + meta + "<title>Moved to another place</title></head><body></body>", want},
		{"with a sentence", "", meta + "<p>This page has moved. <a href=/b>Continue</a>.", want},
		{"with scripts", "", meta + "<script>" + strings.Repeat("x", 1000) + "</script><style>p{}</style>", want},
		{"for browsers without scripts", "", "<noscript>" + meta + "Turn scripts on.</noscript>", want},
		{
			"with a base", "", `<base href="https://www.news.example/x/"><meta http-equiv=refresh content="0;b">`,
			"https://www.news.example/x/b",
		},
		{"header", "0; url=b", "", "http://news.example/b"},
		{"header before meta", "0; url=/c", meta, "http://news.example/c"},
		{"other host", "0; url=https://other.example/", "", "https://other.example/"},

		{"article", "", meta + article, ""},
		{"article and header", "0; url=/b", article, ""},
		{"article for browsers without scripts", "", meta + "<noscript>" + article + "</noscript>", ""},
		{"reload", "300", "<p>Live", ""},
		{"long delay", "30; url=/b", "", ""},
		{"long page", "", meta + "<!--" + strings.Repeat("x", maxBody) + "-->", ""},
		{"no refresh", "", `<meta name=refresh content="0;/b"><p>Hello`, ""},
		{"in a comment", "", "<!--" + meta + "-->", ""},
		{"in a script", "", "<script>'" + meta + "'</script>", ""},
		{"app", "0; url=newsapp://article/1", "", ""},
		{"script", "0; url=javascript:go()", "", ""},
	} {
		header := http.Header{}
		if test.refresh != "" {
			header.Set("Refresh", test.refresh)
		}
		if got := Target("http://news.example/a", header, "", []byte(test.body)); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
