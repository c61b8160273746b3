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

func TestCompareFindsTooFewReplicas(t *testing.T) {
	_, js := natstest.Start(t)
	got := compare(t, js, topology.Limits{Replicas: 3})
	for _, line := range []string{
		"stream PAGES has 1 replicas, but 3 are declared", "bucket dateline-hosts has 1 replicas",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("missing %q in:\n%s", line, got)
		}
	}
}

// spoil makes streams and consumers differ from the declarations.
func spoil(t *testing.T, js jetstream.JetStream) {
	t.Helper()
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
	// An operator may choose these.
	change(subject.StreamDead, func(c *jetstream.StreamConfig) { c.MaxBytes, c.MaxAge = 9<<30, time.Hour })
	if err := js.DeleteStream(t.Context(), subject.StreamRevisions); err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteConsumer(t.Context(), subject.StreamPages, subject.ConsumerExtract); err != nil {
		t.Fatal(err)
	}
	if _, err := js.UpdateConsumer(t.Context(), subject.StreamArticles, jetstream.ConsumerConfig{
		Durable: subject.ConsumerIndex, AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Hour,
		MaxDeliver: 5, MaxAckPending: 2_000, FilterSubject: "articles.en.com.>",
	}); err != nil {
		t.Fatal(err)
	}
}

func TestCompareFindsDifferences(t *testing.T) {
	_, js := natstest.Start(t)
	if got := compare(t, js, topology.Limits{}); got != "" {
		t.Fatalf("differences right after the declaration:\n%s", got)
	}
	spoil(t, js)
	want := []string{
		`stream PAGES has the discard policy "DiscardOld" (per subject: false), but "DiscardNew" (false) is declared`,
		"stream PAGES holds at most 1048576 bytes, but at least 8589934592 are declared",
		`stream ARTICLES listens to ["articles.en.>"], but ["articles.>"] is declared`,
		"stream REVISIONS does not exist",
		"consumer extract of stream PAGES does not exist",
		"consumer index of stream ARTICLES waits 1h0m0s for an ack, but 15s is declared",
		"consumer index of stream ARTICLES delivers a message at most 5 times, but -1 is declared",
		`consumer index of stream ARTICLES reads only ["articles.en.com.>"]`,
	}
	got := compare(t, js, topology.Limits{})
	for _, line := range want {
		if !strings.Contains(got, line) {
			t.Errorf("missing %q", line)
		}
	}
	if n := strings.Count(got, "\n") + 1; n != len(want) {
		t.Errorf("got %d differences, want %d:\n%s", n, len(want), got)
	}
	// Starting a service fixes all of them.
	natstest.Reconcile(t, js, topology.Limits{})
	if got := compare(t, js, topology.Limits{}); got != "" {
		t.Errorf("differences that remain:\n%s", got)
	}
}

func TestCompareFindsConflicts(t *testing.T) {
	_, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	foreign := jetstream.StreamConfig{Name: subject.StreamURLs, Subjects: []string{"orders.>"}}
	if _, err := js.CreateStream(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	found, err := topology.Compare(t.Context(), js, topology.Limits{})
	if err != nil || len(found) < 2 || found[0].Fixable || !strings.Contains(found[0].Text, "is not Dateline's") {
		t.Errorf("got %+v, %v, want a conflict that is not fixable", found, err)
	}
}
