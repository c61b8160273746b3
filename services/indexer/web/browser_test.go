package web_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// browser starts a headless Chromium. DATELINE_CHROMIUM names its program, if
// that is not "chromium"; DATELINE_BROWSER=none leaves these tests out.
func browser(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("DATELINE_BROWSER") == "none" {
		t.Skip("DATELINE_BROWSER is none: the pages are not tested in a browser")
	}
	program := "chromium"
	if name := os.Getenv("DATELINE_CHROMIUM"); name != "" {
		program = name
	}
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%v: install Debian's package chromium, name the program in DATELINE_CHROMIUM, or leave these tests out with DATELINE_BROWSER=none", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return ctx
}

// listen calls back for what the browser asks for and complains about.
func listen(t *testing.T, ctx context.Context, back func(event any)) {
	t.Helper()
	if err := chromedp.Listen(ctx, back); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
}

// evaluate returns the value of a JavaScript expression on the page.
func evaluate[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("evaluating %.60s: %v", expression, err)
	}
	return value
}

// furnish fills a house with what every page has to show.
func furnish(t *testing.T, server *testServer) {
	t.Helper()
	text := "The harbour board decided on Wednesday.\n\nThe ferry sails again on Sunday."
	ferry := article("ferry", "Ferry returns", text, noon)
	ferry.Images = []*datelinev1.Image{{Url: "https://pictures.test/a.jpg", Alt: "A ferry", Caption: "The ferry",
		Lead: true}}
	ferry.Body = append(ferry.Body,
		&datelinev1.Block{Kind: datelinev1.BlockKind_BLOCK_KIND_HEADING, Level: 2, Text: "What it costs"},
		&datelinev1.Block{Kind: datelinev1.BlockKind_BLOCK_KIND_TABLE, Rows: []*datelinev1.TableRow{
			{Header: true, Cells: strings.Fields("Day Adult Child Bicycle Dog Car Lorry Total Remarks Season")},
			{Cells: strings.Fields("Sunday 9 4 2 1 20 50 86 none winter")}}},
		&datelinev1.Block{Kind: datelinev1.BlockKind_BLOCK_KIND_LIST, Items: []string{"One", "Two"}},
		&datelinev1.Block{Kind: datelinev1.BlockKind_BLOCK_KIND_PARAGRAPH,
			Text: "A" + strings.Repeat("verylongword", 40)})
	server.put(t, ferry)
	changed := article("ferry", "Ferry returns on Sunday", text+"\n\nCorrection: nine crowns.", noon.Add(time.Hour))
	train := article("train", "قطار الوادي يعود", "عاد القطار إلى الوادي.", noon.Add(2*time.Hour))
	train.Language, train.Direction = "ar", datelinev1.Direction_DIRECTION_RTL
	server.put(t, changed, train)
	for i := range 30 {
		server.put(t, article(fmt.Sprint("more", i), fmt.Sprint("Market report ", i), "Prices.",
			noon.Add(-time.Duration(i)*time.Hour)))
	}
	dead := &datelinev1.DeadLetter{Stage: datelinev1.Stage_STAGE_INTAKE, Reason: "malformed",
		Error: "This is no URL: " + strings.Repeat("x", 300), Subject: "urls",
		Data: []byte("https://example.com/again")}
	msg, err := ledger.Message(subject.Dead(dead.GetStage(), "malformed"), "d", dead)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.js.PublishMsg(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
	if err := server.store.Record(t.Context(),
		[]*datelinev1.Outcome{{Stage: datelinev1.Stage_STAGE_FETCH, InputId: "x", Host: "example.com",
			Verdict: datelinev1.Verdict_VERDICT_REJECTED, Reason: "robots_denied"}}); err != nil {
		t.Fatal(err)
	}
}

// contrasts returns the texts of a page whose contrast with what is behind them
// is below 4.5 to 1 (WCAG 2.2, 1.4.3).
const contrasts = `(() => {
  const rgb = c => { const x = document.createElement('canvas').getContext('2d'); x.fillStyle = c; x.fillRect(0, 0, 1, 1); return [...x.getImageData(0, 0, 1, 1).data]; };
  const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return rgb('Canvas'); };
  const bad = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || !e.checkVisibility() || e.closest('.hidden') || e.closest('.skip')) continue;
    const a = light(rgb(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2) + ': ' + e.textContent.slice(0, 40));
  }
  return bad;
})()`

// structure returns what a page lacks for people who do not see it.
const structure = `(() => {
  const bad = [];
  const one = (what, n) => { if (n !== 1) bad.push(n + ' ' + what); };
  one('main', document.querySelectorAll('main').length);
  one('h1', document.querySelectorAll('h1').length);
  one('header', document.querySelectorAll('body > header').length);
  if (!document.documentElement.lang) bad.push('no language');
  if (!document.title.trim()) bad.push('no title');
  let last = 1;
  for (const h of document.querySelectorAll('h1,h2,h3,h4')) { const n = +h.tagName[1]; if (n > last + 1) bad.push('h' + n + ' after h' + last); last = n; }
  for (const i of document.querySelectorAll('input:not([type=hidden]),select')) if (!i.labels.length && !i.ariaLabel) bad.push('no label: ' + i.name);
  for (const i of document.querySelectorAll('img')) if (!i.hasAttribute('alt')) bad.push('no alt: ' + i.src);
  for (const t of document.querySelectorAll('th')) if (!t.scope && !t.closest('.text')) bad.push('no scope: ' + t.textContent);
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) bad.push('ids twice: ' + ids);
  for (const a of document.querySelectorAll('a,button')) if (!a.textContent.trim() && !a.ariaLabel) bad.push('no name: ' + a.outerHTML);
  return bad;
})()`

// TestPagesInBrowser looks at every page in a real browser, light and dark,
// narrow and wide.
func TestPagesInBrowser(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0", OperateToken: operateToken})
	furnish(t, server)
	ctx := browser(t)
	var mutex sync.Mutex
	var complaints, outside []string
	listen(t, ctx, func(event any) {
		mutex.Lock()
		defer mutex.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			complaints = append(complaints, e.Entry.Text+" "+e.Entry.URL)
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Text)
		case *network.EventRequestWillBeSent:
			// the browser's own icons
			if url := e.Request.URL; !strings.HasPrefix(url, server.URL) && !strings.HasPrefix(url, "data:") {
				outside = append(outside, e.Request.URL)
			}
		}
	})
	for _, page := range []string{
		"/", "/?q=ferry", "/?q=ferry&host=example.com&language=en", "/?q=%22open", "/?q=absent",
		"/articles/id-ferry-0000", "/articles/id-train-0000",
		"/articles/id-ferry-0000/changes?from=1&to=2", "/sources", "/pipeline", "/dead-letters", "/login", "/nothing",
	} {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{320, 1280} {
				name := fmt.Sprintf("%s, %s, %d wide", page, scheme, width)
				media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
				if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 800), chromedp.Navigate(server.URL+page)); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				overflow := evaluate[int64](t, ctx, `document.scrollingElement.scrollWidth - innerWidth`)
				faint, lacking := evaluate[[]string](t, ctx, contrasts), evaluate[[]string](t, ctx, structure)
				if overflow > 0 {
					t.Errorf("%s: the page is %d pixels wider than the window", name, overflow)
				}
				if len(faint)+len(lacking) > 0 {
					t.Errorf("%s: too faint %q, lacking %q", name, faint, lacking)
				}
			}
		}
	}
	mutex.Lock()
	defer mutex.Unlock()
	for _, c := range complaints {
		// which two of the pages are
		if !strings.Contains(c, "400 (Bad Request)") && !strings.Contains(c, "404 (Not Found)") {
			t.Errorf("the browser complains: %s", c)
		}
	}
	if len(outside) > 0 {
		t.Errorf("pages ask others: %q", outside)
	}
}

