package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/process"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/discoverer/trial"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/progress"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
	"github.com/dateline-news/dateline/services/notifier/sample"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestUsersHaveTheirPermissions runs the services with the users in deploy/nats, and
// then everything else that these users do. The server must refuse nothing.
func TestUsersHaveTheirPermissions(t *testing.T) {
	t.Parallel()
	srv, refused := deployedNATS(t)
	_, setup := connectAs(t, srv, "setup", "declare")
	for range 2 { // the second time, nothing is missing
		if err := topology.Reconcile(t.Context(), setup, topology.Limits{Archive: true}); err != nil {
			t.Fatal(err)
		}
	}
	articles, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { articles.Close() })
	d := &deployment{srv: srv, site: permissionsSite(t), articles: articles}
	d.useBatches(t)
	stop := d.start(t)
	defer func() {
		stop()
		if lines := refused.all(); len(lines) > 0 {
			t.Errorf("the server refused what a user needs:\n%s", strings.Join(lines, "\n"))
		}
	}()
	d.checkServices(t)
	hook := d.subscribe(t)
	published := d.subscribeToSubjects(t)
	d.publishAsClient(t)
	natstest.Eventually(t, "three articles at the web hook", func() bool {
		distinct, _ := hook.count()
		return distinct == 3
	})
	published()
	d.sendSamples(t)
	d.discover(t)
	d.requeue(t)
	d.read(t)
	d.trim(t)
	d.erase(t)
	d.watchAsMonitor(t)
}

// TestUsersOfACluster runs the pipeline with each service on another node of a cluster.
// Requests and responses then pass from account to account and from node to node.
func TestUsersOfACluster(t *testing.T) {
	t.Parallel()
	nodes := deployedCluster(t)
	_, setup := connectAs(t, nodes[0], "setup", "declare")
	natstest.Eventually(t, "the nodes to form a cluster", func() bool {
		return topology.Reconcile(t.Context(), setup, topology.Limits{Replicas: len(nodes), Archive: true}) == nil
	})
	articles, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { articles.Close() })
	d := &deployment{srv: nodes[1], nodes: nodes, site: permissionsSite(t), articles: articles}
	d.useBatches(t)
	stop := d.start(t)
	defer stop()
	d.publishAsClient(t)
	d.requeue(t)
	d.read(t)
	d.erase(t)
}

// useBatches stores and reads several messages at once as the fetcher, and deletes them
// from their streams.
func (d *deployment) useBatches(t *testing.T) {
	t.Helper()
	const size = 3
	_, js := connectAs(t, d.srv, "fetcher", "fetcher")
	for _, name := range []string{
		subject.Frontier(0, subject.LaneFresh, "example.batch"), subject.KVKey(subject.BucketSeen, "batch"),
	} {
		var msgs []*nats.Msg
		for range size {
			msgs = append(msgs, nats.NewMsg(name))
		}
		first, err := bus.PublishBatch(t.Context(), js, msgs)
		if err != nil {
			t.Errorf("publishing a batch to %s: %v", name, err)
		}
		if name == subject.KVKey(subject.BucketSeen, "batch") {
			d.pack(t, js, name)
			continue
		}
		stream, err := js.Stream(t.Context(), subject.StreamFrontier)
		if err != nil {
			t.Fatal(err)
		}
		readBatch(t, js, subject.StreamFrontier, first, size)
		for i := range uint64(size) {
			if err := stream.DeleteMsg(t.Context(), first+i); err != nil {
				t.Error(err)
			}
		}
	}
	stream, err := js.Stream(t.Context(), subject.StreamURLs)
	if err != nil {
		t.Fatal(err)
	}
	for range size {
		if _, err := js.Publish(t.Context(), subject.URLs, []byte("https://batch.example/")); err != nil {
			t.Fatal(err)
		}
	}
	readBatch(t, js, subject.StreamURLs, 1, size)
	for i := range uint64(size) {
		if err := stream.DeleteMsg(t.Context(), i+1); err != nil {
			t.Error(err)
		}
	}
}

