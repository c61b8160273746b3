package article_test

import (
	"strings"
	"testing"
)

func TestLongCaptionOfShortArticleIsDropped(t *testing.T) {
	t.Parallel()
	text := textOf(t, pageWith(`<div class="thumb"><img src="/b.jpg" width=600 height=400>`+
		`<p class="thumb-caption">The masons work at the middle arch of the bridge and wait for the `+
		`boat that brings them the stones.</p></div><div class="story">`+paragraph+
		`<p>The work takes nine weeks, and the ferry sails twice an hour until then, said the harbour master.</p></div>`))
	if strings.Contains(text, "work at the middle arch") {
		t.Errorf("the caption is in the text: %s", text)
	}
	if !strings.Contains(text, "old stone bridge") || !strings.Contains(text, "nine weeks") {
		t.Errorf("the text is lost: %s", text)
	}
}