// TestUseInBrowser uses the pages as people do: by keyboard, with a screen
// reader's view of them, and by their links and buttons.
func TestUseInBrowser(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0", ReadToken: readToken, OperateToken: operateToken})
	furnish(t, server)
	ctx := browser(t)
	var requests []string
	var mutex sync.Mutex
	listen(t, ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			mutex.Lock()
			requests = append(requests, e.Request.URL)
			mutex.Unlock()
		}
	})
	asked := func(part string) bool {
		mutex.Lock()
		defer mutex.Unlock()
		return strings.Contains(strings.Join(requests, " "), part)
	}
	do := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	// Without a token every page leads to the login, and from there to where
	// one wanted to go.
	do("logging in", chromedp.Navigate(server.URL+"/?q=ferry"), chromedp.WaitVisible("#token"),
		chromedp.SendKeys("#token", operateToken+kb.Enter), chromedp.WaitVisible(".hits"))
	if at, title := evaluate[string](t, ctx, `location.href`), evaluate[string](t, ctx, `document.title`); at != server.URL+"/?q=ferry" || title != "ferry – Dateline" {
		t.Errorf("after the login one is at %s, %q", at, title)
	}
	// The first tab leads past the navigation.
	do("skipping", chromedp.Navigate(server.URL+"/"), chromedp.KeyEvent(kb.Tab))
	if at := evaluate[string](t, ctx, `document.activeElement.className`); at != "skip" {
		t.Errorf("the first tab stops at %q", at)
	}
	do("following it", chromedp.KeyEvent(kb.Enter), chromedp.WaitReady("main:focus"))
	if at := evaluate[string](t, ctx, `document.activeElement.id`); at != "main" {
		t.Errorf("skipping leads to %q", at)
	}
	// Every link and field can be reached, and is seen when it is.
	if unseen := evaluate[int](t, ctx, `(() => { let n = 0; for (const e of document.querySelectorAll('a[href],button,input:not([type=hidden]),summary')) {
		if (!e.checkVisibility()) continue; e.focus({focusVisible: true}); if (document.activeElement !== e || getComputedStyle(e).outlineStyle === 'none') n++; } return n; })()`); unseen > 0 {
		t.Errorf("%d links or fields cannot be reached, or are not seen to be", unseen)
	}
	// Searching by keyboard, then the article.
	do("searching", chromedp.Navigate(server.URL+"/"), chromedp.SendKeys("#q", "sunday"+kb.Enter),
		chromedp.WaitVisible("mark"),
		chromedp.Click(".hits h2 a"), chromedp.WaitVisible(".reader"))
	if heading := evaluate[string](t, ctx, `document.querySelector('h1').innerText`); heading != "Ferry returns on Sunday" {
		t.Errorf("the article is %q", heading)
	}
	// What a screen reader is told.
	tree, err := chromedp.Call(ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		t.Fatal(err)
	}
	var roles []string
	for _, n := range tree.Nodes {
		if n.Role != nil && !n.Ignored {
			name := ""
			if n.Name != nil {
				name = string(n.Name.Value)
			}
			roles = append(roles, strings.Trim(string(n.Role.Value), `"`)+" "+strings.Trim(name, `"`))
		}
	}
	all := "\n" + strings.Join(roles, "\n") + "\n"
	for _, want := range []string{"\nbanner ", "\nnavigation Pages\n", "\nmain ", "\narticle ",
		"\nheading Ferry returns on Sunday\n", "\nheading History\n", "\ncontentinfo "} {
		if !strings.Contains(all, want) {
			t.Errorf("a screen reader is not told of %q", strings.TrimSpace(want))
		}
	}
	// Pictures come when they are wanted, and not before.
	do("the older revision's page", chromedp.Navigate(server.URL+"/articles/id-ferry-0000"), chromedp.WaitVisible(".reader"))
	if asked("pictures.test") {
		t.Error("a picture was loaded before it was wanted")
	}
	picture := article("picture", "Picture", "x", noon.Add(3*time.Hour))
	picture.Images = []*datelinev1.Image{{Url: "http://pictures.test/b.jpg", Alt: "b", Lead: true}}
	server.put(t, picture)
	do("asking for pictures", chromedp.Navigate(server.URL+"/articles/id-picture-0000"), chromedp.Click("a.button"),
		chromedp.WaitReady("figure img"))
	if !asked("pictures.test/b.jpg") {
		t.Error("the picture was not loaded when it was wanted")
	}
	do("a text from right to left", chromedp.Navigate(server.URL+"/articles/id-train-0000"))
	direction, language := evaluate[string](t, ctx, `getComputedStyle(document.querySelector('.text')).direction`), evaluate[string](t, ctx, `document.querySelector('.text').lang`)
	if direction != "rtl" || language != "ar" {
		t.Errorf("an Arabic text runs %s in %q", direction, language)
	}
	do("comparing", chromedp.Navigate(server.URL+"/articles/id-ferry-0000"), chromedp.Click(`a[href*="/changes"]`),
		chromedp.WaitVisible("ins"))
	if heading := evaluate[string](t, ctx, `document.querySelector('ins').innerText`); !strings.Contains(heading, "on Sunday") {
		t.Errorf("the change is %q", heading)
	}
	// Requeueing a dead letter.
	do("requeueing", chromedp.Navigate(server.URL+"/dead-letters"),
		chromedp.Click(`button[aria-label="Requeue dead letter 1"]`), chromedp.WaitVisible(`//td[text()="No dead letters."]`))
	stream, err := server.js.Stream(t.Context(), subject.StreamURLs)
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != 1 {
		t.Errorf("%d URLs were requeued, want 1", n)
	}
	// Erasing, and being out.
	do("erasing", chromedp.Navigate(server.URL+"/articles/id-ferry-0000"), chromedp.Click(`//summary[text()="Erase"]`),
		chromedp.Click("button.danger"), chromedp.WaitVisible(".hits"))
	do("logging out", chromedp.Click(`//button[text()="Log out"]`), chromedp.WaitVisible("#token"))
}
