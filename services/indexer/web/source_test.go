package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// setRules stores rules for sites, as an extractor does.
func (server *testServer) setRules(t *testing.T, rules hosts.Rules) {
	t.Helper()
	bucket, err := server.js.KeyValue(t.Context(), subject.BucketDrift)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Put(t.Context(), subject.DriftRules, data); err != nil {
		t.Fatal(err)
	}
}

// TestRulesOfSource looks for the rules of a domain on the page of one of its hosts, and in
// the API.
func TestRulesOfSource(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	for _, host := range []string{"www.post.test", "other.test"} {
		a := article(host, "Ferry", "It sails.", noon)
		a.Host = host
		server.put(t, a)
	}
	server.setRules(t, hosts.Rules{"post.test": {"title": "h1.hed"}})
	for host, want := range map[string]bool{"www.post.test": true, "other.test": false} {
		page := server.get(t, "/sources/"+host)
		if got := strings.Contains(page, "<code>h1.hed</code>"); got != want {
			t.Errorf("the page of %s shows the rule: %v, want %v", host, got, want)
		}
		answer := decode[struct {
			Rules *struct {
				Site      string
				Selectors map[string]string
			}
		}](t, server.get(t, "/api/v1/sources/"+host))
		got := answer.Rules
		if (got != nil) != want || want && (got.Site != "post.test" || got.Selectors["title"] != "h1.hed") {
			t.Errorf("rules of %s in the API: %+v", host, got)
		}
	}
}

// setDrift raises the alarm that a host's articles have no date, with one sample page.
func (server *testServer) setDrift(t *testing.T, host, sample string) {
	t.Helper()
	bucket, err := server.js.KeyValue(t.Context(), subject.BucketDrift)
	if err != nil {
		t.Fatal(err)
	}
	const signal = datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE
	for key, message := range map[string]proto.Message{
		subject.DriftAlarm(host, signal): &datelinev1.DriftAlarm{
			Signal: signal, Raised: true, Recent: 0.9, Usual: 0.02, Time: timestamppb.Now(),
		},
		subject.DriftSample(host, signal, 1): &datelinev1.DriftSample{Url: sample, Signal: signal},
	} {
		data, err := proto.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bucket.Put(t.Context(), key, data); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSourcePage reads the page of a source that publishes hourly, was redesigned, and has
// an article with a field that a rule has chosen.
func TestSourcePage(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	server.recordSilence(t)
	server.setDrift(t, "test.steady", "https://steady.test/undated")
	steady := article("steady", "Steady news", "x", time.Now())
	steady.Host, steady.SiteName = "steady.test", "The Steady Times"
	steady.CanonicalUrl = "https://steady.test/news"
	steady.RequestedUrl, steady.FinalUrl = steady.CanonicalUrl, steady.CanonicalUrl
	steady.Provenance["title"].Source = datelinev1.FieldSource_FIELD_SOURCE_RULE
	server.put(t, steady)
	nameless := proto.CloneOf(steady)
	nameless.Id, nameless.SiteName, nameless.Title, nameless.ContentHash = "id-nameless-0000", "", "Newer news", "newer"
	nameless.CanonicalUrl = "https://steady.test/newer"
	nameless.RequestedUrl, nameless.FinalUrl = nameless.CanonicalUrl, nameless.CanonicalUrl
	nameless.Provenance, nameless.Published.Value = nil, timestamppb.New(time.Now().Add(time.Minute))
	server.put(t, nameless)

	below := article("below", "Subdomain news", "x", time.Now())
	below.Host, below.CanonicalUrl = "m.steady.test", "https://m.steady.test/below"
	below.RequestedUrl, below.FinalUrl = below.CanonicalUrl, below.CanonicalUrl
	server.put(t, below)

	page := server.get(t, "/sources/steady.test")
	if strings.Contains(page, "Subdomain news") {
		t.Error("the page has an article of a subdomain")
	}
	for _, want := range []string{
		"The Steady Times steady.test · Articles", "healthy", "Steady news", "no date: 90 % of the latest pages, 2 % before",
		"https://steady.test/undated", "rule (1)", "New in 7 days 16",
	} {
		if !strings.Contains(text(page), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if n := strings.Count(page, `class="level1"`); n < 160 {
		t.Errorf("the week has %d hours with one article, want at least 160", n)
	}
	list := server.get(t, "/sources")
	if !strings.Contains(text(list), "The Steady Times steady.test healthy") || !strings.Contains(list, `class="usual"`) {
		t.Error("the list lacks the name or the usual week")
	}
	if status, _, _ := server.request(t, http.MethodGet, "/sources/none.test"); status != http.StatusNotFound {
		t.Errorf("an unknown source: status %d, want 404", status)
	}
}
