package picture

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// image returns the first img element of some markup.
func image(t *testing.T, markup string) *html.Node {
	t.Helper()
	doc, err := html.ParseWithOptions(strings.NewReader(markup), html.ParseOptionEnableScripting(true))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && (n.Data == "img" || marked(n)) {
			return n
		}
	}
	t.Fatalf("there is no picture in %s", markup)
	return nil
}

// marked reports whether a test asks about an element.
func marked(n *html.Node) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "it" })
}

// The address of a picture comes from the best place that has a usable one.
func TestSources(t *testing.T) {
	t.Parallel()
	const other = `<noscript><img src="/n.jpg"></noscript>`
	long := func(n int) string {
		return `<div><img src="data:x"><noscript>` + strings.Repeat(" ", n) + `<img src="/n.jpg"></noscript></div>`
	}
	for markup, want := range map[string]string{
		`<img src="/a.jpg">`:                                                 "/a.jpg",
		`<img src=" /a.jpg ">`:                                               "/a.jpg",
		`<img>`:                                                              "",
		`<img src="data:image/gif;base64,x">`:                                "",
		`<img src="/placeholder.jpg">`:                                       "",
		`<img src="/a.jpg" data-src="/b.jpg">`:                               "/b.jpg",
		`<img src="/a.jpg" data-original="/b">`:                              "/b",
		`<img src="data:x" data-large="/b.jpg">`:                             "/b.jpg",
		`<img src="data:x" data-large="/b">`:                                 "",
		`<img src="/a.jpg" data-large="/b.jpg">`:                             "/a.jpg",
		`<img src="/a.jpg" srcset="/b.jpg 300w, /c.jpg 900w, /d.jpg 600w">`:  "/c.jpg",
		`<img srcset="/b.jpg, /c.jpg 2x, /d.jpg 4x">`:                        "/c.jpg",
		`<img srcset="/b.jpg 2560w, /c.jpg 2561w">`:                          "/b.jpg",
		`<img srcset="/b.jpg 3000w, /c.jpg 2600w">`:                          "/c.jpg",
		`<img srcset="/b.jpg 0w, /c.jpg -5w, /d.jpg xw, /e.jpg 10w">`:        "/e.jpg",
		`<img srcset="/b,1.jpg 300w,/c,2.jpg 900w">`:                         "/c,2.jpg",
		`<img srcset="/b.jpg 300w" data-srcset="/c.jpg 900w">`:               "/c.jpg",
		`<img srcset="/b.jpg 900w" data-srcset="/c.jpg 300w">`:               "/b.jpg",
		`<a href="/big.jpg"><img src="/a.jpg"></a>`:                          "/big.jpg",
		`<a href="/story"><img src="/a.jpg"></a>`:                            "/a.jpg",
		`<a href="/big.jpg"><img src="/a.jpg"><img src="/b.jpg"></a>`:        "/a.jpg",
		`<a href="/big.jpg"><i><b><img src="/a.jpg"></b></i></a>`:            "/big.jpg",
		`<a href="/big.jpg"><i><b><u><img src="/a.jpg"></u></b></i></a>`:     "/a.jpg",
		`<a href="/wiki/File:Big.jpg"><img src="/a.jpg"></a>`:                "/a.jpg",
		`<picture><source srcset="/s.jpg 900w"><img src="/a.jpg"></picture>`: "/s.jpg",
		`<picture><source srcset="/s.jpg"><img src="/a.jpg"></picture>`:      "/a.jpg",
		`<picture><source srcset="/s.jpg"><img></picture>`:                   "/s.jpg",
		`<div><source srcset="/s.jpg 900w"><img src="/a.jpg"></div>`:         "/a.jpg",
		`<div>` + other + `<img src="data:x"></div>`:                         "/n.jpg",
		`<div><img src="data:x">` + other + `</div>`:                         "/n.jpg",
		`<div><img src="data:x">text` + other + `</div>`:                     "",
		`<div><img src="data:x"><p>x</p>` + other + `</div>`:                 "",
		`<div><b><i><img src="data:x"></i></b>` + other + `</div>`:           "/n.jpg",
		`<div><u><b><i><img src="data:x"></i></b></u>` + other + `</div>`:    "",
		`<div><b>x<img src="data:x"></b>` + other + `</div>`:                 "",
		long(maxNoscript - 18):                                               "/n.jpg",
		long(maxNoscript - 17):                                               "",
	} {
		if got := Source(image(t, markup)); got != want {
			t.Errorf("%.200s shows %q, want %q", markup, got, want)
		}
	}
	// Each of two pictures has its own noscript element, before or after it.
	one, two := `<noscript><img src="/1.jpg"></noscript>`, `<noscript><img src="/2.jpg"></noscript>`
	for markup, want := range map[string]string{
		one + `<img it src="data:x">` + two + `<img src="data:x">`: "/1.jpg",
		`<img src="data:x">` + one + `<img it src="data:x">` + two: "/2.jpg",
	} {
		doc, err := html.Parse(strings.NewReader("<div>" + markup + "</div>"))
		if err != nil {
			t.Fatal(err)
		}
		for n := range doc.Descendants() {
			if n.Type == html.ElementNode && marked(n) {
				if got := Source(n); got != want {
					t.Errorf("%s shows %q, want %q", markup, got, want)
				}
			}
		}
	}
}

