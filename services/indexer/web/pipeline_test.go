package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// flowScript returns what the drawing of the flow says about each stage.
const flowScript = `[...document.querySelectorAll('.flow > li')].map(s => s.innerText.replaceAll(/\s+/g, ' '))`

// TestPipelineInBrowser watches the page while URLs are published and articles stored. The
// page must refresh itself, and keep what the reader has opened.
func TestPipelineInBrowser(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	now := time.Now()
	end := func(i int, stage datelinev1.Stage, verdict datelinev1.Verdict) *datelinev1.Outcome {
		return &datelinev1.Outcome{
			Stage: stage, Verdict: verdict, Reason: "timeout", Host: "example.com", InputId: fmt.Sprint(i, stage),
			Time: timestamppb.New(now),
		}
	}
	server.record(t, []*datelinev1.Outcome{
		end(1, datelinev1.Stage_STAGE_INDEX, datelinev1.Verdict_VERDICT_PRODUCED),
		end(2, datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_DEAD),
		end(3, datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_REJECTED),
	})
	ctx := browser(t)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(server.URL+"/pipeline"),
		chromedp.WaitVisible(".flow"), chromedp.Click("#live summary"), chromedp.WaitVisible("#live table")); err != nil {
		t.Fatalf("opening the table: %v", err)
	}
	want := []string{
		"URLS 0 waiting Intake checks URLs and drops repeats 0 in the last hour 0 dead, 0 rejected in 24 hours",
		"FRONTIER 0 waiting Fetch gets pages, host by host 2 in the last hour 1 dead, 1 rejected in 24 hours",
		"PAGES 0 waiting Extract turns pages into articles 0 in the last hour 0 dead, 0 rejected in 24 hours",
		"ARTICLES 0 waiting Index stores and versions articles 1 in the last hour 0 dead, 0 rejected in 24 hours",
		"Deliveries 0 waiting Notify delivers articles to subscriptions 0 in the last hour " +
			"0 active, 0 failing, 0 suspended 0 dead",
	}
	if flow := evaluate[[]string](ctx, t, flowScript); strings.Join(flow, "\n") != strings.Join(want, "\n") {
		t.Errorf("the flow is\n%s\nwant\n%s", strings.Join(flow, "\n"), strings.Join(want, "\n"))
	}
	row := evaluate[string](ctx, t, `document.querySelector('#live details tbody tr').innerText`)
	if !strings.HasSuffix(row, "\t1\t0\t1\t1") {
		t.Errorf("the current hour is %q, want 1 stored, 0 unchanged, 1 rejected and 1 dead", row)
	}

	if _, err := server.js.Publish(t.Context(), "urls", []byte("https://example.com/a")); err != nil {
		t.Fatal(err)
	}
	evaluate[bool](ctx, t, `document.activeElement.blur(), window.sameDocument = true`)
	waiting := chromedp.WaitVisible(`//li[contains(normalize-space(), "1 waiting, oldest")]`)
	if err := chromedp.Do(ctx, waiting); err != nil {
		t.Fatalf("waiting for the page to refresh: %v", err)
	}
	if !evaluate[bool](ctx, t, `window.sameDocument && document.querySelector('#live details').open`) {
		t.Error("the page was loaded again, or it closed the table that was open")
	}
}
