//go:build !race

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	sitestate "github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/access"
)

// fill fetches an article twice, which has changed meanwhile. It returns the article's URL.
func (d *failing) fill(t *testing.T) string {
	t.Helper()
	var fetched atomic.Int32
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/harbour" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, harbourPage(fmt.Sprintf("Lund%d", fetched.Add(1))))
	}))
	t.Cleanup(site.Close)
	for range 2 {
		args := append(append([]string{"ingest", "--force", site.URL + "/harbour"}, d.flags...), loopback...)
		if code, out, errs := dateline(t, args...); code != 0 {
			t.Fatalf("ingest: exit code %d\n%s%s", code, out, errs)
		}
	}
	return site.URL + "/harbour"
}

// config returns the configuration of a process on whose connections nothing fails.
func (d *failing) config() pipeline.Config {
	cfg := testConfig("")
	cfg.Store.URL = d.url
	return cfg
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fillStore stores what commands show besides articles.
func (d *failing) fillStore(t *testing.T) {
	t.Helper()
	now := time.Now().UTC()
	must(t, d.store.Record(t.Context(), append(silentSource(now.Truncate(time.Hour)), &datelinev1.Outcome{
		RequestId: "lost", Url: "https://example.com/lost", Host: "example.com", Stage: datelinev1.Stage_STAGE_INTAKE,
		Verdict: datelinev1.Verdict_VERDICT_PRODUCED, Time: timestamppb.New(now), InputId: "lost", OutputId: "lost.page",
	})))
	for more := true; more; {
		var err error
		more, err = d.store.RollUp(t.Context(), now)
		must(t, err)
	}
	home, err := weburl.Parse("https://example.com/")
	must(t, err)
	site := sources.New(home, map[string]string{"a": "b"}, now)
	must(t, sources.Of(d.store).AddSite(t.Context(), site, &sources.Policy{ArticlesPerDay: 7}))
	must(t, sources.Of(d.store).BackfillSite(t.Context(), site.ID, sources.BackfillRange{}))
	d.archive(t, "https://example.com/a")
	_, _, err = access.Of(d.store).Create(t.Context(), "reader", []access.Scope{access.Read}, time.Time{}, now)
	must(t, err)
	_, err = replay.RunsOf(d.store).Start(t.Context(), replay.Selection{}, 1, now)
	must(t, err)
	giveUp(t, d.config(), "desk", 2)
}

// archive adds a capture of a URL to the index of the archive.
func (d *failing) archive(t *testing.T, url string) {
	t.Helper()
	must(t, captures.Of(d.store).Add(t.Context(), "one.warc.gz", 1, []captures.Capture{{
		PageID: "page of " + url, URL: url, Time: time.Now(), Status: http.StatusOK, Type: "text/html", Digest: "sha1:x",
	}}))
}

// waitingURL waits in the frontier.
const waitingURL = "https://waits.example/a"

// fillStreams publishes what commands show of the streams: a URL that waits, a dead letter, an alarm, and an article
// that is acked and not stored.
func (d *failing) fillStreams(t *testing.T) {
	t.Helper()
	put := func(name, key string, value []byte) {
		t.Helper()
		bucket, err := d.js.KeyValue(t.Context(), name)
		must(t, err)
		_, err = bucket.Put(t.Context(), key, value)
		must(t, err)
	}
	encode := func(message proto.Message) []byte {
		t.Helper()
		data, err := proto.Marshal(message)
		must(t, err)
		return data
	}
	url, err := weburl.Parse(waitingURL)
	must(t, err)
	entry := &datelinev1.FrontierEntry{
		Url: waitingURL, Request: &datelinev1.FetchRequest{Url: waitingURL, RequestId: "waits"},
	}
	partition := weburl.Partition(url.Host(), subject.Partitions)
	name := subject.Frontier(partition, subject.LaneFresh, url.SubjectHost())
	_, err = d.js.PublishMsg(t.Context(), &nats.Msg{Subject: name, Data: encode(entry)})
	must(t, err)
	pause, err := json.Marshal(sitestate.Pause{Until: time.Now().Add(time.Hour)})
	must(t, err)
	put(subject.BucketHosts, sitestate.PauseKey(url.SubjectHost()), pause)

	const signal = datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE
	encoder, err := zstd.NewWriter(nil)
	must(t, err)
	put(subject.BucketDrift, subject.DriftAlarm("example.com", signal), encode(&datelinev1.DriftAlarm{
		Host: "example.com", Signal: signal, Raised: true, Time: timestamppb.Now(),
	}))
	put(subject.BucketDrift, subject.DriftSample("example.com", signal, 0), encode(&datelinev1.DriftSample{
		Url: "https://example.com/a", Signal: signal, HtmlZstd: encoder.EncodeAll([]byte("<p>Text"), nil),
	}))
	d.bury(t, "one")
	d.skip(t, "one")
}

// bury stores a dead letter.
func (d *failing) bury(t *testing.T, id string) {
	t.Helper()
	writer := ledger.NewWriter(ledger.Config{
		JS: d.js, Stage: datelinev1.Stage_STAGE_INTAKE, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Count: func(datelinev1.Verdict, outcome.Reason) {},
	})
	o := &datelinev1.Outcome{
		InputId: id, Url: "https://example.com/" + id, Host: "example.com", Stage: datelinev1.Stage_STAGE_INTAKE,
		Verdict: datelinev1.Verdict_VERDICT_DEAD, Reason: string(outcome.Timeout), Time: timestamppb.Now(),
	}
	source := ledger.Source{Subject: subject.URLs, Data: []byte("https://example.com/" + id)}
	must(t, writer.Bury(t.Context(), o, time.Second, source))
}

// skip publishes an article that is acked without being stored.
func (d *failing) skip(t *testing.T, id string) {
	t.Helper()
	data, err := proto.Marshal(newArticle(id))
	must(t, err)
	_, err = d.js.Publish(t.Context(), subject.Articles("en", "com.example"), data)
	must(t, err)
	consumer, err := d.js.Consumer(t.Context(), subject.StreamArticles, subject.ConsumerIndex)
	must(t, err)
	msg, err := consumer.Next()
	must(t, err)
	must(t, msg.DoubleAck(natstest.Context(t)))
}

// count returns the number of messages on a stream that contain a text.
func (d *failing) count(t *testing.T, stream, text string) (n int) {
	t.Helper()
	for _, msg := range natstest.Messages(t, d.js, stream) {
		if bytes.Contains(msg.Data, []byte(text)) {
			n++
		}
	}
	return n
}

// purge removes all messages from streams.
func (d *failing) purge(t *testing.T, streams ...string) {
	t.Helper()
	for _, name := range streams {
		stream, err := d.js.Stream(t.Context(), name)
		must(t, err)
		must(t, stream.Purge(t.Context()))
	}
}

// newArticle returns the record of an article with an id.
func newArticle(id string) *datelinev1.Article {
	url := "https://example.com/" + id
	return &datelinev1.Article{
		Id: id, CanonicalUrl: url, RequestedUrl: url, FinalUrl: url, Host: "example.com", Title: "Ferry " + id,
		Text: "The ferry is back.", ContentHash: id, FetchTime: timestamppb.Now(), ExtractTime: timestamppb.Now(),
	}
}
