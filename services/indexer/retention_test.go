package indexer

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const day = 24 * time.Hour

// retentionTest runs rounds of retention at times that the test chooses.
type retentionTest struct {
	*auditTest

	kept *retention
}

func newRetentionTest(t *testing.T) *retentionTest {
	r := &retentionTest{auditTest: newAuditTest(t)}
	r.kept = newRetention(retention{
		js: r.js, store: r.store, config: DefaultConfig(), log: slog.New(slog.DiscardHandler),
		now: func() time.Time { return r.now },
	}, prometheus.NewRegistry())
	return r
}

// round runs a round after some time, and checks what is left and how much was removed so far.
func (r *retentionTest) round(after time.Duration, wantLetters uint64, wantOutcomes, removed int64) {
	r.t.Helper()
	r.now = r.now.Add(after)
	if err := r.kept.round(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	stream, err := r.js.Stream(r.t.Context(), subject.StreamDead)
	if err != nil {
		r.t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != wantLetters {
		r.t.Errorf("after %s: %d dead letters left, want %d", after, n, wantLetters)
	}
	stats, err := r.store.Stats(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if left := stats.Outcomes - stats.Expired; left != wantOutcomes || stats.Expired != removed {
		r.t.Errorf("after %s: %d outcomes left and %d expired, want %d and %d",
			after, left, stats.Expired, wantOutcomes, removed)
	}
	if n := testutil.ToFloat64(r.kept.removed.WithLabelValues(keptOutcomes)); n != float64(removed) {
		r.t.Errorf("after %s: the metric counts %v outcomes, want %d", after, n, removed)
	}
}

// died stores a dead letter and its outcome.
func (r *retentionTest) died() {
	r.t.Helper()
	r.publish(subject.DeadOf("fetch", "dns"), 1)
	dead := &datelinev1.Outcome{
		Stage: datelinev1.Stage_STAGE_FETCH, InputId: "dead", Verdict: datelinev1.Verdict_VERDICT_DEAD, Reason: "dns",
		Time: timestamppb.New(r.now),
	}
	if err := r.store.Record(r.t.Context(), []*datelinev1.Outcome{dead}); err != nil {
		r.t.Fatal(err)
	}
}

// TestRetention checks that outcomes and dead letters are deleted at their age, and that the
// outcome of a dead letter stays until a requeued input has ended.
func TestRetention(t *testing.T) {
	r := newRetentionTest(t)
	const outcomes = 3
	r.produced(datelinev1.Stage_STAGE_FETCH, 0, outcomes)
	r.died()
	r.round(89*day, 1, outcomes+1, 0)
	r.round(2*day, 0, 1, outcomes)
	r.round(4*day, 0, 1, outcomes)
	// An outcome expires in the round after the one that finds it too old.
	r.round(3*day, 0, 0, outcomes+1)
}

// TestRetentionOfDeadLettersForever checks that the outcomes of dead letters stay as long as the
// letters.
func TestRetentionOfDeadLettersForever(t *testing.T) {
	r := newRetentionTest(t)
	r.kept.config.KeepDeadLetters = 0
	r.died()
	r.produced(datelinev1.Stage_STAGE_FETCH, 0, 1)
	r.round(10_000*day, 1, 1, 1)
}

// TestRetentionWaitsForTheLedger checks that no outcome expires before it was stored, as after
// a long time without an indexer.
func TestRetentionWaitsForTheLedger(t *testing.T) {
	r := newRetentionTest(t)
	r.produced(datelinev1.Stage_STAGE_FETCH, 0, 1)
	r.publish(subject.Outcomes(datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_PRODUCED), 1)
	r.await(subject.StreamOutcomes, subject.ConsumerLedger, 1)
	r.round(200*day, 0, 1, 0)
	r.consume(subject.StreamOutcomes, subject.ConsumerLedger, 1)
	natstest.Eventually(t, "no outcome waits", func() bool {
		waiting, err := oldestWaiting(t.Context(), r.js, subject.StreamOutcomes, subject.ConsumerLedger)
		return err == nil && waiting.IsZero()
	})
	r.round(0, 0, 0, 1)
}

// TestRetentionOfTexts checks that the texts of old revisions are deleted only if that is set.
func TestRetentionOfTexts(t *testing.T) {
	r := newRetentionTest(t)
	for i, title := range []string{"First", "Second"} {
		at := r.now.Add(time.Duration(i) * time.Hour)
		_, err := r.store.Put(t.Context(), []*datelinev1.Article{{
			Id: "id-a", CanonicalUrl: "https://example.com/a", FinalUrl: "https://example.com/a", Host: "example.com",
			Title: title, Text: "text", ContentHash: title, FetchTime: timestamppb.New(at), ExtractTime: timestamppb.New(at),
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		keep time.Duration
		want string
	}{{0, "text, text"}, {40 * day, "text, text"}, {20 * day, ", text"}} {
		r.kept.config.KeepRevisionTexts = step.keep
		r.now = r.now.Add(10 * day)
		if err := r.kept.round(t.Context()); err != nil {
			t.Fatal(err)
		}
		revisions, err := r.store.Revisions(t.Context(), "id-a")
		if err != nil || len(revisions) != 2 {
			t.Fatalf("%d revisions, %v; want 2", len(revisions), err)
		}
		if got := revisions[0].Article.GetText() + ", " + revisions[1].Article.GetText(); got != step.want {
			t.Errorf("with %s, the texts are %q, want %q", step.keep, got, step.want)
		}
	}
}

func TestKeepSettings(t *testing.T) {
	for name, c := range map[string]struct {
		outcomes, letters time.Duration
		want              string
	}{
		"defaults":       {DefaultConfig().KeepOutcomes, DefaultConfig().KeepDeadLetters, ""},
		"for ever":       {0, 0, ""},
		"shortest":       {7 * day, day, ""},
		"outcomes short": {7*day - 1, 0, "keep-outcomes"},
		"negative":       {-1, 0, "keep-outcomes"},
		"letters short":  {0, day - 1, "keep-dead-letters"},
	} {
		config := DefaultConfig()
		config.KeepOutcomes, config.KeepDeadLetters = c.outcomes, c.letters
		switch err := config.Validate(); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want one about %s", name, err, c.want)
		}
	}
}