// Some pictures illustrate nothing.
func TestDecorations(t *testing.T) {
	t.Parallel()
	for markup, want := range map[string]bool{
		`<img src="/a.jpg">`: false, `<img src="/a.jpg" width=59>`: true, `<img src="/a.jpg" width=60>`: false,
		`<img src="/a.jpg" height="59px">`: true, `<img src="/a.jpg" height=60>`: false,
		`<img src="/a.jpg" style="width: 59px">`: true, `<img src="/a.jpg" style="width: 60px; height:70px">`: false,
		`<img src="/a.jpg" style="color:red;height:10px">`: true, `<img src="/a.jpg" width="50%">`: false,
		`<img src="/a.jpg" width=16 height=9 layout=responsive>`: false,
		`<img srcset="/a.jpg 900w" width=16 height=9>`:           false,
		`<img srcset="/a.jpg 900w" width=1 height=1>`:            true,
		`<img srcset="/a.jpg 900w" width=1 height=2>`:            false,
		`<img srcset="/a.jpg 60w" width=16 height=9>`:            false,
		`<img srcset="/a.jpg 59w" width=16 height=9>`:            true,
		`<img src="/a.jpg" class="tracking-pixel">`:              true, `<img src="/a.jpg" class="site-logo">`: true,
		`<img src="/a.jpg" alt="The logo of the club">`: false, `<img src="/a.jpg" alt="Logo of the club">`: true,
		`<img src="/a.jpg" alt="Profile picture of a very kind reader">`: true, `<img src="/icons/a.jpg">`: true,
		`<img src="/logos/a.jpg">`: false, `<img src="/icon-a.png">`: true, `<img src="/a-icon.png">`: false,
		`<img src="/icon-a.jpg">`: false, `<img src="/a-icon.svg">`: true, `<img src="/a.jpg" hidden>`: true,
		`<img src="/a.jpg" data-src="/b.jpg" hidden>`: false, `<img src="/x?/icons/a">`: false,
	} {
		if got := Decorative(image(t, markup)); got != want {
			t.Errorf("%s is a decoration: %v, want %v", markup, got, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]quality{
		"": unusable, "a": unusable, "/a": genuine, "#top": unusable, "/{{src}}": unusable, "DATA:x": unusable,
		"about:blank":    unusable,
		"javascript:x()": unusable, "https://a.example/a.jpg": genuine, "null": unusable, "undefined": unusable,
		"false":            unusable,
		"/placeholder.png": unusable, "/my-Placeholder-2.png": unusable, "/blank.gif": unusable,
		"/blank-300x200.gif": unusable,
		"/blank-bridge.gif":  doubtful, "/x.jpg?u=placeholder": genuine,
	} {
		if got := qualityOf(address); got != want {
			t.Errorf("%q has the quality %d, want %d", address, got, want)
		}
	}
	if !Placeholder(" null ") || Placeholder("/a.jpg") {
		t.Error("placeholders are not recognised")
	}
	for address, want := range map[string]bool{
		"/a.jpg": true, "/a.JPEG?x": true, "/a.webp#x": true, "/a": false, "/.jpg": false, "/File:a.jpg": false,
		"/a.svg":   false,
		"/a.jpg/b": false, "a.png": true, "/a?b.jpg": false,
	} {
		if got := File(address); got != want {
			t.Errorf("%q is a file: %v, want %v", address, got, want)
		}
	}
	for markup, want := range map[string]string{
		`<div it style="background: url('/a.jpg')">`: "/a.jpg", `<div it style="background-image:url(/a)">`: "/a",
		`<div it style="mask:url(/a.jpg)">`: "", `<div it style="background:red">`: "",
		`<div it data-bg="/a.jpg">`: "/a.jpg",
		`<div it data-bg="/a">`:     "", `<div it data-background="url(/a)">`: "/a", `<div it data-src="/a.jpg">`: "/a.jpg",
		`<div it data-bg="/blank.jpg" data-src="/a.jpg">`: "/a.jpg",
		`<div it>`: "",
	} {
		if got := Background(image(t, markup)); got != want {
			t.Errorf("%s has the background %q, want %q", markup, got, want)
		}
	}
	for name, want := range map[string]string{
		"siteLogo-2x_old": "site logo 2x old", "": "", "--a--": "a", "ABC": "abc", "aB": "a b", "é–ö": "é ö",
	} {
		if got := strings.Join(slices.Collect(words(name)), " "); got != want {
			t.Errorf("%q has the words %q, want %q", name, got, want)
		}
	}
	for range words("several words") {
		break
	}
}
