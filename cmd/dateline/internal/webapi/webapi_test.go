package webapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/cmd/dateline/internal/webapi"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/discoverer/trial"
	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

var day = time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)

// call is one call of a client, and what it must send and return.
type call struct {
	name string
	do   func(ctx context.Context, c webapi.Client) (any, error)
	// request is the method, the path with its query, and the body that are sent.
	request string
	answer  string // that of the server
	result  string // as fmt.Sprintf("%v") formats it; empty if it does not matter
	// missing is the error if the server answers 404.
	missing error
	// absent reports whether the result is 0 instead if the server answers 404.
	absent bool
}

func changed(err error) (any, error) { return nil, err }

var calls = []call{
	{
		name: "search", request: "GET /articles?before=2026-03-05T00%3A00%3A00Z&cursor=c&host=a&label=k%3Dv&limit=2&" +
			"order=rank&q=ferry&records=true&section=s&since=2026-03-04T00%3A00%3A00Z ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			filter := store.Filter{
				Hosts: []string{"a"}, Sections: []string{"s"}, Labels: []string{"k=v"},
				From: day, Before: day.Add(24 * time.Hour),
			}
			page, err := c.Search(ctx, store.Query{Text: "ferry", Limit: 2, ByRank: true, After: "c", Filter: filter})
			var ids []string
			for _, hit := range page.Hits {
				ids = append(ids, hit.ID+" "+hit.Article.GetTitle())
			}
			return []any{ids, page.Next}, err
		},
		answer: `{"next": "d", "articles": [
			{"id": "x", "record": {"title": "X"}}, {"id": "y", "record": {"title": "Y"}}]}`,
		result: "[[x X y Y] d]", missing: webapi.ErrNotFound,
	},
	{
		name: "article", request: "GET /articles/https:%2F%2Fexample.com%2Fa ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			hit, err := c.Article(ctx, "https://example.com/a")
			return hit.ID, err
		},
		answer: `{"id": "x", "record": {}}`, result: "x", missing: store.ErrNotFound,
	},
	{
		name: "revisions", request: "GET /articles/x/revisions?records=true ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			all, err := c.Revisions(ctx, "x")
			var got []any
			for _, r := range all {
				got = append(got, r.Number, r.Article.GetTitle())
			}
			return got, err
		},
		answer: `[{"number": 2, "record": {"title": "Y"}}, {"number": 1, "record": {"title": "X"}}]`,
		result: "[2 Y 1 X]", missing: webapi.ErrNotFound,
	},
	{
		name: "story", request: "GET /articles/x/story ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			all, err := c.Story(ctx, "x")
			var got []any
			for _, m := range all {
				got = append(got, m.ID, m.Host, m.Title)
			}
			return got, err
		},
		answer: `[{"id": "y", "host": "h", "title": "T"}]`, result: "[y h T]", missing: webapi.ErrNotFound,
	},
	{
		name: "facets", request: "GET /articles?facets=true&limit=1 ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			f, err := c.Facets(ctx, store.Query{})
			return []any{f.Articles, f.Stories, f.Complete, f.Hosts, len(f.Times.Bars)}, err
		},
		answer: `{"facets": {"articles": 7, "stories": 5, "complete": true, "times": [{"count": 3}],
			"fields": {"host": [{"value": "a", "articles": 7}]}}}`,
		missing: webapi.ErrNotFound,
	},
	{
		name: "sources", request: "GET /sources?after=a&hours=48&limit=9&silent=true ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			all, err := c.SourcesHealth(ctx, store.SourceQuery{
				Since: day, At: day.Add(48 * time.Hour), After: "a", Limit: 9, Silent: true,
			})
			var got []any
			for _, s := range all {
				got = append(got, s.Host, s.Articles, s.Revisions)
			}
			return got, err
		},
		answer: `[{"host": "b", "articles": 3, "revisions": 4}]`, result: "[b 3 4]", missing: webapi.ErrNotFound,
	},
	{
		name: "one source", request: "GET /sources/b?hours=24 ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			all, err := c.SourcesHealth(ctx, store.SourceQuery{Since: day, At: day.Add(24 * time.Hour), Host: "b"})
			return len(all), err
		},
		answer: `{"host": "b"}`, result: "1", absent: true,
	},
	{
		name: "one source that is not silent", request: "GET /sources/b?hours=24 ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			query := store.SourceQuery{Since: day, At: day.Add(24 * time.Hour), Host: "b", Silent: true}
			all, err := c.SourcesHealth(ctx, query)
			return len(all), err
		},
		answer: `{"host": "b"}`, result: "0", absent: true,
	},
	{
		name: "tokens", request: "GET /tokens ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			all, err := c.Tokens(ctx)
			return len(all), err
		},
		answer: `[{"name": "a"}]`, result: "1", missing: webapi.ErrNotFound,
	},
	{
		name:    "create a token",
		request: `POST /tokens {"name":"a","scopes":["read"],"expiry_time":"2026-03-04T00:00:00Z"}`,
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			text, token, err := c.Create(ctx, "a", []access.Scope{access.Read}, day, day)
			return text + " of " + token.Name, err
		},
		answer: `{"name": "a", "token": "secret"}`, result: "secret of a", missing: webapi.ErrNotFound,
	},
	{
		name: "revoke", request: "DELETE /tokens/a%2Fb ",
		do:      func(ctx context.Context, c webapi.Client) (any, error) { return changed(c.Revoke(ctx, "a/b")) },
		missing: access.ErrNoToken,
	},
	{
		name: "audit", request: "GET /audit?action=erase&actor=me&before=5&limit=9&since=2026-03-04T00%3A00%3A00Z ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			filter := access.EntryFilter{Actor: "me", Action: "erase", Since: day, Before: 5, Limit: 9}
			all, err := c.Entries(ctx, filter)
			return len(all), err
		},
		answer: `[{"actor": "me"}]`, result: "1", missing: webapi.ErrNotFound,
	},
	{
		name: "overviews", request: "GET /discovery/sources?after=a&limit=9 ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			all, err := c.Overviews(ctx, "a", 9)
			return len(all), err
		},
		answer: `[{}]`, result: "1", missing: webapi.ErrNotFound,
	},
	{
		name: "details", request: "GET /discovery/sources/s ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			_, err := c.Details(ctx, "s")
			return nil, err
		},
		answer: `{}`, missing: sources.ErrNotFound,
	},
	{
		name: "add a site", request: `POST /discovery/sources {"url":"https://example.com/","labels":{"k":"v"}}`,
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			source := sources.Source{URL: "https://example.com/", Labels: map[string]string{"k": "v"}}
			return changed(c.AddSite(ctx, source, nil))
		},
		missing: webapi.ErrNotFound,
	},
	{
		name: "policy", request: `PUT /discovery/sources/s/policy {}`,
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			return changed(c.SetPolicy(ctx, "s", sources.Policy{}))
		},
		missing: sources.ErrNotFound,
	},
	{
		name: "pause", request: "POST /discovery/sources/s/pause ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			return changed(c.SetState(ctx, "s", sources.Paused))
		},
		missing: sources.ErrNotFound,
	},
	{
		name: "resume", request: "POST /discovery/sources/s/resume ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			return changed(c.SetState(ctx, "s", sources.Active))
		},
		missing: sources.ErrNotFound,
	},
	{
		name: "remove a source", request: "DELETE /discovery/sources/s ",
		do:      func(ctx context.Context, c webapi.Client) (any, error) { return changed(c.Remove(ctx, "s")) },
		missing: sources.ErrNotFound,
	},
	{
		name: "backfill", request: `POST /discovery/sources/s/backfill {"since":"2026-03-04T00:00:00Z"}`,
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			return changed(c.BackfillSite(ctx, "s", sources.BackfillRange{Since: day}))
		},
		missing: sources.ErrNotFound,
	},
	{
		name: "cancel a backfill", request: "DELETE /discovery/sources/s/backfill ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			return changed(c.CancelBackfill(ctx, "s"))
		},
		missing: sources.ErrNotFound,
	},
	{
		name: "trial", request: `POST /discovery/try {"url":"https://example.com/"}`,
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			var urls []string
			request := trial.Request{URL: "https://example.com/"}
			err := c.Try(ctx, request, func(e trial.Endpoint) { urls = append(urls, e.URL) })
			return urls, err
		},
		answer:  `{"started": true} {"endpoint": {"url": "a"}} {"endpoint": {"url": "b"}} {"end": true}`,
		result:  "[a b]",
		missing: webapi.ErrNotFound,
	},
	{
		name: "subscriptions", request: "GET /subscriptions?after=a&limit=9 ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			all, err := c.Subscriptions().List(ctx, "a", 9)
			return len(all), err
		},
		answer: `[{}]`, result: "1", missing: webapi.ErrNotFound,
	},
	{
		name: "subscription", request: "GET /subscriptions/s ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			_, err := c.Subscriptions().Get(ctx, "s")
			return nil, err
		},
		answer: `{}`, missing: subscriptions.ErrNotFound,
	},
	{
		name:    "put a subscription without secrets",
		request: `PUT /subscriptions/s {"name":"s","query":{},"to":"","secrets":[]}`,
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			return changed(c.Subscriptions().Put(ctx, subscriptions.Spec{Name: "s"}, []string{}, day))
		},
		missing: subscriptions.ErrNotFound,
	},
	{
		name: "test a subscription", request: `POST /subscriptions/s/test `,
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			_, err := c.Subscriptions().Test(ctx, "s")
			return nil, err
		},
		answer: `{}`, missing: subscriptions.ErrNotFound,
	},
	{
		name: "remove a subscription", request: "DELETE /subscriptions/s ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			return changed(c.Subscriptions().Remove(ctx, "s"))
		},
		missing: subscriptions.ErrNotFound,
	},
	{
		name: "deliveries", request: "GET /subscriptions/s/deliveries?before=5&limit=9 ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			all, err := c.Subscriptions().Log(ctx, "s", 5, 9)
			return len(all), err
		},
		answer: `[{}]`, result: "1", missing: subscriptions.ErrNotFound,
	},
	{
		name: "request of a delivery", request: "GET /subscriptions/s/deliveries/7/request ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			return c.Subscriptions().DeliveryRequest(ctx, "s", 7)
		},
		answer: `{"request": "POST /hook"}`, result: "POST /hook", missing: subscriptions.ErrNotFound,
	},
	{
		name: "resend", request: "POST /subscriptions/s/deliveries/7/resend ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			return changed(c.Subscriptions().Resend(ctx, "s", 7, day))
		},
		missing: subscriptions.ErrNotFound,
	},
	{
		name: "resend what failed", request: "POST /subscriptions/s/resend-failed ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			return c.Subscriptions().ResendFailed(ctx, "s", day)
		},
		answer: `{"deliveries": 3}`, result: "3", missing: subscriptions.ErrNotFound,
	},
	{
		name: "replay", request: `POST /subscriptions/s/replay {"since":"2026-03-04T00:00:00Z"}`,
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			_, err := c.Subscriptions().Replay(ctx, "s", day, day)
			return nil, err
		},
		answer: `{}`, missing: subscriptions.ErrNotFound,
	},
	{
		name: "deliveries that were given up", request: "GET /dead-letters?after=n5&limit=9&stage=notify ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			all, err := c.Subscriptions().GivenUp(ctx, 5, 9)
			return len(all), err
		},
		answer: `[{}, {}]`, result: "2", missing: webapi.ErrNotFound,
	},
	{
		name: "requeue a delivery", request: "POST /dead-letters/n7/requeue ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			return changed(c.Subscriptions().RequeueGivenUp(ctx, 7, day))
		},
		missing: subscriptions.ErrNotFound,
	},
	{
		name: "drop a delivery", request: "DELETE /dead-letters/n7 ",
		do: func(ctx context.Context, c webapi.Client) (any, error) {
			return changed(c.Subscriptions().DropGivenUp(ctx, 7, day))
		},
		missing: subscriptions.ErrNotFound,
	},
}

