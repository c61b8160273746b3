package topology_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// compare returns the differences as lines.
func compare(t *testing.T, js jetstream.JetStream, limits topology.Limits) string {
	t.Helper()
	found, err := topology.Compare(t.Context(), js, limits)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, d := range found {
		lines = append(lines, d.Object+" "+d.Text)
	}
	return strings.Join(lines, "\n")
}

func TestCompareFindsWhatDiffers(t *testing.T) {
	_, js := natstest.Start(t)
	if got := compare(t, js, topology.Limits{}); got != "" {
		t.Fatalf("what was just declared differs:\n%s", got)
	}
	if got := compare(t, js, topology.Limits{Replicas: 3}); !strings.Contains(got, "stream PAGES has 1 replicas where 3 are declared") || !strings.Contains(got, "bucket dateline-hosts has 1 replicas") {
		t.Errorf("of replicas it says:\n%s", got)
	}
	change := func(name string, do func(*jetstream.StreamConfig)) {
		t.Helper()
		stream, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		config := stream.CachedInfo().Config
		do(&config)
		if _, err := js.UpdateStream(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}
	change(subject.StreamPages, func(c *jetstream.StreamConfig) { c.Discard, c.MaxBytes = jetstream.DiscardOld, 1<<20 })
	change(subject.StreamArticles, func(c *jetstream.StreamConfig) { c.Subjects = []string{"articles.en.>"} })
	change(subject.StreamDead, func(c *jetstream.StreamConfig) { c.MaxBytes, c.MaxAge = 9<<30, time.Hour }) // an operator's choice
	if err := js.DeleteStream(t.Context(), subject.StreamRevisions); err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteConsumer(t.Context(), subject.StreamPages, subject.ConsumerExtract); err != nil {
		t.Fatal(err)
	}
	if _, err := js.UpdateConsumer(t.Context(), subject.StreamArticles, jetstream.ConsumerConfig{
		Durable: subject.ConsumerIndex, AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Hour, MaxDeliver: 5, MaxAckPending: 2_000, FilterSubject: "articles.en.com.>",
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`stream PAGES when full it discards by "DiscardOld" (per subject: false) where "DiscardNew" (false) is declared`,
		"stream PAGES may hold 1048576 bytes where at least 8589934592 are declared",
		`stream ARTICLES listens to ["articles.en.>"] where ["articles.>"] is declared`,
		"stream REVISIONS is not there",
		"consumer extract of stream PAGES is not there",
		"consumer index of stream ARTICLES waits 1h0m0s for an ack where 15s is declared",
		"consumer index of stream ARTICLES delivers a message 5 times where -1 is declared",
		`consumer index of stream ARTICLES reads ["articles.en.com.>"] alone`,
	}
	got := compare(t, js, topology.Limits{})
	for _, line := range want {
		if !strings.Contains(got, line) {
			t.Errorf("it does not say %q", line)
		}
	}
	if n := strings.Count(got, "\n") + 1; n != len(want) {
		t.Errorf("%d differences, want %d:\n%s", n, len(want), got)
	}
	// Starting a service mends all of it.
	natstest.Reconcile(t, js, topology.Limits{})
	if got := compare(t, js, topology.Limits{}); got != "" {
		t.Errorf("after that it says:\n%s", got)
	}
}

func TestCompareFindsConflicts(t *testing.T) {
	_, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: subject.StreamURLs, Subjects: []string{"orders.>"}}); err != nil {
		t.Fatal(err)
	}
	found, err := topology.Compare(t.Context(), js, topology.Limits{})
	if err != nil || len(found) < 2 || found[0].Mended || !strings.Contains(found[0].Text, "is not Dateline's") {
		t.Errorf("it finds %+v, %v", found, err)
	}
}
