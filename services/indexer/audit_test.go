package indexer

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// auditRig is an audit on streams and a ledger that the test fills. Its clock
// starts at the time of the streams, which is the server's.
type auditRig struct {
	t     *testing.T
	js    jetstream.JetStream
	store store.Store
	audit *audit
	now   time.Time
}

func newAuditRig(t *testing.T) *auditRig {
	_, js := natstest.Start(t)
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "articles.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	rig := &auditRig{t: t, js: js, store: s, now: time.Now()}
	rig.audit = &audit{
		js: js, store: s, metrics: newMetrics(prometheus.NewRegistry()), log: slog.New(slog.DiscardHandler),
		now: func() time.Time { return rig.now },
	}
	return rig
}

// ended records that a stage has produced what the next one is to work on.
func (r *auditRig) ended(stage datelinev1.Stage, first, n int) {
	r.t.Helper()
	var batch []*datelinev1.Outcome
	for i := first; i < first+n; i++ {
		batch = append(batch, &datelinev1.Outcome{
			Stage: stage, InputId: fmt.Sprint(i), Verdict: datelinev1.Verdict_VERDICT_PRODUCED,
			Time: timestamppb.New(r.now),
			Url:  fmt.Sprintf("https://example.com/%d", i), RequestId: fmt.Sprint("request", i),
		})
	}
	if err := r.store.Record(r.t.Context(), batch); err != nil {
		r.t.Fatal(err)
	}
}

func (r *auditRig) publish(subject string, n int) {
	r.t.Helper()
	for range n {
		if _, err := r.js.Publish(r.t.Context(), subject, nil); err != nil {
			r.t.Fatal(err)
		}
	}
}

// consume acks n messages of a stage.
func (r *auditRig) consume(stream, consumer string, n int) {
	r.t.Helper()
	c, err := r.js.Consumer(r.t.Context(), stream, consumer)
	if err != nil {
		r.t.Fatal(err)
	}
	batch, err := c.Fetch(n)
	if err != nil {
		r.t.Fatal(err)
	}
	for msg := range batch.Messages() {
		if err := msg.DoubleAck(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
	}
}

// expect lets a time pass, audits, and compares what is missing.
func (r *auditRig) expect(pass time.Duration, fetch, extract, index float64) {
	r.t.Helper()
	r.now = r.now.Add(pass)
	if err := r.audit.balance(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	for stage, want := range map[string]float64{"fetch": fetch, "extract": extract, "index": index} {
		if got := testutil.ToFloat64(r.audit.metrics.unaccounted.WithLabelValues(stage)); got != want {
			r.t.Errorf("%g inputs of %s are missing, want %g", got, stage, want)
		}
	}
}

const (
	intakeStage  = datelinev1.Stage_STAGE_INTAKE
	fetchStage   = datelinev1.Stage_STAGE_FETCH
	extractStage = datelinev1.Stage_STAGE_EXTRACT
	indexStage   = datelinev1.Stage_STAGE_INDEX
)

// TestAuditOfFrontier: URLs that wait are not missing, those that vanish are,
// and an outcome that comes late after all settles them.
func TestAuditOfFrontier(t *testing.T) {
	r := newAuditRig(t)
	r.ended(intakeStage, 0, 10)
	r.publish("frontier.1.fresh.com.example", 10)
	r.expect(0, 0, 0, 0)
	r.expect(time.Hour, 0, 0, 0)
	r.expect(time.Hour, 0, 0, 0) // all ten wait

	stream, err := r.js.Stream(t.Context(), subject.StreamFrontier)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteMsg(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	r.expect(time.Minute, 0, 0, 0) // what waited before it vanished
	r.expect(2*time.Minute, 1, 0, 0)
	r.ended(intakeStage, 20, 5) // and five more, that were just handed over
	r.publish("frontier.1.fresh.com.example", 5)
	r.expect(2*time.Minute, 1, 0, 0)
	r.expect(2*time.Minute, 1, 0, 0)
	r.ended(fetchStage, 2, 1)
	r.expect(2*time.Minute, 0, 0, 0)
}

// TestAuditOfPages: pages and articles that wait, or whose outcomes are on their
// way to the ledger, are not missing; those without an outcome behind what was
// acked are, after ten minutes.
func TestAuditOfPages(t *testing.T) {
	r := newAuditRig(t)
	r.ended(fetchStage, 0, 4)
	r.publish("pages.com.example", 4)
	r.expect(0, 0, 0, 0)
	r.expect(time.Hour, 0, 0, 0)
	r.expect(time.Hour, 0, 0, 0) // they wait for the extractor

	r.consume(subject.StreamPages, subject.ConsumerExtract, 4)
	r.publish("outcomes.extract.produced", 4) // which the ledger does not have yet
	r.expect(time.Hour, 0, 0, 0)
	r.expect(time.Hour, 0, 0, 0)
	r.ended(extractStage, 0, 3)
	r.consume(subject.StreamOutcomes, subject.ConsumerLedger, 4) // one is lost
	r.expect(time.Minute, 0, 0, 0)                               // what is known to be acked was noted before
	r.expect(time.Minute, 0, 1, 0)
	r.expect(20*time.Minute, 0, 1, 0)
	r.expect(20*time.Minute, 0, 1, 3) // the three articles never were on their stream
	r.ended(extractStage, 3, 1)
	r.ended(indexStage, 0, 3)
	r.expect(time.Minute, 0, 0, 0)
	r.expect(25*time.Hour, 0, 0, 0)
}
