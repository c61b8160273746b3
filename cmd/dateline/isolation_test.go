package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// writable lists the streams that each user publishes to.
func writable() map[string][]string {
	kv, object := subject.KVStream, subject.ObjectStream(subject.BucketBodies)
	return map[string][]string{
		"setup": nil, "monitor": nil, "client": {subject.StreamURLs},
		"fetcher": {
			subject.StreamURLs, subject.StreamFrontier, subject.StreamListings, subject.StreamPages, subject.StreamOutcomes,
			subject.StreamDead, kv(subject.BucketLeases), kv(subject.BucketHosts), kv(subject.BucketSeen),
			kv(subject.BucketHealth), object,
		},
		"discoverer": {
			subject.StreamURLs, subject.StreamOutcomes, subject.StreamDead, kv(subject.BucketHealth),
		},
		"extractor": {
			subject.StreamURLs, subject.StreamArticles, subject.StreamOutcomes, subject.StreamDead,
			kv(subject.BucketDrift), kv(subject.BucketHealth),
		},
		"archiver": {subject.StreamOutcomes, subject.StreamDead, kv(subject.BucketHealth)},
		"indexer": {
			subject.StreamURLs, subject.StreamFrontier, subject.StreamListings, subject.StreamPages, subject.StreamArticles,
			subject.StreamOutcomes, subject.StreamDead, subject.StreamRevisions, kv(subject.BucketDrift),
			kv(subject.BucketHealth), object,
		},
		"notifier": {kv(subject.BucketHealth), streamNews},
	}
}

// streamNews is a stream of a user that captures what subscriptions publish.
const streamNews = "NEWS"

// addNews adds the stream of a user.
func addNews(t *testing.T, operator jetstream.JetStream) {
	t.Helper()
	_, err := operator.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: streamNews, Subjects: []string{subject.Deliveries + "news.>"}, AllowDirect: true,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// victims maps each stream to a subject that it listens to.
func victims() map[string]string {
	all := map[string]string{
		subject.StreamURLs: subject.URLs, subject.StreamFrontier: "frontier.1.fresh.com.example",
		subject.StreamListings: "listings.feed.com.example",
		subject.StreamPages:    "pages.com.example", subject.StreamArticles: "articles.en.com.example",
		subject.StreamOutcomes: "outcomes.fetch.produced", subject.StreamDead: "dead.fetch.dns",
		subject.StreamRevisions: "revisions.new.en.com.example",
		streamNews:              subject.Deliveries + "news.x",
		subject.ObjectStream(subject.BucketBodies): "$O." + subject.BucketBodies + ".C.x",
	}
	for _, bucket := range []string{
		subject.BucketLeases, subject.BucketHosts, subject.BucketSeen, subject.BucketDrift, subject.BucketHealth,
	} {
		all[subject.KVStream(bucket)] = subject.KVKey(bucket, "x")
	}
	return all
}

// TestResponsesDoNotReachOtherStreams has each user request everything that it may,
// with a response subject of a stream that it may not write to, or of a request that it
// may not make. JetStream would publish the response there with its own rights.
func TestResponsesDoNotReachOtherStreams(t *testing.T) {
	t.Parallel()
	for user, own := range writable() {
		t.Run(user, func(t *testing.T) {
			t.Parallel()
			srv, _ := deployedNATS(t)
			_, operator := connectAs(t, srv, "operator", "operator")
			natstest.Reconcile(t, operator, topology.Limits{Archive: true})
			addNews(t, operator)
			for _, name := range victims() { // so that there is something to read and to purge
				if _, err := operator.Publish(t.Context(), name, []byte("{}")); err != nil {
					t.Fatal(err)
				}
			}
			before := positions(t, operator)
			nc, _ := connectAs(t, srv, user, user)
			attack(t, nc, own)
			after := positions(t, operator)
			for stream, want := range before {
				got := after[stream]
				if !slices.Contains(own, stream) && (got[0] != want[0] || got[1] != want[1]+1) {
					t.Errorf("the user %s changed stream %s: first and last message %d, before %d", user, stream, got, want)
				}
			}
		})
	}
}

// attack makes every kind of request with every foreign response subject. Refused
// requests do not count.
func attack(t *testing.T, nc *nats.Conn, own []string) {
	t.Helper()
	var replies []string
	for stream, name := range victims() {
		if !slices.Contains(own, stream) {
			replies = append(replies, name, "$JS.API.STREAM.PURGE."+stream)
		}
	}
	send := func(name, reply string, data any) {
		t.Helper()
		body, err := json.Marshal(data)
		if err == nil {
			err = nc.PublishRequest(name, reply, body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	consumers := []string{
		"URLS.intake", "LISTINGS.discover", "PAGES.extract", "PAGES.archive", "ARTICLES.index", "OUTCOMES.ledger",
	}
	for _, reply := range replies {
		for stream, name := range victims() {
			send("$JS.API.STREAM.INFO."+stream, reply, nil)
			send("$JS.API.DIRECT.GET."+stream, reply, map[string]int{"seq": 1})
			send("$JS.API.DIRECT.GET."+stream+"."+name, reply, nil)
			send("$JS.API.STREAM.MSG.GET."+stream, reply, map[string]int{"seq": 1})
			if slices.Contains(own, stream) {
				send(name, reply, "a message whose confirmation goes to another stream")
			}
			consumer := fmt.Sprintf("spy%d", len(reply))
			send("$JS.API.CONSUMER.CREATE."+stream+"."+consumer, reply, map[string]any{
				"stream_name": stream, "config": map[string]any{
					"name": consumer, "deliver_subject": reply, "ack_policy": "none", "deliver_policy": "all",
				},
			})
		}
		for _, consumer := range consumers {
			send("$JS.API.CONSUMER.MSG.NEXT."+consumer, reply, map[string]any{"batch": 1, "no_wait": true})
			send("$JS.API.CONSUMER.INFO."+consumer, reply, nil)
		}
		send("$JS.API.INFO", reply, nil)
		send("$JS.API.STREAM.LIST", reply, nil)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
}

// positions returns the numbers of the first and the last message of each stream, after
// storing one more message in each: the server has then stored what was sent before.
func positions(t *testing.T, js jetstream.JetStream) map[string][2]uint64 {
	t.Helper()
	all := map[string][2]uint64{}
	for stream, name := range victims() {
		ack, err := js.Publish(t.Context(), strings.Replace(name+"y", "urlsy", "urls.y", 1), nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := js.Stream(t.Context(), stream)
		if err != nil {
			t.Fatal(err)
		}
		all[stream] = [2]uint64{s.CachedInfo().State.FirstSeq, ack.Sequence}
	}
	return all
}
