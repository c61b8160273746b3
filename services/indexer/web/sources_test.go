package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// recordSilence records three weeks of two sources that publish hourly. One of
// them has refused all requests for a day; the other publishes as usual.
func (server *testServer) recordSilence(t *testing.T) (since time.Time) {
	t.Helper()
	const hours = 3 * 7 * 24
	now := time.Now().UTC().Truncate(time.Hour)
	since = now.Add(-24 * time.Hour)
	var batch []*datelinev1.Outcome
	add := func(host string, at time.Time, stage datelinev1.Stage, verdict datelinev1.Verdict, reason string) {
		batch = append(batch, &datelinev1.Outcome{
			Stage: stage, Verdict: verdict, Reason: reason, Host: host,
			InputId: fmt.Sprint(host, at.Unix(), stage), Time: timestamppb.New(at),
		})
	}
	for hour := range hours {
		at := now.Add(time.Duration(hour-hours) * time.Hour)
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
	server.record(t, batch)
	return since
}

// record records outcomes and adds them to the sources' baselines.
func (server *testServer) record(t *testing.T, batch []*datelinev1.Outcome) {
	t.Helper()
	for part := range slices.Chunk(batch, 1000) {
		if err := server.store.Record(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	for more := true; more; {
		var err error
		if more, err = server.store.RollUp(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// sourceAnswer is a source in the API.
type sourceAnswer struct {
	Host, State, Cause, Evidence string
	New                          int
	Expected                     *float64
	SilentSince                  *time.Time `json:"silent_since"`
	Week                         []float64
}

func TestSourcesOverHTTP(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	since := server.recordSilence(t)
	all := decode[[]sourceAnswer](t, server.get(t, "/api/v1/sources"))
	if len(all) != 2 || all[1].Host != "steady.test" || all[1].State != "publishing" || all[1].New < 23 ||
		*all[1].Expected < 21 || *all[1].Expected > 27 || all[1].Cause != "" {
		t.Errorf("sources %+v", all)
	}
	silent := decode[[]sourceAnswer](t, server.get(t, "/api/v1/sources?silent=true"))
	if len(silent) != 1 || silent[0].Host != "refusing.test" || silent[0].State != "silent" ||
		silent[0].Cause != "blocked" || silent[0].New != 0 || !silent[0].SilentSince.Equal(since) ||
		!strings.Contains(silent[0].Evidence, "forbidden 24") {
		t.Errorf("silent sources %+v, want refusing.test since %v", silent, since)
	}
	one := decode[sourceAnswer](t, server.get(t, "/api/v1/sources/steady.test"))
	if one.Host != "steady.test" || len(one.Week) != 168 || one.Week[0] < 0.5 {
		t.Errorf("source %+v", one)
	}
	status, _, body := server.request(t, http.MethodGet, "/api/v1/sources/none.test")
	if status != http.StatusNotFound || !strings.Contains(body, "no articles or outcomes from none.test") {
		t.Errorf("an unknown source: status %d: %s; want 404", status, body)
	}
	document := server.get(t, "/api/v1/openapi.json")
	for _, want := range []string{`"/api/v1/sources/{host}"`, `"silent_since"`, `"nothing_published"`} {
		if !strings.Contains(document, want) {
			t.Errorf("the OpenAPI document does not contain %s", want)
		}
	}
}

// TestSourcesInBrowser reads the sources page and follows its link to the silent
// sources.
func TestSourcesInBrowser(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	since := server.recordSilence(t)
	ctx := browser(t)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(320, 800), chromedp.Navigate(server.URL+"/sources"),
		chromedp.WaitVisible("table")); err != nil {
		t.Fatal(err)
	}
	const (
		rowsScript    = `[...document.querySelectorAll('tbody tr')].map(r => r.innerText)`
		figuresScript = `document.querySelector('.figures').innerText.replaceAll(/\s+/g, ' ')`
	)
	rows := evaluate[[]string](ctx, t, rowsScript)
	if len(rows) != 2 || !strings.Contains(rows[0], "refusing.test\nsilent since "+since.Format("2006-01-02 15:04")) ||
		!strings.Contains(rows[0], "blocked: the site refused 24 of the 24 requests") ||
		!strings.Contains(rows[1], "steady.test\nhealthy") {
		t.Errorf("rows %q", rows)
	}
	if figures := evaluate[string](ctx, t, figuresScript); figures != "Publishing 1 Silent 1 Learning 0" {
		t.Errorf("figures %q", figures)
	}
	verifyAccessible(ctx, t, "the sources page")
	if err := chromedp.Do(ctx, chromedp.Click(`//a[text()="Show only silent sources"]`),
		chromedp.WaitVisible(`//a[text()="Show all sources"]`)); err != nil {
		t.Fatal(err)
	}
	if rows := evaluate[[]string](ctx, t, rowsScript); len(rows) != 1 || !strings.Contains(rows[0], "refusing.test") {
		t.Errorf("silent sources %q", rows)
	}
}

// TestFindSource opens the page of a source by its host and by a URL.
func TestFindSource(t *testing.T) {
	server := newTestServer(t, web.DefaultConfig())
	for entered, want := range map[string]string{
		"example.com": "/sources/example.com", " Example.COM ": "/sources/example.com",
		"https://example.com:8443/a?b": "/sources/example.com:8443", "": "", "not a host": "",
	} {
		status, header, _ := server.request(t, http.MethodGet, "/sources?"+url.Values{"host": {entered}}.Encode())
		if want == "" && status != http.StatusOK || want != "" && header.Get("Location") != want {
			t.Errorf("%q: status %d, location %q; want location %q", entered, status, header.Get("Location"), want)
		}
	}
}
