package indexer

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// failing returns an audit and a retention whose statements and requests to NATS fail, with the steps, and a test on
// the same store and streams without failures.
func failing(
	t *testing.T,
) (statements, requests *failtest.Steps, newAudit func() *audit, kept *retention, r *auditTest) {
	t.Helper()
	ofNATS, failingJS, js := natstest.StartFailing(t, topology.Limits{}, false)
	dsn := storetest.Postgres(t)
	ofStore := postgrestest.Fail(t, dsn)
	failingStore := storetest.Open(t, ofStore.URL)
	r = &auditTest{t: t, js: js, store: storetest.Open(t, dsn), now: time.Now()}
	log, now := slog.New(slog.DiscardHandler), func() time.Time { return r.now }
	newAudit = func() *audit {
		return &audit{js: failingJS, store: failingStore, metrics: newMetrics(prometheus.NewRegistry()), log: log, now: now}
	}
	config := DefaultConfig()
	config.KeepRevisionTexts = 20 * day
	kept = newRetention(retention{
		js: failingJS, store: failingStore, config: config, log: log, now: now,
	}, prometheus.NewRegistry())
	return &ofStore.Steps, &ofNATS.Steps, newAudit, kept, r
}

// TestAuditWithAFailingStep has each statement and each request of two audits fail in turn. They report an error, or
// the one input of each stage that is lost.
func TestAuditWithAFailingStep(t *testing.T) {
	t.Parallel()
	statements, requests, newAudit, _, r := failing(t)
	for number, stage := range []datelinev1.Stage{intakeStage, fetchStage, extractStage} {
		r.produced(stage, 10*number, 1)
	}
	r.now = r.now.Add(time.Hour)
	results, err := r.store.Put(t.Context(), []*datelinev1.Article{{
		Id: "id-a", CanonicalUrl: "https://example.com/a", FinalUrl: "https://example.com/a", Host: "example.com", Title: "A",
		Text: "text", ContentHash: "a", FetchTime: timestamppb.New(r.now), ExtractTime: timestamppb.New(r.now),
	}})
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
	for name, steps := range map[string]*failtest.Steps{"statements": statements, "requests": requests} {
		t.Run(name, func(t *testing.T) {
			var a *audit
			steps.Each(t, func(ctx context.Context) error {
				a = newAudit()
				for range 2 {
					if err := a.balance(ctx); err != nil {
						return err
					}
					r.now = r.now.Add(time.Minute)
				}
				return a.measure(ctx)
			}, func() {
				for _, stage := range balanced {
					if got := testutil.ToFloat64(a.metrics.unaccounted.WithLabelValues(subject.StageName(stage))); got != 1 {
						t.Errorf("%g missing inputs of %s, want 1", got, stage)
					}
				}
				if got := testutil.ToFloat64(a.metrics.stored); got != 1 {
					t.Errorf("%g articles are stored, want 1", got)
				}
			})
		})
	}
}

// TestRetentionWithAFailingStep has each request to NATS of a round fail in turn. The round reports an error, or
// deletes what is not kept.
func TestRetentionWithAFailingStep(t *testing.T) {
	t.Parallel()
	_, requests, _, kept, r := failing(t)
	all := &retentionTest{auditTest: r, kept: kept}
	number := 0
	fill := func() {
		number++
		all.died()
		r.produced(fetchStage, number, 1)
		name := fmt.Sprint("https://example.com/", number)
		for i, title := range []string{"First", "Second"} {
			at := timestamppb.New(r.now.Add(time.Duration(i) * time.Minute))
			results, err := r.store.Put(t.Context(), []*datelinev1.Article{{
				Id: fmt.Sprint("id-", number), CanonicalUrl: name, FinalUrl: name, Host: "example.com", Title: title,
				Text: "text", ContentHash: title, FetchTime: at, ExtractTime: at,
			}})
			if err != nil || results[0].Err != nil {
				t.Fatal(err, results)
			}
		}
		r.now = r.now.Add(1000 * day)
	}
	requests.Each(t, func(ctx context.Context) error {
		fill()
		return kept.round(ctx)
	}, func() {
		if n := natstest.Count(t, r.js, subject.StreamDead); n != 0 {
			t.Errorf("%d dead letters are left", n)
		}
		stats, err := r.store.Stats(t.Context())
		if err != nil || stats.Outcomes != stats.Expired {
			t.Errorf("%d of %d outcomes have expired, %v", stats.Expired, stats.Outcomes, err)
		}
		revisions, err := r.store.Revisions(t.Context(), fmt.Sprint("id-", number))
		if err != nil || len(revisions) != 2 || revisions[0].Article.GetText() != "" ||
			revisions[1].Article.GetText() != "text" {
			t.Errorf("the revisions are %v, %v; want the text of the second", revisions, err)
		}
	})
}

