package article_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestLineInBoxOfPictureIsItsCaption(t *testing.T) {
	t.Parallel()
	const line = "Masons at the middle arch wait for the boat that brings them the stones"
	for name, c := range map[string]struct{ box, want string }{
		"line in the box": {`<div class="article-image"><img src="/b.jpg"><p>` + line + `</p></div>`, line},
		"line one level below": {
			`<div class="imageBox"><img src="/b.jpg"><div class="info"><p>` + line + `</p></div></div>`, line,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := extract(t, article.Page{URL: "https://bridge.example/news/1", Body: []byte(pageWith(
				`<div class="text">` + strings.Repeat(paragraph, 3) + c.box + strings.Repeat(paragraph, 3) + `</div>`))})
			if strings.Contains(a.Text, line) || strings.Count(a.Text, "The council met") != 6 {
				t.Errorf("text: %s", a.Text)
			}
			if len(a.Images) != 1 || a.Images[0].Caption != c.want {
				t.Errorf("images: %+v", a.Images)
			}
		})
	}
}

func TestTextAfterPictureIsKept(t *testing.T) {
	t.Parallel()
	// The box is that of the whole text, which has pictures.
	text := textOf(t, pageWith(`<div class="text with-images">`+paragraph+`<img src="/b.jpg">`+
		`<p>The masons wait for the boat that brings them the stones, and the ferry sails twice an hour.</p>`+
		strings.Repeat(paragraph, 3)+`</div>`))
	if !strings.Contains(text, "The masons wait") {
		t.Errorf("text: %s", text)
	}
}

func TestParagraphsNamedAfterPaywallAreText(t *testing.T) {
	t.Parallel()
	walled := strings.ReplaceAll(paragraph, "<p>", `<p class="paywall">`)
	page := pageWith(`<div class="text">` + paragraph + strings.Repeat(walled, 4) + `</div>`)
	if got := strings.Count(textOf(t, page), "The council met"); got != 5 {
		t.Errorf("the text has %d of 5 paragraphs", got)
	}
	notice := `<p class="paywall">Go on with a month for one euro, which ends whenever you want it to end.</p>`
	if text := textOf(t, pageWith(`<div class="text">`+strings.Repeat(paragraph, 5)+notice+`</div>`)); strings.Contains(
		text, "one euro") {
		t.Errorf("the notice is in the text: %s", text)
	}
}
