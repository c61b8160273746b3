package discoverer

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// simulation runs the stage in simulated time: the responses are made here.
type simulation struct {
	t      *testing.T
	d      *Discoverer
	js     jetstream.JetStream
	source sources.Source
	now    time.Time
	polls  map[string][]time.Time // by path
	// mayReject allows responses that are not listings.
	mayReject bool
}

// simulate starts a source with feeds at paths.
func simulate(t *testing.T, config Config, paths ...string) *simulation {
	t.Helper()
	_, js := natstest.Start(t)
	db, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := &simulation{t: t, js: js, now: noon, polls: map[string][]time.Time{}}
	s.d, err = New(t.Context(), config, Dependencies{
		JS: js, Store: db, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.d.bodies.Close)
	s.d.now = func() time.Time { return s.now }
	home, err := weburl.Parse("https://example.com/")
	if err != nil {
		t.Fatal(err)
	}
	s.source = sources.New(home, nil, noon)
	var endpoints []sources.Endpoint
	for _, path := range paths {
		url, err := weburl.Parse("https://example.com" + path)
		if err != nil {
			t.Fatal(err)
		}
		endpoints = append(endpoints, sources.NewEndpoint(s.source.ID, url, datelinev1.Purpose_PURPOSE_FEED, "test"))
	}
	if err := s.d.sources.Add(t.Context(), s.source, endpoints); err != nil {
		t.Fatal(err)
	}
	return s
}

// run answers the polls of some time with what body returns for a path.
func (s *simulation) run(length time.Duration, body func(path string, now time.Time) string) {
	s.t.Helper()
	for until := s.now.Add(length); s.now.Before(until); s.now = s.nextPoll(until) {
		claimed, err := s.d.claim(s.t.Context(), pollBatch)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range claimed {
			path := strings.TrimPrefix(e.URL, "https://example.com")
			s.polls[path] = append(s.polls[path], s.now)
			s.answer(e, body(path, s.now))
		}
	}
}

// nextPoll returns the minute after the next poll is due, at most until.
func (s *simulation) nextPoll(until time.Time) time.Time {
	s.t.Helper()
	endpoints, err := s.d.sources.Endpoints(s.t.Context(), s.source.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	next := until
	for _, e := range endpoints {
		if e.State != sources.Retired && e.NextPoll.Before(next) {
			next = e.NextPoll
		}
	}
	next = next.Truncate(time.Minute).Add(time.Minute)
	if earliest := s.now.Add(time.Minute); next.Before(earliest) {
		next = earliest // the budget is spent
	}
	if next.After(until) {
		return until
	}
	return next
}

func (s *simulation) answer(e sources.Endpoint, body string) {
	s.t.Helper()
	result := s.respond(e, body)
	rejected := result.Outcome.GetVerdict() == datelinev1.Verdict_VERDICT_REJECTED
	if result.Err != nil || rejected && !s.mayReject {
		s.t.Fatalf("%s: %v, %v", e.URL, result.Outcome, result.Err)
	}
}

// respond has the stage read a response.
func (s *simulation) respond(e sources.Endpoint, body string) stage.Result {
	s.t.Helper()
	data, err := proto.Marshal(&datelinev1.Page{
		Id: pollID(e.ID, e.Poll), Request: &datelinev1.FetchRequest{RequestId: pollID(e.ID, e.Poll), Purpose: e.Purpose},
		RequestedUrl: e.URL, FinalUrl: e.URL, Status: 200, FetchTime: timestamppb.New(s.now), Body: []byte(body),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.d.readResponse(s.t.Context(), &stage.Input{Data: data})
}

// halfHourly returns a feed of the last ten of articles that appear every half hour.
func halfHourly(now time.Time) string {
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel><title>Town</title>`)
	for i := range 10 {
		at := now.Truncate(30 * time.Minute).Add(-time.Duration(i) * 30 * time.Minute)
		fmt.Fprintf(&b, `<item><link>https://example.com/%d</link><pubDate>%s</pubDate></item>`,
			at.Unix(), at.Format(time.RFC1123Z))
	}
	return b.String() + "</channel></rss>"
}

// TestArticleTooLarge lists an article whose request the stream URLS can never store.
func TestArticleTooLarge(t *testing.T) {
	s := simulate(t, DefaultConfig(), "/a.xml")
	stream, err := s.js.Stream(t.Context(), subject.StreamURLs)
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.MaxMsgSize = 1000
	if _, err := s.js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	claimed, err := s.d.claim(t.Context(), pollBatch)
	if err != nil || len(claimed) != 1 {
		t.Fatalf("%d endpoints, %v", len(claimed), err)
	}
	body := strings.ReplaceAll(halfHourly(s.now), "<item>", "<item><title>"+strings.Repeat("ferry ", 300)+"</title>")
	if result := s.respond(claimed[0], body); !stage.IsPermanent(result.Err) {
		t.Errorf("got %v, want a permanent failure", result.Err)
	}
}

// TestFeedsWithTheSameArticles lists every article on two feeds. One of them is polled
// rarely, and each article is published once.
func TestFeedsWithTheSameArticles(t *testing.T) {
	config := DefaultConfig()
	config.PollsPerDay = 1000
	s := simulate(t, config, "/a.xml", "/b.xml")
	body := func(_ string, now time.Time) string { return halfHourly(now) }
	s.run(36*time.Hour, body)
	clear(s.polls)
	s.run(12*time.Hour, body)
	a, b := len(s.polls["/a.xml"]), len(s.polls["/b.xml"])
	t.Logf("polls of the last 12 hours: %d and %d", a, b)
	if most, least := max(a, b), min(a, b); most < 24 || least*3 > most {
		t.Errorf("polls of the last 12 hours: %d and %d", a, b)
	}
	s.checkOnce()
}

// checkOnce checks that articles were published, and each once.
func (s *simulation) checkOnce() {
	s.t.Helper()
	count := map[string]int{}
	for _, msg := range natstest.Messages(s.t, s.js, subject.StreamURLs) {
		request := &datelinev1.FetchRequest{}
		if err := proto.Unmarshal(msg.Data, request); err != nil {
			s.t.Fatal(err)
		}
		if count[request.GetUrl()]++; count[request.GetUrl()] > 1 {
			s.t.Errorf("%s was published again", request.GetUrl())
		}
	}
	if len(count) < 90 {
		s.t.Errorf("%d articles were published", len(count))
	}
}

// TestGenerations checks that the newest elements stay and old ones go.
func TestGenerations(t *testing.T) {
	g := generations[int, bool]{size: 10}
	for i := range 35 {
		g.put(i, true)
	}
	if !g.get(34) || !g.get(25) || g.get(5) || len(g.young)+len(g.aged) > 20 {
		t.Errorf("newest %t, tenth newest %t, old %t, %d elements", g.get(34), g.get(25), g.get(5), len(g.young)+len(g.aged))
	}
}

// TestScarcePollsLastAllDay has feeds that need more polls than the source may have.
func TestScarcePollsLastAllDay(t *testing.T) {
	config := DefaultConfig()
	config.PollsPerDay = 13 // three times as many with the articles
	s := simulate(t, config, "/a.xml")
	body := func(_ string, now time.Time) string { return halfHourly(now) }
	s.run(12*time.Hour, body)
	clear(s.polls)
	s.run(24*time.Hour, body)
	polls := s.polls["/a.xml"]
	t.Logf("%d polls, the last at %s", len(polls), polls[len(polls)-1])
	if len(polls) > 39 || polls[len(polls)-1].Hour() < 22 {
		t.Errorf("%d polls, the last at %s", len(polls), polls[len(polls)-1])
	}
}