// serve returns a client of a server that answers each request with a status and a body, and the last request.
func serve(t *testing.T, status int, answer string) (client webapi.Client, request func() string) {
	t.Helper()
	var last string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if got := r.Header.Get("Authorization"); got != "Bearer secret" {
			t.Errorf("Authorization is %q", got)
		}
		last = fmt.Sprintf("%s %s %s", r.Method, strings.TrimPrefix(r.URL.RequestURI(), "/api/v1"), body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return webapi.New(server.URL+"/", "secret"), func() string { return last }
}

// TestCalls checks the request of each call, and what it makes of the answer.
func TestCalls(t *testing.T) {
	for _, c := range calls {
		client, request := serve(t, http.StatusOK, c.answer)
		got, err := c.do(t.Context(), client)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if request() != c.request {
			t.Errorf("%s sends %q, want %q", c.name, request(), c.request)
		}
		if text := fmt.Sprint(got); c.result != "" && text != c.result {
			t.Errorf("%s returns %q, want %q", c.name, text, c.result)
		}
	}
}

// TestErrors has the server fail in several ways. Each call must report the failure.
func TestErrors(t *testing.T) {
	for _, c := range calls {
		client, _ := serve(t, http.StatusNotFound, "")
		got, err := c.do(t.Context(), client)
		if !errors.Is(err, c.missing) || c.absent && fmt.Sprint(got) != "0" {
			t.Errorf("%s: not found: %v, %v; want the error %v", c.name, got, err, c.missing)
		}
		for _, failure := range []struct {
			status int
			answer string
			want   string
		}{
			{http.StatusServiceUnavailable, `{"detail": "the store is busy"}`, "503 Service Unavailable: the store"},
			{http.StatusBadRequest, "no JSON", "400 Bad Request"},
			{http.StatusUnauthorized, "", "--http-read-token"},
			{http.StatusFound, "", "302 Found"}, // is not followed: the token is for this address only
		} {
			client, _ := serve(t, failure.status, failure.answer)
			if _, err := c.do(t.Context(), client); err == nil || !strings.Contains(err.Error(), failure.want) {
				t.Errorf("%s: status %d: %v, want %q in it", c.name, failure.status, err, failure.want)
			}
		}
		client, _ = serve(t, http.StatusForbidden, `{"detail": ": no"}`)
		want := "--http-read-token"
		if !strings.HasPrefix(c.request, "GET") {
			want = "--http-operate-token"
		}
		if _, err := c.do(t.Context(), client); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: forbidden: %v, want %q in it", c.name, err, want)
		}
		if c.answer == "" {
			continue
		}
		client, _ = serve(t, http.StatusOK, c.answer[:len(c.answer)-1])
		if _, err := c.do(t.Context(), client); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: an answer that is cut off: %v", c.name, err)
		}
	}
}

