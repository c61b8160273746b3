package discoverer

import (
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

func TestFates(t *testing.T) {
	const intake, fetch = datelinev1.Stage_STAGE_INTAKE, datelinev1.Stage_STAGE_FETCH
	const extract, index = datelinev1.Stage_STAGE_EXTRACT, datelinev1.Stage_STAGE_INDEX
	const produced, rejected = datelinev1.Verdict_VERDICT_PRODUCED, datelinev1.Verdict_VERDICT_REJECTED
	const dead, unchanged = datelinev1.Verdict_VERDICT_DEAD, datelinev1.Verdict_VERDICT_UNCHANGED
	source := sources.Source{URL: "https://www.example.com/"}
	const url = "https://www.example.com/2026/harbour/ferry"
	one := func(stage datelinev1.Stage, verdict datelinev1.Verdict, reason, host string) *datelinev1.Outcome {
		return &datelinev1.Outcome{Stage: stage, Verdict: verdict, Reason: reason, Host: host, Url: url}
	}
	second := func(stage datelinev1.Stage, reason string) *datelinev1.Outcome {
		o := one(stage, rejected, reason, "www.example.com")
		o.Url += "?page=2"
		return o
	}
	admitted, fetched := one(intake, produced, "", "www.example.com"), one(fetch, produced, "", "www.example.com")
	for _, test := range []struct {
		name     string
		outcomes []*datelinev1.Outcome
		want     fate
	}{
		{"nothing yet", nil, pending},
		{"in the frontier", []*datelinev1.Outcome{admitted}, pending},
		{"fetched", []*datelinev1.Outcome{admitted, fetched}, pending},
		{"fetched, but not archived", []*datelinev1.Outcome{
			admitted, fetched, one(datelinev1.Stage_STAGE_ARCHIVE, dead, "error", ""),
		}, pending},
		{"known already", []*datelinev1.Outcome{one(intake, datelinev1.Verdict_VERDICT_DUPLICATE, "seen", "")}, unknown},
		{"gone", []*datelinev1.Outcome{admitted, one(fetch, rejected, "not_found", "")}, notOne},
		{"a PDF", []*datelinev1.Outcome{admitted, one(fetch, rejected, "not_html", "")}, notOne},
		{"denied", []*datelinev1.Outcome{admitted, one(fetch, rejected, "robots_denied", "")}, unknown},
		{"down", []*datelinev1.Outcome{admitted, one(fetch, dead, "timeout", "")}, unknown},
		{"a list", []*datelinev1.Outcome{admitted, fetched, one(extract, rejected, "no_article", "")}, notOne},
		{"damaged", []*datelinev1.Outcome{admitted, fetched, one(extract, dead, "error", "")}, unknown},
		{"stored", []*datelinev1.Outcome{fetched, one(index, produced, "new", "news.example.com")}, isArticle},
		{"stored before", []*datelinev1.Outcome{fetched, one(index, unchanged, "unchanged", "www.example.com")}, isArticle},
		{"of another site", []*datelinev1.Outcome{fetched, one(index, produced, "new", "other.example.org")}, notOne},
		{"stored without its missing second page", []*datelinev1.Outcome{
			fetched, one(index, produced, "new", "www.example.com"), second(fetch, "not_found"),
		}, isArticle},
		{"stored without its empty second page", []*datelinev1.Outcome{
			fetched, one(index, produced, "new", "www.example.com"), second(extract, "no_article"),
		}, isArticle},
		{"not stored yet, without its second page", []*datelinev1.Outcome{fetched, second(fetch, "not_found")}, pending},
	} {
		if got := fateOf(test.outcomes, url, source); got != test.want {
			t.Errorf("%s: fate %d, want %d", test.name, got, test.want)
		}
	}
}

// TestPlans decides when an article is visited again.
func TestPlans(t *testing.T) {
	revisits := DefaultConfig().revisits()
	off := sources.Source{Policy: sources.Policy{NoRevisits: true}}
	for _, test := range []struct {
		name    string
		source  sources.Source
		visit   int
		age     time.Duration // at the last request
		became  fate
		changed bool
		want    time.Duration // from its discovery; 0 means never
	}{
		{"a new article", sources.Source{}, 0, 0, isArticle, false, time.Hour},
		{"not an article", sources.Source{}, 0, 0, notOne, false, 0},
		{"an error", sources.Source{}, 0, 0, unknown, false, 0},
		{"a source without visits", off, 0, 0, isArticle, false, 0},
		{"not modified", sources.Source{}, 1, time.Hour, unknown, false, 6 * time.Hour},
		{"the same text", sources.Source{}, 1, time.Hour, isArticle, false, 6 * time.Hour},
		{"changed", sources.Source{}, 2, 6 * time.Hour, isArticle, true, 7 * time.Hour},
		{"visited late", sources.Source{}, 2, 30 * time.Hour, isArticle, false, 168 * time.Hour},
		{"visited last", sources.Source{}, 4, 168 * time.Hour, isArticle, false, 0},
		{"gone", sources.Source{}, 1, time.Hour, notOne, false, 0},
		{"changed too often", sources.Source{}, maxVisits, time.Hour, isArticle, true, 0},
	} {
		a := sources.Article{Visit: test.visit, FindTime: noon, RequestTime: noon.Add(test.age)}
		got := plan(a, test.source, test.became, test.changed, revisits).Next
		if want := noon.Add(test.want); test.want == 0 && !got.IsZero() || test.want > 0 && !got.Equal(want) {
			t.Errorf("%s: visited next at %s", test.name, got)
		}
	}
}

// TestVisitsAreTriedAgain postpones a visit until the article is too old for it.
func TestVisitsAreTriedAgain(t *testing.T) {
	a, revisits := sources.Article{FindTime: noon}, []time.Duration{time.Hour, 6 * time.Hour}
	for _, test := range []struct{ age, want time.Duration }{
		{time.Hour, 2 * time.Hour},
		{6 * time.Hour, 7 * time.Hour},
		{16 * time.Hour, 18 * time.Hour},
		{24 * time.Hour, 27 * time.Hour},
		{27 * time.Hour, 0},
	} {
		got := nextTry(a, revisits, noon.Add(test.age))
		if want := noon.Add(test.want); test.want == 0 && !got.IsZero() || test.want > 0 && !got.Equal(want) {
			t.Errorf("after %s: tried again at %s, want %s later", test.age, got, test.want)
		}
	}
}