// pack reads marks at once and removes them, as a fetcher that packs them.
func (d *deployment) pack(t *testing.T, js jetstream.JetStream, name string) {
	t.Helper()
	stream, err := js.Stream(t.Context(), subject.KVStream(subject.BucketSeen))
	if err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "a mark is read", func() bool { // a follower may lag behind
		_, err := stream.GetMsg(t.Context(), 1, jetstream.WithGetMsgSubject(name))
		return err == nil
	})
	if err := stream.Purge(t.Context(), jetstream.WithPurgeSubject(name)); err != nil {
		t.Errorf("removing marks: %v", err)
	}
}

// checkServices does what the services do beside their stages: they wait for the
// streams, observe backlogs and check their health.
func (d *deployment) checkServices(t *testing.T) {
	t.Helper()
	for _, service := range []struct {
		name   string
		nc     *nats.Conn
		js     jetstream.JetStream
		inputs []backlog.Input
	}{
		{"fetcher", d.fetchNC, d.fetchJS, fetcher.Inputs()},
		{"discoverer", d.discoverNC, d.discoverJS, discoverer.Inputs()},
		{"extractor", d.extractNC, d.extractJS, extractor.Inputs()},
		{"archiver", d.archiveNC, d.archiveJS, archiver.Inputs()},
		{"indexer", d.indexNC, d.indexJS, indexer.Inputs()},
		{"notifier", d.notifyNC, d.notifyJS, nil},
	} {
		if err := topology.Await(t.Context(), service.js, topology.Limits{}); err != nil {
			t.Fatal(err)
		}
		backlog.New(service.js, prometheus.NewRegistry(), slog.New(slog.DiscardHandler), time.Now, service.inputs...).
			Refresh(t.Context())
		for _, check := range process.Checks(service.nc, service.js, service.name) {
			if err := check.Test(t.Context()); err != nil {
				t.Errorf("%s: %v", check.Name, err)
			}
		}
	}
}

