package discoverer_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/discoverer/trial"
)

// try has the discoverer try a site, and returns its endpoints by path.
func (n *newsroom) try(t *testing.T, site string, request trial.Request) map[string]trial.Endpoint {
	t.Helper()
	endpoints, err := trial.Start(natstest.Context(t), n.js.Conn(), request)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]trial.Endpoint{}
	for e, err := range endpoints {
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(e.URL, site)] = e
	}
	return all
}

// TestTrial tries a site that is added afterwards. The trial stores nothing, and changes nothing
// about what the source finds.
func TestTrial(t *testing.T) {
	site, room := newTown(t, 30), startNewsroom(t)
	all := room.try(t, site.URL, trial.Request{URL: site.URL, Policy: sources.Policy{Exclude: []string{"*-line-7-*"}}})
	for path, want := range map[string]trial.Endpoint{
		"/":           {Purpose: "links"},
		"/robots.txt": {Purpose: "robots"},
		"/old.xml":    {Purpose: "feed", Listed: 31, New: 29, LeftOut: 1},
		"/news.xml":   {Purpose: "sitemap", Listed: 30, LeftOut: 1}, // the feed lists the others
	} {
		got := all[path]
		if got.Purpose != want.Purpose || got.Listed != want.Listed || got.New != want.New || got.LeftOut != want.LeftOut ||
			got.Error != "" || len(got.Articles) > trial.MaxArticles {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
	}
	if len(all["/old.xml"].Articles) != trial.MaxArticles {
		t.Errorf("%d articles are shown", len(all["/old.xml"].Articles))
	}
	for path, want := range map[string]string{"/broken.xml": "not a feed", "/private/feed.xml": "robots_denied"} {
		if got := all[path].Error; !strings.Contains(got, want) {
			t.Errorf("%s: error %q, want %q", path, got, want)
		}
	}
	if len(all) > trial.MaxRequests || site.requested("/private/feed.xml") > 0 {
		t.Errorf("%d requests, %d of them denied", len(all), site.requested("/private/feed.xml"))
	}
	outcomes := room.outcomes(t, datelinev1.Stage_STAGE_DISCOVER)
	for _, o := range outcomes {
		if o.GetReason() != "trial" {
			t.Errorf("%v", o)
		}
	}
	stored, err := room.sources.List(t.Context(), "", 10)
	stats, statsErr := room.store.Stats(t.Context())
	if err != nil || statsErr != nil || len(stored) != 0 || stats.Articles != 0 || len(outcomes) == 0 {
		t.Fatalf("%d sources, %d articles, %d outcomes, %v, %v",
			len(stored), stats.Articles, len(outcomes), err, statsErr)
	}
	room.add(t, site.URL)
	room.awaitArticles(t, 30)
}

// TestTrialsAreBounded starts more trials of a site that does not respond than a discoverer runs.
func TestTrialsAreBounded(t *testing.T) {
	release := make(chan struct{})
	site := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(site.Close)
	room := startNewsroom(t)
	ctx, cancel := context.WithCancel(natstest.Context(t))
	defer cancel()
	for range 4 {
		if _, err := trial.Start(ctx, room.js.Conn(), trial.Request{URL: site.URL}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := trial.Start(ctx, room.js.Conn(), trial.Request{URL: site.URL}); !errors.Is(err, trial.ErrBusy) {
		t.Errorf("the fifth trial: %v, want %v", err, trial.ErrBusy)
	}
	close(release)
	natstest.Eventually(t, "a trial is possible again", func() bool {
		_, err := trial.Start(ctx, room.js.Conn(), trial.Request{URL: site.URL})
		return err == nil
	})
	for _, wrong := range []trial.Request{{URL: "no url"}, {URL: site.URL, Policy: sources.Policy{PollsPerDay: -1}}} {
		if _, err := trial.Start(ctx, room.js.Conn(), wrong); err == nil {
			t.Errorf("%+v is accepted", wrong)
		}
	}
	room.stop()
	if _, err := trial.Start(ctx, room.js.Conn(), trial.Request{URL: site.URL}); !errors.Is(err, trial.ErrNoDiscoverer) {
		t.Errorf("without a discoverer: %v, want %v", err, trial.ErrNoDiscoverer)
	}
}
