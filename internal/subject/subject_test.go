package subject_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestSubjects(t *testing.T) {
	const host = "com.example.www"
	changed := datelinev1.RevisionChange_REVISION_CHANGE_CHANGED
	noDate := datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE
	for _, test := range []struct{ got, want string }{
		{subject.Frontier(7, subject.LaneFresh, host), "frontier.7.fresh.com.example.www"},
		{subject.FrontierPartition(7), "frontier.7.>"},
		{subject.FrontierHost(host), "frontier.*.*.com.example.www"},
		{subject.Pages(host), "pages.com.example.www"},
		{subject.Listings(datelinev1.Purpose_PURPOSE_FEED, host), "listings.feed.com.example.www"},
		{subject.Articles("pt-BR", host), "articles.pt-br.com.example.www"},
		{subject.ArticlesHost(host), "articles.*.com.example.www"},
		{subject.Revisions(changed, "en", host), "revisions.changed.en.com.example.www"},
		{subject.RevisionsHost(host), "revisions.*.*.com.example.www"},
		{subject.Outcomes(datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_DEAD), "outcomes.fetch.dead"},
		{subject.Dead(datelinev1.Stage_STAGE_INTAKE, "malformed"), "dead.intake.malformed"},
		{subject.DriftBaselines(3), "habits.3"},
		{subject.DriftAlarm(host, noDate), "alarms.com.example.www.no_date"},
		{subject.DriftSample(host, noDate, 2), "samples.com.example.www.no_date.2"},
		{subject.DriftSampleName("samples.com.example.www.no_date.2"), "com.example.www.no_date.2"},
		{subject.DriftSamplesHost(host), "samples.com.example.www.>"},
		{subject.KVStream(subject.BucketSeen), "KV_dateline-seen"},
		{subject.KVKey(subject.BucketSeen, ">"), "$KV.dateline-seen.>"},
		{subject.ObjectStream(subject.BucketBodies), "OBJ_dateline-bodies"},
		{subject.ObjectChunks(subject.BucketBodies, "abc"), "$O.dateline-bodies.C.abc"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestArticlesHasOneTokenForAnyLanguage(t *testing.T) {
	for language, want := range map[string]string{
		"": "articles.und.com.example", "pt-BR": "articles.pt-br.com.example",
		"en US": "articles.und.com.example", "en.>": "articles.und.com.example",
		strings.Repeat("a", 35):   "articles." + strings.Repeat("a", 35) + ".com.example", // the maximum of RFC 5646
		strings.Repeat("a", 36):   "articles.und.com.example",
		strings.Repeat("a", 5000): "articles.und.com.example", "日本": "articles.und.com.example",
		"az-AZ-09": "articles.az-az-09.com.example",
		"a@":       "articles.und.com.example", "a[": "articles.und.com.example", "a`": "articles.und.com.example",
		"a{": "articles.und.com.example", "a/": "articles.und.com.example", "a:": "articles.und.com.example",
	} {
		if got := subject.Articles(language, "com.example"); got != want {
			t.Errorf("language %q: got %q, want %q", language, got, want)
		}
	}
}

func TestParseFrontier(t *testing.T) {
	want := subject.Queue{Partition: 63, Lane: subject.LaneBackfill, Host: "com.example.=8080"}
	got, ok := subject.ParseFrontier(subject.Frontier(want.Partition, want.Lane, want.Host))
	if !ok || got != want {
		t.Errorf("got %+v, %v; want %+v", got, ok, want)
	}
	for _, bad := range []string{
		"", "frontier", "frontier.1", "frontier.1.fresh", "frontier.64.fresh.com.example", "frontier.-1.fresh.com",
		"frontier.x.fresh.com.example", "pages.1.fresh.com.example",
	} {
		if got, ok := subject.ParseFrontier(bad); ok {
			t.Errorf("%q: parsed as %+v", bad, got)
		}
	}
}

// TestIsInput tries subjects that a forged dead letter may name to have them published
// with the rights of whoever requeues it.
func TestIsInput(t *testing.T) {
	const intake, fetch = datelinev1.Stage_STAGE_INTAKE, datelinev1.Stage_STAGE_FETCH
	const extract, index = datelinev1.Stage_STAGE_EXTRACT, datelinev1.Stage_STAGE_INDEX
	const discover, archive = datelinev1.Stage_STAGE_DISCOVER, datelinev1.Stage_STAGE_ARCHIVE
	inputs := map[datelinev1.Stage][]string{
		intake: {subject.URLs, subject.URLs + ".feeds"},
		fetch: {
			subject.Frontier(3, subject.LaneFresh, "com.example.=8080"),
			subject.Frontier(63, subject.LaneBackfill, "com"),
		},
		discover: {subject.Listings(datelinev1.Purpose_PURPOSE_SITEMAP, "com.example")},
		extract:  {subject.Pages("com.example")},
		index:    {subject.Articles("pt-BR", "com.example"), subject.Articles("", "file")},
	}
	for _, stage := range []datelinev1.Stage{0, intake, fetch, discover, extract, index, archive, 99} {
		for of, names := range inputs {
			for _, name := range names {
				if got := subject.IsInput(stage, name); got != (stage == of || stage == archive && of == extract) {
					t.Errorf("stage %d, %s: got %v", stage, name, got)
				}
			}
		}
		for _, bad := range []string{
			"", "$JS.API.STREAM.PURGE.PAGES", "$KV.dateline-leases.partition.1", "$O.dateline-bodies.C.x", "_INBOX.x",
			"urlsx", "urls.", "urls.>", "urls.*", "urls..x", "urls.a b", "urls.a\r\nPUB b", "urls.\x00",
			"frontier.64.fresh.com", "frontier.1.other.com", "frontier.1.fresh.>", "frontier.*.fresh.com", "pages",
			"pages.", "pages.>", "listings.feed", "listings.feed.>",
			"articles.en", "articles.en.", "outcomes.fetch.dead", "dead.fetch.dns",
			"revisions.new.en.com", "pages." + strings.Repeat("a", 600),
		} {
			if subject.IsInput(stage, bad) {
				t.Errorf("stage %d reads %q", stage, bad)
			}
		}
	}
}

func TestSubjectsAreShort(t *testing.T) {
	name := subject.Pages(strings.Repeat("a", 512-len(subject.Pages(""))))
	if !subject.IsInput(datelinev1.Stage_STAGE_EXTRACT, name) {
		t.Errorf("a subject of %d bytes is refused", len(name))
	}
	if name += "a"; subject.IsInput(datelinev1.Stage_STAGE_EXTRACT, name) {
		t.Errorf("a subject of %d bytes is accepted", len(name))
	}
}

func TestIsListing(t *testing.T) {
	for purpose := range datelinev1.Purpose_name {
		purpose := datelinev1.Purpose(purpose)
		article := purpose == datelinev1.Purpose_PURPOSE_UNSPECIFIED || purpose == datelinev1.Purpose_PURPOSE_ARTICLE
		if got := subject.IsListing(purpose); got == article {
			t.Errorf("%s: the response is a listing: %v", purpose, got)
		}
	}
}

func TestParseLeases(t *testing.T) {
	for _, partition := range []int{0, 63} {
		if got, ok := subject.ParsePartitionLease(subject.PartitionLease(partition)); !ok || got != partition {
			t.Errorf("partition %d: got %d, %v", partition, got, ok)
		}
	}
	if got, ok := subject.ParseReplicaLease(subject.ReplicaLease("fetcher-1")); !ok || got != "fetcher-1" {
		t.Errorf("replica: got %q, %v", got, ok)
	}
	for _, bad := range []string{"", "partition.", "partition.64", "partition.-1", "partition.x", "replica.1"} {
		if got, ok := subject.ParsePartitionLease(bad); ok {
			t.Errorf("%q: parsed as partition %d", bad, got)
		}
	}
}

func TestParseDead(t *testing.T) {
	stage, reason, ok := subject.ParseDead(subject.Dead(datelinev1.Stage_STAGE_FETCH, "dns"))
	if !ok || stage != "fetch" || reason != "dns" {
		t.Errorf("got %q, %q, %v", stage, reason, ok)
	}
	for _, bad := range []string{
		"", "dead", "dead.fetch", "dead.fetch.", "dead..dns", "dead.fetch.dns.more", "urls.fetch.dns",
	} {
		if _, _, ok := subject.ParseDead(bad); ok {
			t.Errorf("%q was parsed", bad)
		}
	}
}

func TestEachStreamIsListedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range subject.Streams() {
		if seen[name] || name != strings.ToUpper(name) {
			t.Errorf("stream %q is listed twice or is not in capitals", name)
		}
		seen[name] = true
	}
	if len(seen) != 9 {
		t.Errorf("got %d streams, want 9", len(seen))
	}
}