// TestOutcomesOfStoring has what the store did with an article, and what is recorded and announced about it.
func TestOutcomesOfStoring(t *testing.T) {
	const produced, unchanged, rejected = datelinev1.Verdict_VERDICT_PRODUCED, datelinev1.Verdict_VERDICT_UNCHANGED,
		datelinev1.Verdict_VERDICT_REJECTED
	const none = datelinev1.RevisionChange_REVISION_CHANGE_UNSPECIFIED
	for name, c := range map[string]struct {
		stored  store.PutResult
		verdict datelinev1.Verdict
		reason  string
		output  string
		detail  bool
		change  datelinev1.RevisionChange
	}{
		"new": {
			store.PutResult{Status: store.New, ID: "b", Revision: 1}, produced, "new", "b", false,
			datelinev1.RevisionChange_REVISION_CHANGE_NEW,
		},
		"changed": {
			store.PutResult{Status: store.Changed, ID: "b", Revision: 2}, produced, "changed", "b", false,
			datelinev1.RevisionChange_REVISION_CHANGE_CHANGED,
		},
		"completed": {
			store.PutResult{Status: store.Changed, ID: "b", Revision: 2, Completes: true}, produced, string(outcome.Completed),
			"b", false, datelinev1.RevisionChange_REVISION_CHANGE_COMPLETED,
		},
		"unchanged": {store.PutResult{Status: store.Unchanged, ID: "b"}, unchanged, "unchanged", "b", false, none},
		"delivered again": {
			store.PutResult{Status: store.Unchanged, ID: "b", Revision: 1}, produced, "new", "b", false,
			datelinev1.RevisionChange_REVISION_CHANGE_NEW,
		},
		"a change, delivered again": {
			store.PutResult{Status: store.Unchanged, ID: "b", Revision: 2}, produced, "changed", "b", false,
			datelinev1.RevisionChange_REVISION_CHANGE_CHANGED,
		},
		"outdated": {
			store.PutResult{Status: store.Outdated, ID: "b", Revision: 3, WasOutdated: true}, produced, "outdated",
			"b", false, datelinev1.RevisionChange_REVISION_CHANGE_OUTDATED,
		},
		"outdated, delivered again": {
			store.PutResult{Status: store.Unchanged, ID: "b", Revision: 3, WasOutdated: true}, produced, "outdated",
			"b", false, datelinev1.RevisionChange_REVISION_CHANGE_OUTDATED,
		},
		"outdated, the first": {
			store.PutResult{Status: store.Outdated, ID: "b", Revision: 1, WasOutdated: true}, produced, "outdated",
			"b", false, datelinev1.RevisionChange_REVISION_CHANGE_OUTDATED,
		},
		"erased":      {store.PutResult{Status: store.Erased, ID: "b"}, rejected, "erased", "", true, none},
		"erased copy": {store.PutResult{Status: store.ErasedCopy, ID: "b"}, rejected, "erased_copy", "", true, none},
		"extracted again": {
			store.PutResult{Status: store.ExtractedAgain, ID: "b", Revision: 1}, produced, "extracted_again", "b", false,
			datelinev1.RevisionChange_REVISION_CHANGE_EXTRACTED_AGAIN,
		},
		"restored": {
			store.PutResult{Status: store.Restored, ID: "b", Revision: 1}, produced, "restored", "b", false,
			datelinev1.RevisionChange_REVISION_CHANGE_RESTORED,
		},
		"superseded": {store.PutResult{Status: store.Superseded, ID: "b"}, unchanged, "superseded", "b", true, none},
	} {
		result := stage.Result{Outcome: &datelinev1.Outcome{OutputId: "a"}}
		judge(&result, c.stored)
		o := result.Outcome
		if o.GetVerdict() != c.verdict || o.GetReason() != c.reason || o.GetOutputId() != c.output ||
			(o.GetDetail() != "") != c.detail || result.Err != nil {
			t.Errorf("%s: the outcome is %v, %v; want %+v", name, o, result.Err, c)
		}
		if err := announce(&result, c.stored, &datelinev1.Article{Host: "example.com", Language: "de"}); err != nil {
			t.Fatal(err)
		}
		event := &datelinev1.RevisionEvent{}
		for _, msg := range result.Publish {
			if err := proto.Unmarshal(msg.Data, event); err != nil {
				t.Fatal(err)
			}
			if want := subject.Revisions(c.change, "de", "com.example"); msg.Subject != want {
				t.Errorf("%s: announced on %s, want %s", name, msg.Subject, want)
			}
		}
		if event.GetChange() != c.change || len(result.Publish) > 0 && (event.GetArticleId() != "b" ||
			event.GetRevision() != int32(c.stored.Revision) || event.GetArticle().GetHost() != "example.com") {
			t.Errorf("%s: announced %v, want the change %s", name, event, c.change)
		}
	}
	refused := stage.Result{Outcome: &datelinev1.Outcome{}}
	judge(&refused, store.PutResult{Err: store.ErrNotFound})
	if refused.Err == nil || refused.Outcome.GetVerdict() != 0 {
		t.Errorf("an article that the store refuses: %+v", refused)
	}
}
