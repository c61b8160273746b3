package article_test

import (
	"strings"
	"testing"
)

// picturesOf returns the addresses of the pictures of a page, without the scheme and host
// of the site.
func picturesOf(t *testing.T, page string) string {
	t.Helper()
	var found []string
	for _, image := range extractHTML(t, page).Images {
		if image.URL == "" {
			t.Error("an image has no address")
		}
		found = append(found, strings.TrimPrefix(image.URL, "https://news.example"))
	}
	return strings.Join(found, " ")
}

// TestAddressesOfPictures has the ways in which sites write the address of a picture.
func TestAddressesOfPictures(t *testing.T) {
	t.Parallel()
	const data = `src="data:image/gif;base64,R0lGODlhAQABAAAAACw="`
	for name, test := range map[string]struct{ lines, want string }{
		"src only":       {`<img src="/p/door.jpg">`, "/p/door.jpg"},
		"srcset, widths": {`<img src="/s/blank.gif" srcset="/p/480.jpg 480w, /p/1200.jpg 1200w">`, "/p/1200.jpg"},
		"srcset, widths in any order": {
			`<img src="/p/320.jpg" srcset="/p/900.jpg 900w,/p/320.jpg 320w, /p/640.jpg 640w">`, "/p/900.jpg",
		},
		"srcset, too large":  {`<img src="/p/a.jpg" srcset="/p/a.jpg 800w, /p/b.jpg 2000w, /p/c.jpg 9000w">`, "/p/b.jpg"},
		"srcset, densities":  {`<img src="/p/a.jpg" srcset="/p/a.jpg, /p/a2.jpg 2x">`, "/p/a2.jpg"},
		"srcset, commas":     {`<img srcset="/w_300,h_200/a.jpg 300w, /w_900,h_600/a.jpg 900w">`, "/w_900,h_600/a.jpg"},
		"srcset placeholder": {`<img src="/p/a.jpg" srcset="data:image/gif;base64,R0lGODlhAQABAAAAACw= 1w">`, "/p/a.jpg"},
		"data-src":           {`<img src="/s/placeholder.png" data-src="/p/door.jpg">`, "/p/door.jpg"},
		"data-src over a preview": {
			`<img src="/p/door-20px-blur.jpg" data-src="/p/door.jpg">`, "/p/door.jpg",
		},
		"data of a library":       {`<img ` + data + ` data-lazy-src="/p/door.jpg">`, "/p/door.jpg"},
		"data of a site":          {`<img ` + data + ` data-hero-img-src="/p/door.jpg">`, "/p/door.jpg"},
		"data-original":           {`<img ` + data + ` data-original="/p/door?id=4">`, "/p/door?id=4"},
		"data with a file name":   {`<img ` + data + ` data-echo="/p/door.webp">`, "/p/door.webp"},
		"own attribute":           {`<img src="/s/loading.gif" lazysrc="/p/door.jpg">`, "/p/door.jpg"},
		"data-srcset of a site":   {`<img ` + data + ` data-x-srcset="/p/s.jpg 400w, /p/l.jpg 1400w">`, "/p/l.jpg"},
		"without src":             {`<img class=lazy data-src="/p/door.jpg">`, "/p/door.jpg"},
		"data of a preview":       {`<img src="/p/door.jpg" data-lowsrc="/p/tiny.jpg">`, "/p/door.jpg"},
		"data for errors":         {`<img src="/p/door.jpg" data-fallback-src="/s/none.jpg">`, "/p/door.jpg"},
		"named like placeholder":  {`<img src="/p/loading-dock-in-the-port.jpg">`, "/p/loading-dock-in-the-port.jpg"},
		"word of an icon in name": {`<img src="/p/iconic-bridge.jpg" alt="The iconic bridge">`, "/p/iconic-bridge.jpg"},
		"proportions":             {`<img width=3 height=2 src="/p/a.jpg" srcset="/p/a.jpg 900w">`, "/p/a.jpg"},
		"picture of a logo": {
			`<img src="/p/door.jpg" alt="The logo of the ferry company hangs above the door of its office">`, "/p/door.jpg",
		},
		"source": {
			`<picture><source srcset="/p/s.webp 500w, /p/l.webp 1500w" type="image/webp"><img ` + data + `></picture>`,
			"/p/l.webp",
		},
		"source, wide screens": {
			`<picture><source media="(min-width: 900px)" srcset="/p/wide.jpg 1600w"><source media="(max-width: 500px)" ` +
				`srcset="/p/narrow.jpg 1700w"><img src="/p/small.jpg"></picture>`, "/p/wide.jpg",
		},
		"source loaded by a script": {
			`<picture><source data-srcset="/p/a.webp"><img ` + data + `></picture>`, "/p/a.webp",
		},
		"source and genuine src": {
			`<picture><source srcset="/p/a.webp"><img src="/p/a.jpg"></picture>`, "/p/a.jpg",
		},
		"noscript after":  {`<img ` + data + `><noscript><img src="/p/door.jpg"></noscript>`, "/p/door.jpg"},
		"noscript before": {`<noscript><img src="/p/door.jpg"></noscript><img ` + data + `>`, "/p/door.jpg"},
		"noscript after the caption": {
			`<img ` + data + `><figcaption>A door</figcaption><noscript><img src="/p/door.jpg"></noscript>`, "/p/door.jpg",
		},
		"noscript beside the box": {
			`<div class=ratio><span><img ` + data + `></span></div><noscript><img src="/p/door.jpg"></noscript>`, "/p/door.jpg",
		},
		"noscript with srcset": {
			`<img ` + data + `><noscript><img src="/p/s.jpg" srcset="/p/s.jpg 400w, /p/l.jpg 1400w"></noscript>`, "/p/l.jpg",
		},
		"noscripts before": {
			`<div><noscript><img src="/p/a.jpg"></noscript><img ` + data + ` alt=A>` +
				`<noscript><img src="/p/b.jpg"></noscript><img ` + data + ` alt=B></div>`, "/p/a.jpg /p/b.jpg",
		},
		"noscript of another picture": {
			`<div><img ` + data + ` alt=A><img ` + data + ` alt=B><noscript><img src="/p/b.jpg"></noscript></div>`, "/p/b.jpg",
		},
		"custom element": {
			`<amp-img src="/p/door.jpg" width=1200 height=800><noscript><img src="/p/door.jpg"></noscript></amp-img>`,
			"/p/door.jpg",
		},
		"custom element, srcset": {`<amp-img srcset="/p/s.jpg 400w, /p/l.jpg 1400w" width=9 height=6></amp-img>`, "/p/l.jpg"},
		"custom element, proportions": {
			`<amp-img src="/p/door.jpg" width=16 height=9 layout=responsive></amp-img>`, "/p/door.jpg",
		},
		"link to the original":     {`<a href="/p/door-full.JPG"><img src="/p/door-300x200.jpg"></a>`, "/p/door-full.JPG"},
		"link to a page of a file": {`<a href="/wiki/File:Door.jpg"><img src="/p/door.jpg"></a>`, "/p/door.jpg"},
		"link to a page":           {`<a href="/galleries/4"><img src="/p/door.jpg"></a>`, "/p/door.jpg"},
		"link around two": {
			`<a href="/p/all.jpg"><img src="/p/a.jpg"><img src="/p/b.jpg"></a>`, "/p/a.jpg /p/b.jpg",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := picturesOf(t, storyPage("en", "", storyText+"<figure>"+test.lines+"</figure>"))
			if got != test.want {
				t.Errorf("pictures are %q, want %q", got, test.want)
			}
		})
	}
}

