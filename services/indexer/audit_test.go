package indexer

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/telemetry"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// auditTest runs an audit on streams and a ledger that the test fills. Its
// clock starts at the current time, because the streams use the server's clock.
type auditTest struct {
	t     *testing.T
	js    jetstream.JetStream
	store store.Store
	audit *audit
	now   time.Time
}

func newAuditTest(t *testing.T) *auditTest {
	_, js := natstest.Start(t)
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "articles.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := &auditTest{t: t, js: js, store: s, now: time.Now()}
	r.audit = &audit{
		js: js, store: s, metrics: newMetrics(prometheus.NewRegistry()), log: slog.New(slog.DiscardHandler),
		now: func() time.Time { return r.now },
	}
	return r
}

// produced records n outcomes of a stage with verdict produced, for the inputs
// from first on.
func (r *auditTest) produced(stage datelinev1.Stage, first, n int) {
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

func (r *auditTest) publish(subject string, n int) {
	r.t.Helper()
	for range n {
		if _, err := r.js.Publish(r.t.Context(), subject, nil); err != nil {
			r.t.Fatal(err)
		}
	}
}

// await waits until a consumer counts n messages as pending, which the server does
// a moment after it has acknowledged their publication.
func (r *auditTest) await(stream, consumer string, n uint64) {
	r.t.Helper()
	c, err := r.js.Consumer(r.t.Context(), stream, consumer)
	if err != nil {
		r.t.Fatal(err)
	}
	natstest.Eventually(r.t, fmt.Sprintf("%d pending messages of %s", n, consumer), func() bool {
		info, err := c.Info(r.t.Context())
		return err == nil && info.NumPending == n
	})
}

// consume acknowledges n messages of a consumer.
func (r *auditTest) consume(stream, consumer string, n int) {
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

// expect advances the clock, runs the audit, and compares the number of missing
// inputs per stage.
func (r *auditTest) expect(pass time.Duration, fetch, extract, index float64) {
	r.t.Helper()
	r.now = r.now.Add(pass)
	if err := r.audit.balance(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	for stage, want := range map[string]float64{"fetch": fetch, "extract": extract, "index": index} {
		if got := testutil.ToFloat64(r.audit.metrics.unaccounted.WithLabelValues(stage)); got != want {
			r.t.Errorf("%g missing inputs of %s, want %g", got, stage, want)
		}
	}
}

const (
	intakeStage  = datelinev1.Stage_STAGE_INTAKE
	fetchStage   = datelinev1.Stage_STAGE_FETCH
	extractStage = datelinev1.Stage_STAGE_EXTRACT
	indexStage   = datelinev1.Stage_STAGE_INDEX
)

// admit records that intake produced the URLs from first on, and puts them into the
// frontier.
func (r *auditTest) admit(first, n int) {
	r.t.Helper()
	r.produced(intakeStage, first, n)
	for i := first; i < first+n; i++ {
		url := fmt.Sprintf("https://example.com/%d", i)
		msg, err := ledger.Message(subject.Frontier(1, subject.LaneFresh, "com.example"), url, &datelinev1.FrontierEntry{
			Url: url, Request: &datelinev1.FetchRequest{Url: url, RequestId: fmt.Sprint("request", i)},
		})
		if err != nil {
			r.t.Fatal(err)
		}
		if _, err := r.js.PublishMsg(r.t.Context(), msg); err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestAuditOfFrontier verifies that queued URLs are not missing, that URLs that
// have vanished are, and that a late outcome settles them.
func TestAuditOfFrontier(t *testing.T) {
	r := newAuditTest(t)
	r.admit(0, 10)
	r.expect(0, 0, 0, 0)
	r.expect(time.Hour, 0, 0, 0)
	r.expect(time.Hour, 0, 0, 0) // all ten are queued

	stream, err := r.js.Stream(t.Context(), subject.StreamFrontier)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteMsg(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	// A URL that waits a second time does not stand for the missing one.
	r.publish(subject.Frontier(1, subject.LaneFresh, "com.example"), 1)
	r.expect(time.Minute, 0, 0, 0) // the snapshot is from before the deletion
	r.expect(time.Minute, 1, 0, 0)
	r.admit(20, 5) // five more URLs, just admitted
	r.expect(time.Minute, 1, 0, 0)
	r.expect(time.Minute, 1, 0, 0)
	if err := stream.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.expect(time.Minute, 1, 0, 0)
	r.expect(time.Minute, 15, 0, 0)
	r.produced(fetchStage, 2, 1)
	r.expect(time.Minute, 14, 0, 0)
}

// TestLostInputsAreReported verifies that lost inputs are logged once and that the
// readiness check warns of them until they are repaired.
func TestLostInputsAreReported(t *testing.T) {
	r := newAuditTest(t)
	var log bytes.Buffer
	r.audit.log = slog.New(slog.NewTextHandler(&log, nil))
	report := func() (status int, ledger string) {
		handler := telemetry.Handler(prometheus.NewRegistry(), []telemetry.Check{{Name: "ledger", Test: r.audit.check}})
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		return recorder.Code, recorder.Body.String()
	}
	r.admit(0, 10)
	stream, err := r.js.Stream(t.Context(), subject.StreamFrontier)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteMsg(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	r.expect(0, 0, 0, 0)
	if status, text := report(); status != http.StatusOK || text != "ledger: ok\n" {
		t.Errorf("before: %d %s", status, text)
	}
	r.expect(5*time.Minute, 0, 0, 0)
	for range 3 {
		r.expect(time.Minute, 1, 0, 0)
	}
	if status, text := report(); status != http.StatusOK || !strings.Contains(text, "lost (1 of fetch)") ||
		!strings.Contains(text, "dateline repair") {
		t.Errorf("with a lost URL: %d %s", status, text)
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 || !strings.Contains(log.String(), "dateline repair") {
		t.Errorf("%d errors in the log, want one: %s", n, log.String())
	}
	r.produced(fetchStage, 2, 1)
	r.expect(time.Minute, 0, 0, 0)
	if status, text := report(); status != http.StatusOK || text != "ledger: ok\n" {
		t.Errorf("after the repair: %d %s", status, text)
	}
}

// TestAuditOfPages verifies that pages and articles are not missing while they
// are queued or their outcomes are on the way to the ledger, and that
// acknowledged inputs without an outcome are missing after two minutes.
func TestAuditOfPages(t *testing.T) {
	r := newAuditTest(t)
	r.produced(fetchStage, 0, 4)
	r.publish(subject.Pages("com.example"), 4)
	r.await(subject.StreamPages, subject.ConsumerExtract, 4)
	r.expect(0, 0, 0, 0)
	r.expect(time.Hour, 0, 0, 0)
	r.expect(time.Hour, 0, 0, 0) // queued for the extractor

	r.consume(subject.StreamPages, subject.ConsumerExtract, 4)
	// The ledger does not have these yet.
	r.publish(subject.Outcomes(datelinev1.Stage_STAGE_EXTRACT, datelinev1.Verdict_VERDICT_PRODUCED), 4)
	r.await(subject.StreamOutcomes, subject.ConsumerLedger, 4)
	r.expect(time.Hour, 0, 0, 0)
	r.expect(time.Hour, 0, 0, 0)
	r.produced(extractStage, 0, 3)
	r.consume(subject.StreamOutcomes, subject.ConsumerLedger, 4) // one outcome is lost
	r.expect(time.Minute, 0, 0, 0)                               // the snapshot is from before the acks
	r.expect(time.Minute, 0, 1, 0)
	r.expect(20*time.Minute, 0, 1, 0)
	r.expect(20*time.Minute, 0, 1, 3) // the three articles are not on their stream
	r.produced(extractStage, 3, 1)
	r.produced(indexStage, 0, 3)
	r.expect(time.Minute, 0, 0, 0)
	r.expect(25*time.Hour, 0, 0, 0)
}
