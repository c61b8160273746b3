package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestShortcutsInBrowser finds and opens an article with the keyboard only.
func TestShortcutsInBrowser(t *testing.T) {
	u := newUser(t)
	u.do("selecting the second hit", u.open("/"), chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
	second := evaluate[string](u.ctx, t, `document.querySelectorAll('.hits > li')[1].querySelector('a').href`)
	u.expect(`document.activeElement.href`, second)
	u.do("opening it", chromedp.KeyEvent("o"), chromedp.WaitVisible(".reader"))
	u.expect(`location.href`, second)
	u.do("searching from an article", chromedp.KeyEvent("/"), chromedp.WaitVisible("#q"))
	u.expect(`document.activeElement.id`, "q")
	u.do("typing", chromedp.SendKeys("#q", "j?/"))
	u.expect(`document.querySelector('#q').value`, "j?/")
	u.do("opening and closing the help", u.open("/sources"), chromedp.KeyEvent("?"), chromedp.WaitVisible("#keys"),
		chromedp.KeyEvent(kb.Escape), chromedp.WaitNotVisible("#keys"))
}