// TestPicturesThatIllustrateNothing has pictures that the record must not have.
func TestPicturesThatIllustrateNothing(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string]string{
		"data only":             `<img src="data:image/gif;base64,R0lGOD" alt="A door">`,
		"placeholder only":      `<img src="/s/img-placeholder-640x360.svg" alt="A door">`,
		"no image":              `<img src="/s/no-image.png" alt="">`,
		"no address":            `<img alt="A door"><img src="" alt="A door"><img src="#">`,
		"template":              `<img src="{{ picture.url }}"><img src="undefined">`,
		"not an address":        `<img src="about:blank"><img src="mailto:desk@news.example">`,
		"counter":               `<img src="https://count.example/c?a=1" width=1 height=1>`,
		"counter, by style":     `<img src="https://count.example/c?a=1" style="width: 1px; height:1px">`,
		"counter, hidden":       `<img src="https://count.example/c?a=1" style="display:none">`,
		"counter, by name":      `<img src="https://count.example/tracking-pixel.gif">`,
		"counter with srcset":   `<img width=1 height=1 src="/c.png" srcset="/c.png 100w">`,
		"portrait":              `<img class="avatar avatar-80" src="/u/4711.jpg">`,
		"portrait, by folder":   `<img src="/static/avatars/4711.jpg">`,
		"portrait of an author": `<div class="author-box"><img src="/u/roe.jpg" alt="Jane Roe"></div>`,
		"icon, by class":        `<img class="shareIcon" src="/s/mail.png">`,
		"icon, by name":         `<img src="/s/icon-print.svg">`,
		"logo, by name":         `<img src="/s/harbour-post_logo.svg">`,
		"icon, by folder":       `<img src="/static/icons/print.png">`,
		"icon, by size":         `<img src="/s/print.png" width="24px" height="24px">`,
		"logo":                  `<img src="/s/paper.png" alt="The Harbour Post logo">`,
		"emoji":                 `<p>The crew is happy <img class=emoji src="/e/1f600.png" alt="😀"> again.</p>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := picturesOf(t, storyPage("en", "", storyText+lines)); got != "" {
				t.Errorf("pictures are %q, want none", got)
			}
		})
	}
}

func TestLeadPictures(t *testing.T) {
	t.Parallel()
	const caption = "<figcaption>The ferry at the quay. Photograph: Jane Roe</figcaption>"
	story := `<div class="article-body"><h1>Ferry cut by half</h1>` + storyText + `</div>`
	for name, test := range map[string]struct{ lines, want string }{
		"figure above the headline": {
			`<div><figure><img src="/p/ferry.jpg">` + caption + `</figure></div>` + story, "/p/ferry.jpg",
		},
		"figure above kicker and headline": {
			`<figure><img src="/p/ferry.jpg">` + caption + `</figure><p class=kicker>Transport</p>` + story, "/p/ferry.jpg",
		},
		"box above the headline": {
			`<div class="lead-image"><img src="/p/ferry.jpg"><p class=caption>The ferry at the quay</p></div>` + story,
			"/p/ferry.jpg",
		},
		"figure of another story above": {
			`<a href="/quay"><figure><img src="/p/quay.jpg">` + caption + `</figure></a>` + story, "",
		},
		"figure in the navigation": {
			`<nav><figure><img src="/p/quay.jpg">` + caption + `</figure></nav>` + story, "",
		},
		"figure of a story with a headline": {
			`<figure><img src="/p/quay.jpg">` + caption + `</figure><h2>A new quay</h2>` + story, "",
		},
		"picture without caption in the header": {`<header><img src="/s/paper.jpg"></header>` + story, ""},
		"background of the lead": {
			`<div class="hero-image" style="background-image: url('/p/ferry.jpg')"></div>` + story, "/p/ferry.jpg",
		},
		"background loaded by a script": {
			`<div class="featured-image" data-bg="/p/ferry.jpg"></div>` + story, "/p/ferry.jpg",
		},
		"background, entities": {
			`<header class="article-hero" style="background:#333 url(&quot;/p/ferry.jpg&quot;) center"></header>` + story,
			"/p/ferry.jpg",
		},
		"background of the page": {`<div class=wrap style="background:url(/s/paper.jpg)">` + story + `</div>`, ""},
		"background of a link": {
			`<a class="hero-image" href="/quay" style="background:url(/p/quay.jpg)"></a>` + story, "",
		},
		"background of a teaser": {
			`<aside><div class="lead-image" style="background:url(/p/quay.jpg)"></div></aside>` + story, "",
		},
		"background beside a picture": {
			`<div class=hero style="background:url(/s/waves.jpg)"></div>` +
				strings.Replace(story, "</h1>", `</h1><figure><img src="/p/ferry.jpg">`+caption+`</figure>`, 1), "/p/ferry.jpg",
		},
		"background below the text": {story + `<div class="lead-image" style="background:url(/p/quay.jpg)"></div>`, ""},
		"background without an address": {
			`<div class=hero style="background: linear-gradient(red, blue)"></div>` + story, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := `<html lang=en><head><title>Ferry cut by half</title></head><body><main>` + test.lines + `</main></body>`
			if got := picturesOf(t, page); got != test.want {
				t.Errorf("pictures are %q, want %q", got, test.want)
			}
		})
	}
}

func TestCaptionOfFigureAboveTheHeadline(t *testing.T) {
	t.Parallel()
	a := extractHTML(t, `<html><head><title>Ferry cut by half</title></head><body><main><div><figure>`+
		`<img src="/p/ferry.jpg" alt="The ferry"><figcaption>The ferry at the quay. Photograph: Jane Roe</figcaption>`+
		`</figure></div><div class="article-body"><h1>Ferry cut by half</h1>`+storyText+`</div></main></body></html>`)
	if len(a.Images) != 1 || !strings.HasPrefix(a.Images[0].Caption, "The ferry at the quay") ||
		a.Images[0].Credit != "Jane Roe" || !a.Images[0].Lead {
		t.Errorf("images = %+v, want the figure with its caption", a.Images)
	}
}
