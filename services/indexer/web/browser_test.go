package web_test

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Scripts that return the problems of the current page.
var (
	//go:embed testdata/contrast.js
	contrastScript string
	//go:embed testdata/structure.js
	structureScript string
	//go:embed testdata/focus.js
	focusScript string
	// weightScript returns the bytes of a page, and shiftScript measures how its content
	// moves.
	//go:embed testdata/weight.js
	weightScript string
	//go:embed testdata/shift.js
	shiftScript string
)

// overflowScript returns by how many pixels the page is wider than the window.
const overflowScript = `document.scrollingElement.scrollWidth - innerWidth`

// browserTimeout bounds the use of the browser by one test.
const browserTimeout = 10 * time.Minute

// browser starts a headless Chromium. DATELINE_CHROMIUM names its program if it
// is not "chromium". DATELINE_BROWSER=none skips the tests in the browser.
func browser(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("DATELINE_BROWSER") == "none" {
		t.Skip("DATELINE_BROWSER=none")
	}
	program := "chromium"
	if name := os.Getenv("DATELINE_CHROMIUM"); name != "" {
		program = name
	}
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%v: install Debian's package chromium, set DATELINE_CHROMIUM to the program, "+
			"or set DATELINE_BROWSER=none to skip this test", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), browserTimeout)
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

// listen calls back for the requests and the console messages of the browser.
func listen(ctx context.Context, t *testing.T, back func(event any)) {
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
func evaluate[T any](ctx context.Context, t *testing.T, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("evaluating %.60s: %v", expression, err)
	}
	return value
}

// verifyAccessible checks the structure and the width of the current page, and its contrast in light
// and dark mode.
func verifyAccessible(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	if problems := evaluate[[]string](ctx, t, structureScript); len(problems) > 0 {
		t.Errorf("%s: structure: %q", name, problems)
	}
	if overflow := evaluate[int64](ctx, t, overflowScript); overflow > 0 {
		t.Errorf("%s: the page is %d pixels wider than the window", name, overflow)
	}
	for _, scheme := range []string{"dark", "light"} {
		if err := useScheme(ctx, scheme); err != nil {
			t.Fatalf("%s: changing to %s mode: %v", name, scheme, err)
		}
		if got := evaluate[bool](ctx, t, "matchMedia('(prefers-color-scheme: "+scheme+")').matches"); !got {
			t.Fatalf("%s: the page is not in %s mode", name, scheme)
		}
		if problems := evaluate[[]string](ctx, t, contrastScript); len(problems) > 0 {
			t.Errorf("%s, %s: contrast: %q", name, scheme, problems)
		}
	}
}

// fill stores articles, a dead letter and an outcome, so that every page has
// content.
func (server *testServer) fill(t *testing.T) {
	t.Helper()
	text := "The harbour board decided on Wednesday.\n\nThe ferry sails again on Sunday."
	ferry := article("ferry", "Ferry returns", text, noon)
	ferry.Images = []*datelinev1.Image{{
		Url: "https://pictures.test/a.jpg", Alt: "A ferry", Caption: "The ferry", Lead: true,
	}}
	ferry.Body = append(ferry.Body,
		&datelinev1.Block{Kind: datelinev1.BlockKind_BLOCK_KIND_HEADING, Level: 2, Text: "What it costs"},
		&datelinev1.Block{Kind: datelinev1.BlockKind_BLOCK_KIND_TABLE, Rows: []*datelinev1.TableRow{
			{Header: true, Cells: strings.Fields("Day Adult Child Bicycle Dog Car Lorry Total Remarks Season")},
			{Cells: strings.Fields("Sunday 9 4 2 1 20 50 86 none winter")},
		}},
		&datelinev1.Block{Kind: datelinev1.BlockKind_BLOCK_KIND_LIST, Items: []string{"One", "Two"}},
		&datelinev1.Block{
			Kind: datelinev1.BlockKind_BLOCK_KIND_PARAGRAPH, Text: "A" + strings.Repeat("verylongword", 40),
		})
	server.put(t, ferry)
	changed := article("ferry", "Ferry returns on Sunday", text+"\n\nCorrection: nine crowns.", noon.Add(time.Hour))
	train := article("train", "قطار الوادي يعود", "عاد القطار إلى الوادي.", noon.Add(2*time.Hour))
	train.Language, train.Direction = "ar", datelinev1.Direction_DIRECTION_RTL
	server.put(t, changed, train)
	server.put(t, copyOf("The Ledger", "ledger.test", "Board decides", -90),
		copyOf("Gazette", "gazette.test", "The board has decided", -80))
	for i := range 30 {
		at := noon.Add(-time.Duration(i) * time.Hour)
		report := article(fmt.Sprint("more", i), fmt.Sprint("Market report ", i), "Prices.", at)
		report.Images = []*datelinev1.Image{{Url: fmt.Sprintf("https://pictures.test/%d.png", i), Lead: true}}
		server.put(t, report)
	}
	server.send(t, subject.Dead(datelinev1.Stage_STAGE_INTAKE, "malformed"), "d", &datelinev1.DeadLetter{
		Stage: datelinev1.Stage_STAGE_INTAKE, Reason: "malformed", Error: "not a URL: " + strings.Repeat("x", 300),
		Subject: "urls", Data: []byte("https://example.com/again"),
	})
	if err := server.store.Record(t.Context(), []*datelinev1.Outcome{{
		Stage: datelinev1.Stage_STAGE_FETCH, InputId: "x", Host: "example.com",
		Verdict: datelinev1.Verdict_VERDICT_REJECTED, Reason: "robots_denied",
	}}); err != nil {
		t.Fatal(err)
	}
}