// subscribe adds a subscription to every article, as an operator does with the store, and returns its
// target.
func (d *deployment) subscribe(t *testing.T) *webHook {
	t.Helper()
	hook := newWebHook(t)
	spec := subscriptions.Spec{Name: "all", To: hook.URL}
	if err := subscriptions.Of(d.articles).Put(t.Context(), spec, []string{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	return hook
}

// subscribeToSubjects adds subscriptions that publish to a subject that a stream captures, and to one that a client
// hears. It returns a function that waits until both have three articles.
func (d *deployment) subscribeToSubjects(t *testing.T) (await func()) {
	t.Helper()
	_, operator := connectAs(t, d.srv, "operator", "operator")
	addNews(t, operator)
	client, _ := connectAs(t, d.srv, "client", "client")
	heard, err := client.SubscribeSync(subject.Deliveries + ">")
	if err == nil {
		err = client.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	all := subscriptions.Of(d.articles)
	for _, name := range []string{"news.stored", "heard"} {
		spec := subscriptions.Spec{Name: name, To: "nats:" + subject.Deliveries + name}
		if err := all.Put(t.Context(), spec, []string{}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		t.Helper()
		for range 6 {
			if _, err := heard.NextMsg(natstest.Patience(t)); err != nil {
				t.Fatalf("waiting for a delivery on a subject: %v", err)
			}
		}
		for _, name := range []string{"news.stored", "heard"} {
			natstest.Eventually(t, "the deliveries to be recorded", func() bool {
				one, err := all.Get(t.Context(), name)
				return err == nil && one.Delivered == 3 && one.Failures == 0
			})
		}
		// A subscriber may hear a message before it is stored, but it is recorded afterwards.
		if got := natstest.Messages(t, operator, streamNews); len(got) != 3 {
			t.Errorf("the stream has %d deliveries, want 3", len(got))
		}
	}
}

// sendSamples has the notifier send samples, as the indexer and as an operator.
func (d *deployment) sendSamples(t *testing.T) {
	t.Helper()
	operator, _ := connectAs(t, d.srv, "operator", "operator")
	if result, err := sample.Ask(natstest.Context(t), operator, "all"); err != nil || !result.Accepted {
		t.Errorf("a sample for an operator: %+v, %v", result, err)
	}
	for _, name := range []string{"all", "news.stored", "heard"} {
		if result, err := d.lib.Sample(natstest.Context(t), name); err != nil || !result.Accepted {
			t.Errorf("a sample for %s: %+v, %v", name, result, err)
		}
	}
}

// publishAsClient publishes several URLs in one message and single ones, and waits for
// the revisions.
func (d *deployment) publishAsClient(t *testing.T) {
	t.Helper()
	client, js := connectAs(t, d.srv, "client", "client")
	revisions, err := client.SubscribeSync(subject.AllRevisions)
	if err != nil {
		t.Fatal(err)
	}
	url := d.site.URL
	for _, text := range []string{url + "/news/1\n" + url + "/news/2", url + "/news/big", url + "/broken"} {
		if _, err := js.Publish(t.Context(), subject.URLs, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if _, err := revisions.NextMsgWithContext(natstest.Context(t)); err != nil {
			t.Fatalf("waiting for a revision: %v", err)
		}
	}
}

// discover tries a site as the indexer. Then it adds the site as a source, and waits until the
// discoverer has read its home page and robots.txt.
func (d *deployment) discover(t *testing.T) {
	t.Helper()
	endpoints, err := d.lib.Try(natstest.Context(t), trial.Request{URL: d.site.URL})
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, err := range endpoints {
		if err != nil {
			t.Fatal(err)
		}
		tried++
	}
	if tried < 2 {
		t.Errorf("%d endpoints were tried", tried)
	}
	home, err := weburl.Parse(d.site.URL)
	if err != nil {
		t.Fatal(err)
	}
	source := sources.New(home, nil, time.Now())
	first, err := sources.First(source)
	if err == nil {
		err = sources.Of(d.articles).Add(t.Context(), source, first)
	}
	if err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "two polls", func() bool {
		endpoints, err := sources.Of(d.articles).Endpoints(t.Context(), source.ID)
		if err != nil {
			t.Fatal(err)
		}
		polled := 0
		for _, e := range endpoints {
			if !e.PollTime.IsZero() {
				polled++
			}
		}
		return polled >= len(first)
	})
}

// requeue requeues the dead letter of the broken page as the indexer, and waits for
// the next one.
func (d *deployment) requeue(t *testing.T) {
	t.Helper()
	first := d.awaitDeadLetter(t, 0)
	letters, err := d.lib.OpenDeadLetters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	letter, err := letters.Get(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if err := letters.Requeue(t.Context(), letter); err != nil {
		t.Errorf("requeueing: %v", err)
	}
	d.awaitDeadLetter(t, first)
}

// awaitDeadLetter waits for the only dead letter after a number, and returns its number.
func (d *deployment) awaitDeadLetter(t *testing.T, after uint64) uint64 {
	t.Helper()
	var letters []deadletter.Brief
	natstest.Eventually(t, fmt.Sprintf("one dead letter after number %d", after), func() bool {
		var err error
		letters, _, err = d.lib.DeadLetters(t.Context(), deadletter.Filter{}, after, 10)
		return err == nil && len(letters) == 1
	})
	return letters[0].Number
}

// read reads a page, the state of the pipeline and a revision as the indexer.
func (d *deployment) read(t *testing.T) {
	t.Helper()
	hit, err := d.lib.Article(t.Context(), library.Name(d.site.URL+"/news/big"))
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := d.lib.Raw(t.Context(), hit.Article); err != nil || len(raw.Body) < largeBody {
		t.Errorf("the page of an article: %d bytes, %v", len(raw.Body), err)
	}
	if err := backlog.Frontier(t.Context(), d.indexJS, func(ledger.Key) {}); err != nil {
		t.Error(err)
	}
	if _, err := progress.Compare(t.Context(), d.indexJS, d.articles); err != nil {
		t.Errorf("comparing the store with the streams: %v", err)
	}
	if _, err := d.lib.State(t.Context()); err != nil {
		t.Errorf("the state of the pipeline: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), natstest.Patience(t))
	defer cancel()
	var event *library.Event
	for event, err = range d.lib.Follow(ctx, library.Place{Sequence: 1}, time.Second) {
		if err != nil || event != nil {
			break // nil is a sign of life
		}
	}
	if err != nil || event == nil {
		t.Errorf("following revisions: %v, %v", event, err)
	}
}

// trim removes old messages as the indexer.
func (d *deployment) trim(t *testing.T) {
	t.Helper()
	for _, name := range []string{subject.StreamPages, subject.StreamArticles, subject.StreamOutcomes} {
		if err := topology.TrimStream(t.Context(), d.indexJS, name); err != nil {
			t.Error(err)
		}
		stream, err := d.indexJS.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Purge(t.Context(), jetstream.WithPurgeSequence(1)); err != nil {
			t.Errorf("purging %s: %v", name, err)
		}
	}
}

// erase erases two articles as the indexer. One has its page in the object store and a
// sample of drift, which the extractor stores.
func (d *deployment) erase(t *testing.T) {
	t.Helper()
	erased, err := d.lib.Erase(t.Context(), d.site.URL+"/news/1")
	if err != nil || erased.Pages != 1 || erased.Records == 0 {
		t.Errorf("erasing an article: %+v, %v", erased, err)
	}
	hit, err := d.lib.Article(t.Context(), library.Name(d.site.URL+"/news/big"))
	if err != nil {
		t.Fatal(err)
	}
	d.storeDrift(t, hit.Article.GetFinalUrl())
	if erased, err := d.lib.Erase(t.Context(), hit.ID); err != nil || erased.Pages != 2 {
		t.Errorf("erasing an article with a large page and a sample: %+v, %v", erased, err)
	}
}

// storeDrift stores an alarm and a sample page as the extractor. It takes many pages to
// raise an alarm, so it writes to the bucket itself.
func (d *deployment) storeDrift(t *testing.T, address string) {
	t.Helper()
	const signal = datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE
	drift, err := d.extractJS.KeyValue(t.Context(), subject.BucketDrift)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drift.Put(t.Context(), subject.DriftAlarm("com.example", signal), []byte("x")); err != nil {
		t.Errorf("storing an alarm: %v", err)
	}
	sample, err := proto.Marshal(&datelinev1.DriftSample{Url: address, HtmlZstd: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	url, err := weburl.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drift.Put(t.Context(), subject.DriftSample(url.SubjectHost(), signal, 1), sample); err != nil {
		t.Errorf("storing a sample: %v", err)
	}
}

// watchAsMonitor reads streams, consumers, leases and limits.
func (d *deployment) watchAsMonitor(t *testing.T) {
	t.Helper()
	_, js := connectAs(t, d.srv, "monitor", "dateline")
	for _, name := range subject.Streams() {
		stream, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Errorf("monitor: stream %s: %v", name, err)
			continue
		}
		list := stream.ListConsumers(t.Context())
		for range list.Info() {
		}
		if err := list.Err(); err != nil {
			t.Errorf("monitor: consumers of %s: %v", name, err)
		}
	}
	leases, err := js.Stream(t.Context(), subject.KVStream(subject.BucketLeases))
	if err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "a lease of each partition and one of the replica", func() bool {
		info, err := leases.Info(t.Context(), jetstream.WithSubjectFilter(subject.KVKey(subject.BucketLeases, ">")))
		return err == nil && len(info.State.Subjects) == subject.Partitions+1
	})
	if _, err := js.AccountInfo(t.Context()); err != nil {
		t.Errorf("monitor: %v", err)
	}
}
