package web_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// fallSilent stores three weeks of two sources that publish hourly, of which
// one is refused since a day ago and the other goes on.
func fallSilent(t *testing.T, server *testServer) (since time.Time) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Hour)
	since = now.Add(-24 * time.Hour)
	for week := range 3 {
		var batch []*datelinev1.Outcome
		add := func(host string, at time.Time, stage datelinev1.Stage, verdict datelinev1.Verdict, reason string) {
			batch = append(batch, &datelinev1.Outcome{Stage: stage, Verdict: verdict, Reason: reason, Host: host,
				InputId: fmt.Sprint(host, at.Unix(), stage), Time: timestamppb.New(at)})
		}
		for hour := range 7 * 24 {
			at := now.Add(time.Duration(hour-(3-week)*7*24) * time.Hour)
			for _, host := range []string{"steady.test", "refusing.test"} {
				add(host, at, datelinev1.Stage_STAGE_INTAKE, datelinev1.Verdict_VERDICT_PRODUCED, "")
				if host == "refusing.test" && !at.Before(since) {
					add(host, at, datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_REJECTED, "forbidden")
					continue
				}
				add(host, at, datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_PRODUCED, "")
				add(host, at, datelinev1.Stage_STAGE_EXTRACT, datelinev1.Verdict_VERDICT_PRODUCED, "")
				add(host, at, datelinev1.Stage_STAGE_INDEX, datelinev1.Verdict_VERDICT_PRODUCED, "new")
			}
		}
		if err := server.store.Record(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	for {
		more, err := server.store.RollUp(t.Context(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return since
		}
	}
}

func TestSourcesOverHTTP(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	since := fallSilent(t, server)
	type source struct {
		Host, State, Cause, Evidence string
		New                          int
		Expected                     *float64
		SilentSince                  *time.Time `json:"silent_since"`
		Week                         []float64
	}
	var all, silent []source
	for path, into := range map[string]*[]source{"/api/v1/sources": &all, "/api/v1/sources?silent=true": &silent} {
		if err := json.Unmarshal([]byte(server.get(t, path)), into); err != nil {
			t.Fatal(err)
		}
	}
	if len(all) != 2 || all[1].Host != "steady.test" || all[1].State != "publishing" || all[1].New < 23 ||
		*all[1].Expected < 21 || *all[1].Expected > 27 || all[1].Cause != "" {
		t.Errorf("the sources are %+v", all)
	}
	if len(silent) != 1 || silent[0].Host != "refusing.test" || silent[0].State != "silent" ||
		silent[0].Cause != "blocked" || silent[0].New != 0 ||
		!silent[0].SilentSince.Equal(since) || !strings.Contains(silent[0].Evidence, "forbidden 24") {
		t.Errorf("silent are %+v, want refusing.test since %v", silent, since)
	}
	var one source
	if err := json.Unmarshal([]byte(server.get(t, "/api/v1/sources/steady.test")), &one); err != nil ||
		one.Host != "steady.test" || len(one.Week) != 168 || one.Week[0] < 0.5 {
		t.Errorf("one source is %+v, %v", one, err)
	}
	if status, _, body := server.request(t, "GET", "/api/v1/sources/none.test"); status != 404 ||
		!strings.Contains(body, "no articles or outcomes from none.test") {
		t.Errorf("a source that is none answers %d: %s", status, body)
	}
	for _, want := range []string{`"/api/v1/sources/{host}"`, `"silent_since"`, `"nothing_published"`} {
		if !strings.Contains(server.get(t, "/api/v1/openapi.json"), want) {
			t.Errorf("the description of the API does not hold %s", want)
		}
	}
}

// TestSourcesInBrowser reads the page of sources, and follows it to those that
// are silent.
func TestSourcesInBrowser(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	since := fallSilent(t, server)
	ctx := browser(t)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(320, 800), chromedp.Navigate(server.URL+"/sources"),
		chromedp.WaitVisible("table")); err != nil {
		t.Fatal(err)
	}
	rows := evaluate[[]string](t, ctx, `[...document.querySelectorAll('tbody tr')].map(r => r.innerText)`)
	if len(rows) != 2 || !strings.Contains(rows[0], "refusing.test\tsilent since "+since.Format("2006-01-02 15:04")) ||
		!strings.Contains(rows[0], "blocked: the site refused 24 of the 24 requests") ||
		!strings.Contains(rows[1], "steady.test\thealthy") {
		t.Errorf("the rows are %q", rows)
	}
	if figures := evaluate[string](t, ctx, `document.querySelector('.figures').innerText.replaceAll(/\s+/g, ' ')`); figures != "Publishing 1 Silent 1 Learning 0" {
		t.Errorf("the figures are %q", figures)
	}
	for _, scheme := range []string{contrasts, structure} {
		if found := evaluate[[]string](t, ctx, scheme); len(found) > 0 {
			t.Errorf("too faint or lacking: %q", found)
		}
	}
	if over := evaluate[int64](t, ctx, `document.scrollingElement.scrollWidth - innerWidth`); over > 0 {
		t.Errorf("the page is %d pixels wider than the window", over)
	}
	if err := chromedp.Do(ctx, chromedp.Click(`//a[text()="Show only silent sources"]`),
		chromedp.WaitVisible(`//a[text()="Show all sources"]`)); err != nil {
		t.Fatal(err)
	}
	if rows := evaluate[[]string](t, ctx, `[...document.querySelectorAll('tbody tr')].map(r => r.innerText)`); len(rows) != 1 || !strings.Contains(rows[0], "refusing.test") {
		t.Errorf("the silent sources are %q", rows)
	}
}