// TestSearchInPages finds more articles than a page of the API has.
func TestSearchInPages(t *testing.T) {
	var limits []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := r.FormValue("limit")
		limits = append(limits, limit+" after "+r.FormValue("cursor"))
		count := 0
		if _, err := fmt.Sscan(limit, &count); err != nil {
			t.Error(err)
		}
		hits := strings.Repeat(`,{"id": "x", "record": {}}`, count)
		fmt.Fprintf(w, `{"articles": [%s], "next": "c%d"}`, strings.TrimPrefix(hits, ","), len(limits))
	}))
	defer server.Close()
	page, err := webapi.New(server.URL, "").Search(t.Context(), store.Query{Limit: 250})
	if err != nil || len(page.Hits) != 250 || page.Next != "c3" {
		t.Errorf("%d articles, then %q, %v", len(page.Hits), page.Next, err)
	}
	if got := strings.Join(limits, ", "); got != "100 after , 100 after c1, 50 after c2" {
		t.Errorf("the requests are for %s", got)
	}
}

// TestFreshReads reads from a server that answers from the primary, and from one whose primary is unavailable.
func TestFreshReads(t *testing.T) {
	from := replica.Primary
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get(replica.PositionHeader); got != replica.Newest {
			t.Errorf("the request has the position %q", got)
		}
		w.Header().Set(replica.FromHeader, from)
		if from == replica.Replica {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, `{"articles":[]}`)
	}))
	t.Cleanup(server.Close)
	client := webapi.New(server.URL, "").Fresh()
	if _, err := client.Search(t.Context(), store.Query{Limit: 1}); err != nil {
		t.Error(err)
	}
	from = replica.Replica
	if _, err := client.Article(t.Context(), "id-north"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("an article that the replica does not have: %v, want that the database is unavailable", err)
	}
}
