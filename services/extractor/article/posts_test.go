package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// embeddedPosts are embedded posts as networks and publishers mark them.
var embeddedPosts = map[string]struct{ html, text, author, address string }{
	"a quote with the author after a dash": {
		html: `<blockquote class="twitter-tweet" data-lang="en"><p lang="en" dir="ltr">Ferry cancelled. Walk. ` +
			`<a href="https://t.example/x1">https://t.example/x1</a></p>&mdash; Ada Roe (@adaroe) ` +
			`<a href="https://short.example/adaroe/status/81">June 3, 2025</a></blockquote><script async></script>`,
		text: "Ferry cancelled. Walk.", author: "Ada Roe (@adaroe)",
		address: "https://short.example/adaroe/status/81",
	},
	"a quote in a card that is one link": {
		html: `<blockquote class="photo-media" data-permalink="https://pictures.example/p/Cx1/" style="max-width:540px">` +
			`<div><a href="https://pictures.example/p/Cx1/?utm_source=embed"><div><div></div><div></div></div>` +
			`<div>View this post on Pictures</div></a><p><a href="https://pictures.example/p/Cx1/">` +
			`The last ferry, seen from the old pier tonight</a></p><p><a ` +
			`href="https://pictures.example/p/Cx1/">A post shared by Ada Roe (@adaroe)</a></p></div></blockquote>`,
		text: "The last ferry, seen from the old pier tonight", author: "Ada Roe (@adaroe)",
		address: "https://pictures.example/p/Cx1/",
	},
	"a quote with its address": {
		html: `<blockquote class="clip-embed" cite="https://clips.example/@adaroe/video/7301"><section>` +
			`<a title="@adaroe" href="https://clips.example/@adaroe">@adaroe</a><p>Queue at the ferry ` +
			`<a href="https://clips.example/tag/harbour">#harbour</a></p>` +
			`<a href="https://clips.example/music/7">original sound</a></section></blockquote>`,
		text: "Queue at the ferry #harbour", author: "@adaroe",
		address: "https://clips.example/@adaroe/video/7301",
	},
	"a quote without a class": {
		html: `<blockquote><p>No ferry until Monday!</p><p>— Ada Roe (@adaroe@harbour.example) <a ` +
			`href="https://harbour.example/@adaroe/11230098">3 June 2025</a></p></blockquote>`,
		text: "No ferry until Monday!", author: "Ada Roe (@adaroe@harbour.example)",
		address: "https://harbour.example/@adaroe/11230098",
	},
	"a quote in a publisher's box": {
		html: `<div class="social-embed"><blockquote class="sky-embed"><p>We are taking the bus now.<br>Send tea.</p>` +
			`– Ada Roe (<a href="https://sky.example/profile/adaroe">@adaroe</a>) <a ` +
			`href="https://sky.example/profile/adaroe/post/3kq">2025-06-03T10:00:00Z</a></blockquote></div>`,
		text: "We are taking the bus now.", author: "Ada Roe (@adaroe)",
		address: "https://sky.example/profile/adaroe/post/3kq",
	},
}

func TestEmbeddedPostsKeepTheirText(t *testing.T) {
	t.Parallel()
	for name, post := range embeddedPosts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := pageWith("<article>" + paragraph + paragraph2 + post.html + paragraph3 + "</article>")
			a := extract(t, article.Page{URL: "https://example.com/a/b", Body: []byte(page)})
			var quotes []article.Block
			for _, b := range a.Body {
				if b.Kind == article.Quote {
					quotes = append(quotes, b)
				}
			}
			if len(quotes) != 1 || quotes[0].URL != post.address || !strings.Contains(quotes[0].Text, post.text) ||
				!strings.Contains(quotes[0].Text, post.author) {
				t.Fatalf("quotes = %+v, want %q by %s at %s", quotes, post.text, post.author, post.address)
			}
			if !strings.Contains(a.Text, post.text) || !strings.Contains(a.Text, "fish market") ||
				strings.Contains(a.Text, "View this post") {
				t.Errorf("text = %s", a.Text)
			}
		})
	}
}

const (
	paragraph2 = "<p>The ferry that replaces the bridge sails twice an hour, and the operator has hired a second " +
		"captain until the end of the summer.</p>"
	paragraph3 = "<p>Passengers will board at the fish market, said the harbour master, who expects no change to the " +
		"timetable before the work is done.</p>"
)

func TestOtherQuotesAreNotPosts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		html string
		kept bool
	}{
		"a quote with its source": {
			`<blockquote><p>We have waited for this for twenty years, and so has the bridge.</p>— The mayor, in ` +
				`<a href="https://paper.example/interview">an interview</a></blockquote>`, true,
		},
		"a preview of an article": {
			`<blockquote class="site-embedded-content"><a href="/b">Old pier closes</a></blockquote>`, false,
		},
		"a post in a comment": {
			`</article><div class="comments"><div class="comment">` + embeddedPosts["a quote without a class"].html +
				`</div></div><article>`, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := pageWith("<article>" + paragraph + paragraph2 + paragraph3 + c.html + "</article>")
			a := extract(t, article.Page{URL: "https://example.com/a/b", Body: []byte(page)})
			quotes := 0
			for _, b := range a.Body {
				if b.Kind == article.Quote {
					quotes++
				}
				if b.Kind == article.Quote && b.URL != "" {
					t.Errorf("the quote %q has the address %s", b.Text, b.URL)
				}
			}
			if (quotes > 0) != c.kept {
				t.Errorf("%d quotes in %s", quotes, a.Text)
			}
		})
	}
}
