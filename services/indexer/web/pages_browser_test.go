package web_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// pages holds the path of every kind of page. Two of them are errors.
var pages = []string{
	"/", "/?q=ferry", "/?q=ferry&host=example.com&language=en", "/?q=%22open", "/?q=absent", "/articles/id-ferry-0000",
	"/articles/id-train-0000", "/articles/id-ferry-0000/changes?from=1&to=2", "/sources",
	"/values?field=host&q=ferry", "/stories/id-gazette.test-0000", "/searches",
	"/articles/id-ferry-0000/changes?view=side",
	"/articles/id-ferry-0000/revisions/1", "/articles/id-ferry-0000/revisions/2",
	"/sources/example.com", "/pipeline", "/discovery", "/discovery/" + siteID("example.com"), "/discovery?host=none.test",
	"/subscriptions", "/subscriptions/harbour", "/subscriptions/old-desk", "/subscriptions?q=ferry&host=example.com",
	"/urls", "/urls?url=https://example.com/again", "/hosts/example.com", "/api",
	"/dead-letters",
	"/login", "/nothing",
}

// TestPagesInBrowser verifies that every page is accessible in light and dark
// mode and in narrow and wide windows, that it causes no errors in the browser,
// and that it loads nothing from other sites.
func TestPagesInBrowser(t *testing.T) {
	server := newTestServerOf(t, web.Config{Addr: "127.0.0.1:0", OperateToken: operateToken, Pictures: true},
		web.Dependencies{Pictures: scenes{}})
	server.fill(t)
	server.fillDiscovery(t, "example.com", "a.test", "b.test")
	server.fillSubscriptions(t, "id-ferry-0000", "old-desk")
	ctx := browser(t)
	var mutex sync.Mutex
	var complaints, foreign []string
	listen(ctx, t, func(event any) {
		mutex.Lock()
		defer mutex.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			complaints = append(complaints, e.Entry.Text+" "+e.Entry.URL)
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Text)
		case *network.EventRequestWillBeSent:
			// The browser's own icons are data URLs.
			if url := e.Request.URL; !strings.HasPrefix(url, server.URL) && !strings.HasPrefix(url, "data:") {
				foreign = append(foreign, url)
			}
		}
	})
	observe := page.AddScriptToEvaluateOnNewDocumentParams{Source: shiftScript}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, observe); err != nil {
		t.Fatal(err)
	}
	for _, path := range pages {
		for _, width := range []int64{320, 1280} {
			name := fmt.Sprintf("%s, %d wide", path, width)
			if err := visit(ctx, server.URL+path, width); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			verifyLight(ctx, t, name)
			verifyAccessible(ctx, t, name)
		}
	}
	mutex.Lock()
	defer mutex.Unlock()
	for _, c := range complaints {
		if !strings.Contains(c, "400 (Bad Request)") && !strings.Contains(c, "404 (Not Found)") {
			t.Errorf("the browser reports: %s", c)
		}
	}
	if len(foreign) > 0 {
		t.Errorf("pages load %q from other sites", foreign)
	}
}

// TestFormsInBrowser verifies that the pages with forms of operators are accessible.
func TestFormsInBrowser(t *testing.T) {
	u := newUser(t)
	u.server.fillDiscovery(t, "example.com", "a.test", "b.test")
	u.server.fillSubscriptions(t, "id-ferry-0000", "old-desk")
	newToken(t, u.server, "feed-reader", access.Read, time.Hour)
	if _, err := access.Of(u.server.store).Begin(t.Context(), "feed-reader", "export",
		"/api/v1/export?format=csv&q="+strings.Repeat("ferry", 40), time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/discovery", "/discovery/" + siteID("example.com"), "/dead-letters", "/subscriptions?q=ferry&language=en",
		"/subscriptions/harbour", "/subscriptions/old-desk", "/tokens", "/audit",
	} {
		for _, width := range []int64{320, 390, 1280} {
			name := fmt.Sprintf("%s, %d wide", path, width)
			if err := visit(u.ctx, u.server.URL+path, width); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			evaluate[bool](u.ctx, t, "document.querySelectorAll('details').forEach(d => d.open = true) || true")
			verifyAccessible(u.ctx, t, name)
		}
	}
}

// maxPageWeight is the maximum size of a page with its style sheets and scripts, in bytes.
const maxPageWeight = 100_000

// maxShift is the maximum layout shift of a page: a tenth of what counts as good
// (https://web.dev/articles/cls). On a slow machine, the browser draws the first rows of a
// table before the others arrive, and its columns move by a pixel then.
const maxShift = 0.01

// verifyLight checks the size of the current page, and that its content hardly moved while
// it was loaded.
func verifyLight(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	if weight := evaluate[int](ctx, t, weightScript); weight > maxPageWeight || weight == 0 {
		t.Errorf("%s: the page has %d bytes, want at most %d", name, weight, maxPageWeight)
	}
	if shifted := evaluate[float64](ctx, t, "window.shifted"); shifted > maxShift {
		t.Errorf("%s: the content has moved by %.3f", name, shifted)
	}
}

// visit opens a page in a window of a width.
func visit(ctx context.Context, url string, width int64) error {
	return chromedp.Do(ctx, chromedp.EmulateViewport(width, 800), chromedp.Navigate(url))
}

// useScheme changes to light or dark mode.
func useScheme(ctx context.Context, scheme string) error {
	media := emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media)
	return err
}
