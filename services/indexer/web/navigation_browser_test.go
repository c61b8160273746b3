package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// navigationLines counts the lines of the navigation's visible entries.
const navigationLines = `new Set([...document.querySelectorAll('header nav a, header nav summary')]
  .filter(e => e.checkVisibility()).map(e => Math.round(e.getBoundingClientRect().top))).size`

// visibleEntries counts the visible entries of the navigation.
const visibleEntries = `[...document.querySelectorAll('header nav a, header nav summary')]
  .filter(e => e.checkVisibility()).length`

// TestNavigationInBrowser verifies that the navigation has one line in windows of all widths,
// and opens a page from its menu on phones.
func TestNavigationInBrowser(t *testing.T) {
	u := newUser(t)
	for width, entries := range map[int64]int{320: 4, 390: 4, 1280: 8} {
		u.do("opening the dead letters", chromedp.EmulateViewport(width, 800), u.open("/dead-letters"))
		if lines := evaluate[int](u.ctx, t, navigationLines); lines != 1 {
			t.Errorf("%d wide: the navigation has %d lines, want 1", width, lines)
		}
		if n := evaluate[int](u.ctx, t, visibleEntries); n != entries {
			t.Errorf("%d wide: %d entries are visible, want %d", width, n, entries)
		}
		if entries == 4 {
			u.do("opening the menu", chromedp.Click(".more summary"), chromedp.WaitVisible(".menu"))
			verifyAccessible(u.ctx, t, "the menu")
		}
		u.do("opening a page", chromedp.Click(`.menu a[href="/urls"]`), chromedp.WaitVisible("#url"))
		u.expect(`location.pathname`, "/urls")
	}
}
