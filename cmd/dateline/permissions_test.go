package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/process"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestUsersHaveTheirPermissions runs the services with the users in deploy/nats, and
// then everything else that these users do. The server must refuse nothing.
func TestUsersHaveTheirPermissions(t *testing.T) {
	t.Parallel()
	srv, refused := deployedNATS(t)
	_, setup := connectAs(t, srv, "setup", "declare")
	for range 2 { // the second time, nothing is missing
		if err := topology.Reconcile(t.Context(), setup, topology.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	articles, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "articles.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { articles.Close() })
	d := &deployment{srv: srv, site: permissionsSite(t), articles: articles}
	stop := d.start(t)
	defer func() {
		stop()
		if lines := refused.all(); len(lines) > 0 {
			t.Errorf("the server refused what a user needs:\n%s", strings.Join(lines, "\n"))
		}
	}()
	d.checkServices(t)
	d.publishAsClient(t)
	d.requeue(t)
	d.read(t)
	d.trim(t)
	d.erase(t)
	d.watchAsMonitor(t)
}

// checkServices does what the services do beside their stages: they wait for the
// streams, observe backlogs and check their health.
func (d *deployment) checkServices(t *testing.T) {
	t.Helper()
	for _, service := range []struct {
		nc     *nats.Conn
		js     jetstream.JetStream
		inputs []backlog.Input
	}{
		{d.fetchNC, d.fetchJS, fetcher.Inputs()},
		{d.extractNC, d.extractJS, extractor.Inputs()},
		{d.indexNC, d.indexJS, indexer.Inputs()},
	} {
		if err := topology.Await(t.Context(), service.js, topology.Limits{}); err != nil {
			t.Fatal(err)
		}
		backlog.New(service.js, prometheus.NewRegistry(), slog.New(slog.DiscardHandler), time.Now, service.inputs...).
			Refresh(t.Context())
		for _, check := range process.Checks(service.nc, service.js) {
			if err := check.Test(t.Context()); err != nil {
				t.Errorf("%s: %v", check.Name, err)
			}
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
		letters, err = d.lib.DeadLetters(t.Context(), deadletter.Filter{}, after, 10)
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
	if _, err := d.lib.State(t.Context()); err != nil {
		t.Errorf("the state of the pipeline: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for event, err := range d.lib.Follow(ctx, 1, natstest.Patience(t)) {
		if err != nil || event == nil {
			t.Errorf("following revisions: %v, %v", event, err)
		}
		break
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
	leases, err := js.KeyValue(t.Context(), subject.BucketLeases)
	if err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "a lease of each partition and one of the replica", func() bool {
		keys, err := leases.Keys(t.Context())
		return err == nil && len(keys) == subject.Partitions+1
	})
	if _, err := js.AccountInfo(t.Context()); err != nil {
		t.Errorf("monitor: %v", err)
	}
}
