package web_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/dateline-news/dateline/services/indexer/web"
)

// picturesDir is the folder that TestDrawPages draws the pages into.
var picturesDir = flag.String("pictures", "", "draw a picture of every page into this `folder`")

// picture is a picture of a page.
type picture struct {
	name, path, scheme string
	width, height      int64
}

// pictures are the pictures in docs/pictures.
var pictures = []picture{
	{"page-search", "/", "light", 1280, 800},
	{"page-search-dark", "/?q=ferry", "dark", 1280, 800},
	{"page-search-phone", "/", "light", 390, 800},
	{"page-article", "/articles/id-ferry-0000", "light", 1280, 800},
	{"page-article-arabic", "/articles/id-train-ar-0000", "dark", 1280, 800},
	{"page-article-kurdish-phone", "/articles/id-bazaar-ckb-0000", "light", 390, 800},
	{"page-article-chinese", "/articles/id-bridge-zh-0000", "light", 1280, 800},
	{"page-revision", "/articles/id-ferry-0000/revisions/1", "light", 1280, 800},
	{"page-story-phone", "/stories/id-ferry-0000", "dark", 390, 800},
	{"page-story", "/stories/id-ferry-0000", "light", 1280, 600},
	{"page-changes", "/articles/id-ferry-0000/changes", "light", 1280, 800},
	{"page-pipeline", "/pipeline", "light", 1280, 1000},
	{"page-pipeline-dark", "/pipeline", "dark", 1280, 1000},
	{"page-pipeline-phone", "/pipeline", "light", 390, 1000},
	{"page-sources", "/sources", "light", 1280, 800},
	{"page-sources-phone", "/sources", "dark", 390, 800},
	{"page-discovery", "/discovery", "light", 1280, 800},
	{"page-discovery-phone", "/discovery", "dark", 390, 1000},
	{"page-site", "/discovery/" + siteID("harbour-post.example"), "light", 1280, 1000},
	{"page-api", "/api", "light", 1280, 600},
	{"page-source", "/sources/harbour-post.example", "light", 1280, 1900},
	{"page-source-phone", "/sources/capital-wire.example", "dark", 390, 1000},
	{"page-host", "/hosts/capital-wire.example", "light", 1280, 1000},
	{"page-host-phone", "/hosts/capital-wire.example", "dark", 390, 1000},
	{"page-url", "/urls?url=https://capital-wire.example/budget-annexes", "light", 1280, 800},
	{"page-dead-letters-phone", "/dead-letters", "light", 390, 800},
	{"page-dead-letters", "/dead-letters", "light", 1280, 600},
}

// loadPicturesScript waits until the pictures of a page are loaded.
const loadPicturesScript = `Promise.all([...document.images].map(i => { i.loading = 'eager'; return i.decode(); }))`

// TestDrawPages draws a picture of every page of a made-up newsroom. Without the flag
// -pictures it does nothing.
func TestDrawPages(t *testing.T) {
	if *picturesDir == "" {
		t.Skip("no folder is given: make pictures")
	}
	server := newTestServerOf(t, web.Config{Addr: "127.0.0.1:0", OperateToken: operateToken, Pictures: true},
		web.Dependencies{Pictures: scenes{}})
	server.fillNewsroom(t)
	ctx := browser(t)
	for _, one := range pictures {
		image, err := one.draw(ctx, server.URL)
		if err != nil {
			t.Fatalf("%s: %v", one.name, err)
		}
		if err := os.WriteFile(filepath.Join(*picturesDir, one.name+".png"), image, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func (p picture) draw(ctx context.Context, server string) ([]byte, error) {
	if err := errors.Join(useScheme(ctx, p.scheme), visit(ctx, server+p.path, p.width)); err != nil {
		return nil, err
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(p.width, p.height)); err != nil {
		return nil, err
	}
	if _, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{
		Expression: loadPicturesScript, AwaitPromise: new(true),
	}); err != nil {
		return nil, err
	}
	shot, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Format: page.CaptureScreenshotFormatPng,
	})
	if err != nil {
		return nil, err
	}
	return shot.Data, nil
}
