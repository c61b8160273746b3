package indexer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m, func() error { return goleak.Find() })) }

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func record(name, title string, fetched time.Time) *datelinev1.Article {
	return &datelinev1.Article{
		Id: "id-" + name, CanonicalUrl: "https://example.com/" + name, FinalUrl: "https://example.com/" + name,
		RequestedUrl: "https://example.com/" + name, Host: "example.com", Language: "en", Title: title,
		ContentHash: title,
		FetchTime:   timestamppb.New(fetched), ExtractTime: timestamppb.New(fetched),
		RequestId: fmt.Sprint(name, title, fetched.Unix()),
	}
}

func publish(t *testing.T, js jetstream.JetStream, id string, article *datelinev1.Article) {
	t.Helper()
	msg, err := ledger.Message(subject.Articles("en", "com.example"), id, article)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.PublishMsg(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
}

// outcomes returns the stage's outcomes in the order of the stream.
func outcomes(t *testing.T, js jetstream.JetStream) []string {
	t.Helper()
	var all []string
	for _, msg := range natstest.Messages(t, js, subject.StreamOutcomes) {
		o := &datelinev1.Outcome{}
		if err := proto.Unmarshal(msg.Data, o); err != nil {
			t.Fatal(err)
		}
		all = append(all, subject.VerdictName(o.GetVerdict())+" "+o.GetReason())
	}
	return all
}

func events(t *testing.T, js jetstream.JetStream) []string {
	t.Helper()
	var all []string
	for _, msg := range natstest.Messages(t, js, subject.StreamRevisions) {
		e := &datelinev1.RevisionEvent{}
		if err := proto.Unmarshal(msg.Data, e); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %s %d %s", msg.Subject, e.GetArticleId(), e.GetRevision(),
			e.GetArticle().GetTitle()))
	}
	return all
}

// run starts the stage and returns a function that stops it.
func run(t *testing.T, js jetstream.JetStream, s store.Store) (stop func()) {
	t.Helper()
	config := indexer.DefaultConfig()
	config.MaxAttempts = 1
	ix, err := indexer.New(t.Context(), config, indexer.Dependencies{
		JS: js, Store: s, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- ix.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func open(t *testing.T) (jetstream.JetStream, store.Store) {
	t.Helper()
	_, js := natstest.Start(t)
	s, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return js, s
}

// TestRevisionsAreAnnounced verifies that subscribers can tell new articles
// from changed ones, and that a redelivered article is not announced twice.
func TestRevisionsAreAnnounced(t *testing.T) {
	js, s := open(t)
	stop := run(t, js, s)
	defer stop()
	const unchanged = "unchanged" + " " + "unchanged" // the verdict and its reason
	want := []string{}
	for i, step := range []struct {
		article *datelinev1.Article
		outcome string
		event   string
	}{
		{record("a", "First", noon), "produced new", "revisions.new.en.com.example id-a 1 First"},
		{record("a", "First", noon.Add(time.Hour)), unchanged, ""},
		{record("a", "Second", noon.Add(2*time.Hour)), "produced changed",
			"revisions.changed.en.com.example id-a 2 Second"},
		{record("a", "Second", noon.Add(2*time.Hour)), "produced changed", ""}, // redelivered: the same event
		{record("a", "Zeroth", noon.Add(-time.Hour)), "produced outdated",
			"revisions.outdated.en.com.example id-a 3 Zeroth"},
		{record("a", "Zeroth", noon.Add(-time.Hour)), "produced outdated", ""}, // redelivered: the same event
		{record("b", "Other", noon), "produced new", "revisions.new.en.com.example id-b 1 Other"},
	} {
		publish(t, js, fmt.Sprint(i), step.article)
		if step.event != "" {
			want = append(want, step.event)
		}
		natstest.Eventually(t, step.outcome, func() bool { return len(outcomes(t, js)) == i+1 })
		if got := outcomes(t, js)[i]; got != step.outcome {
			t.Fatalf("step %d: outcome %q, want %q", i, got, step.outcome)
		}
	}
	if got := strings.Join(events(t, js), "; "); got != strings.Join(want, "; ") {
		t.Errorf("announced\n%s, want\n%s", got, strings.Join(want, "; "))
	}
	if _, err := s.Erase(t.Context(), "id-a"); err != nil {
		t.Fatal(err)
	}
	publish(t, js, "erased", record("a", "Back again", noon.Add(9*time.Hour)))
	natstest.Eventually(t, "an erased article's outcome", func() bool { return len(outcomes(t, js)) == 8 })
	if got := outcomes(t, js)[7]; got != "rejected erased" || len(events(t, js)) != len(want) {
		t.Errorf("an erased article: outcome %q and %d events, want rejected erased and %d",
			got, len(events(t, js)), len(want))
	}
}

// TestAnnouncedAfterCrash verifies that a revision is announced, and recorded as
// produced, if the process ended after storing the article and before announcing it.
func TestAnnouncedAfterCrash(t *testing.T) {
	js, s := open(t)
	article := record("a", "First", noon)
	if _, err := s.Put(t.Context(), []*datelinev1.Article{article}); err != nil {
		t.Fatal(err)
	}
	publish(t, js, "a", article)
	stop := run(t, js, s)
	defer stop()
	natstest.Eventually(t, "the event", func() bool { return len(events(t, js)) == 1 })
	if got := events(t, js)[0]; got != "revisions.new.en.com.example id-a 1 First" {
		t.Errorf("announced %q", got)
	}
	natstest.Eventually(t, "the outcome", func() bool { return len(outcomes(t, js)) == 1 })
	if got := outcomes(t, js)[0]; got != "produced new" {
		t.Errorf("the outcome is %q, want produced new", got)
	}
}

// TestPoisonInBatch verifies that an article that cannot be stored, and a
// message that is not an article, are dead-lettered without affecting the rest
// of their batch, and that the dead letters are complete.
func TestPoisonInBatch(t *testing.T) {
	js, s := open(t)
	for i := range 5 {
		publish(t, js, fmt.Sprint("good", i), record(fmt.Sprint("good", i), "Good", noon))
	}
	noURL := record("no-url", "No URL", noon)
	noURL.CanonicalUrl = ""
	publish(t, js, "no-url", noURL)
	if _, err := js.Publish(t.Context(), "articles.en.com.example", []byte("\xff no article")); err != nil {
		t.Fatal(err)
	}
	stop := run(t, js, s)
	defer stop()
	natstest.Eventually(t, "seven outcomes", func() bool { return len(outcomes(t, js)) == 7 })
	var letters []string
	for _, msg := range natstest.Messages(t, js, subject.StreamDead) {
		letter := &datelinev1.DeadLetter{}
		if err := proto.Unmarshal(msg.Data, letter); err != nil {
			t.Fatal(err)
		}
		letters = append(letters, letter.GetReason()+": "+letter.GetError())
		if len(letter.GetData()) == 0 || letter.GetSubject() != "articles.en.com.example" {
			t.Errorf("dead letter %v is incomplete", letter)
		}
	}
	all := strings.Join(letters, "\n")
	if len(letters) != 2 || !strings.Contains(all, "refused: article id-no-url has no canonical URL") ||
		!strings.Contains(all, "malformed: decoding message on articles.en.com.example: ") ||
		!strings.Contains(all, "publish dateline.v1.Article in binary form") {
		t.Errorf("dead letters:\n%s", all)
	}
	if stats, err := s.Stats(t.Context()); err != nil || stats.Articles != 5 {
		t.Errorf("%d articles are stored, %v; want 5", stats.Articles, err)
	}
}
