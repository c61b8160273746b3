package topology_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

func server(t *testing.T) jetstream.JetStream {
	_, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	return js
}

// configs returns the configurations of all streams, including those of buckets.
func configs(t *testing.T, js jetstream.JetStream) map[string]jetstream.StreamConfig {
	t.Helper()
	all := map[string]jetstream.StreamConfig{}
	list := js.ListStreams(t.Context())
	for info := range list.Info() {
		all[info.Config.Name] = info.Config
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestReconcileDeclaresEverythingOnce(t *testing.T) {
	js := server(t)
	natstest.Reconcile(t, js, topology.Limits{})
	first := configs(t, js)
	for _, name := range subject.Streams() {
		config, found := first[name]
		if !found {
			t.Fatalf("stream %s is missing", name)
		}
		lossless := config.Discard == jetstream.DiscardNew || name == subject.StreamRevisions
		if !lossless || config.MaxBytes <= 0 || config.Storage != jetstream.FileStorage {
			t.Errorf("stream %s can lose messages or has no bound: %+v", name, config)
		}
	}
	if len(first) != len(subject.Streams())+6 {
		t.Errorf("got %d streams, want %d and those of 6 buckets", len(first), len(subject.Streams()))
	}
	natstest.Reconcile(t, js, topology.Limits{})
	if second := configs(t, js); !reflect.DeepEqual(first, second) {
		t.Errorf("the second run changed something:\n%+v\n%+v", first, second)
	}
}

func TestReconcileInSeveralProcessesAtOnce(t *testing.T) {
	server := natstest.Server(t, t.TempDir())
	var tasks errgroup.Group
	for range 6 {
		_, js := natstest.Connect(t, server)
		tasks.Go(func() error { return topology.Reconcile(t.Context(), js, topology.Limits{}) })
	}
	if err := tasks.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestReconcileRefusesStreamsThatDoNotFit(t *testing.T) {
	for _, test := range []struct {
		name   string
		config jetstream.StreamConfig
		want   []string
	}{
		{
			"other retention",
			jetstream.StreamConfig{
				Name: subject.StreamURLs, Subjects: []string{subject.URLs, subject.AllURLs}, Retention: jetstream.InterestPolicy,
			},
			[]string{"URLS", "Interest", "WorkQueue", "nats stream rm URLS"},
		},
		{
			"foreign subjects",
			jetstream.StreamConfig{Name: subject.StreamPages, Subjects: []string{"wiki.pages"}},
			[]string{"PAGES", "wiki.pages", "not Dateline's"},
		},
		{
			"other storage",
			jetstream.StreamConfig{
				Name: subject.StreamDead, Subjects: []string{subject.AllDead}, Storage: jetstream.MemoryStorage,
			},
			[]string{"DEAD", "Memory", "File"},
		},
		{
			"newer version",
			jetstream.StreamConfig{
				Name: subject.StreamArticles, Subjects: []string{subject.AllArticles},
				Metadata: map[string]string{"dateline.schema": "2"},
			},
			[]string{"ARTICLES", "newer version", "schema 2"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			js := server(t)
			if _, err := js.CreateStream(t.Context(), test.config); err != nil {
				t.Fatal(err)
			}
			before := configs(t, js)
			err := topology.Reconcile(t.Context(), js, topology.Limits{})
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error does not contain %q: %v", part, err)
				}
			}
			if after := configs(t, js); !reflect.DeepEqual(before, after) {
				t.Errorf("something was changed:\n%+v\n%+v", before, after)
			}
		})
	}
}

// TestReconcileExplainsRefusals declares objects that exist with settings that the server
// cannot change, as in the data folder of another version.
func TestReconcileExplainsRefusals(t *testing.T) {
	js := server(t)
	natstest.Reconcile(t, js, topology.Limits{})
	if err := js.DeleteConsumer(t.Context(), subject.StreamPages, subject.ConsumerExtract); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateConsumer(t.Context(), subject.StreamPages, jetstream.ConsumerConfig{
		Durable: subject.ConsumerExtract, AckPolicy: jetstream.AckNonePolicy,
	}); err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteKeyValue(t.Context(), subject.BucketDrift); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{
		Bucket: subject.BucketDrift, Storage: jetstream.MemoryStorage,
	}); err != nil {
		t.Fatal(err)
	}
	err := topology.Reconcile(t.Context(), js, topology.Limits{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{
		"consumer extract of stream PAGES", "another version", "nats consumer rm PAGES extract", "--data",
		"nats kv rm dateline-drift",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not contain %q: %v", part, err)
		}
	}
}

func TestReconcileReportsAllConflictsAtOnce(t *testing.T) {
	js := server(t)
	for _, name := range []string{subject.StreamPages, subject.StreamDead} {
		foreign := jetstream.StreamConfig{Name: name, Subjects: []string{"x." + name}}
		if _, err := js.CreateStream(t.Context(), foreign); err != nil {
			t.Fatal(err)
		}
	}
	err := topology.Reconcile(t.Context(), js, topology.Limits{})
	if err == nil || !strings.Contains(err.Error(), "PAGES") || !strings.Contains(err.Error(), "DEAD") {
		t.Fatalf("got %v, want both streams named", err)
	}
}

func TestReconcileKeepsRaisedBounds(t *testing.T) {
	js := server(t)
	natstest.Reconcile(t, js, topology.Limits{})
	chosen := configs(t, js)[subject.StreamFrontier]
	chosen.MaxBytes *= 4
	chosen.MaxMsgsPerSubject *= 2
	chosen.Compression = jetstream.S2Compression
	chosen.Discard, chosen.DiscardNewPerSubject = jetstream.DiscardOld, false // not the operator's choice
	if _, err := js.UpdateStream(t.Context(), chosen); err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, js, topology.Limits{})
	got := configs(t, js)[subject.StreamFrontier]
	if got.MaxBytes != chosen.MaxBytes || got.MaxMsgsPerSubject != chosen.MaxMsgsPerSubject ||
		got.Compression != chosen.Compression {
		t.Errorf("the operator's choice was lost: %+v", got)
	}
	if got.Discard != jetstream.DiscardNew || !got.DiscardNewPerSubject {
		t.Errorf("the stream still drops messages: %+v", got)
	}
}

// removed is how the server reports a size or count without a bound.
const removed = -1

func TestReconcileKeepsRemovedBounds(t *testing.T) {
	js := server(t)
	natstest.Reconcile(t, js, topology.Limits{})
	names := append(subject.Streams(),
		subject.KVStream(subject.BucketDrift), subject.KVStream(subject.BucketHosts),
		subject.ObjectStream(subject.BucketBodies))
	for _, name := range names {
		chosen := configs(t, js)[name]
		chosen.MaxBytes, chosen.MaxAge = removed, 0
		if name == subject.StreamFrontier {
			// The server refuses this policy without the bound.
			chosen.MaxMsgsPerSubject, chosen.DiscardNewPerSubject = removed, false
		}
		if _, err := js.UpdateStream(t.Context(), chosen); err != nil {
			t.Fatalf("stream %s: %v", name, err)
		}
	}
	natstest.Reconcile(t, js, topology.Limits{})
	for _, name := range names {
		if got := configs(t, js)[name]; got.MaxBytes != removed || got.MaxAge != 0 {
			t.Errorf("stream %s has the bounds %d bytes and %s again", name, got.MaxBytes, got.MaxAge)
		}
	}
	if got := configs(t, js)[subject.StreamFrontier].MaxMsgsPerSubject; got != removed {
		t.Errorf("the frontier has the bound %d messages per subject again", got)
	}
	found, err := topology.Compare(t.Context(), js, topology.Limits{})
	if err != nil || len(found) > 0 {
		t.Errorf("got differences %+v and error %v, want none", found, err)
	}
}

func TestReconcileKeepsRaisedBoundsOfBuckets(t *testing.T) {
	js := server(t)
	natstest.Reconcile(t, js, topology.Limits{})
	drift := subject.KVStream(subject.BucketDrift)
	chosen := configs(t, js)[drift]
	chosen.MaxBytes *= 2
	chosen.MaxAge *= 2
	if _, err := js.UpdateStream(t.Context(), chosen); err != nil {
		t.Fatal(err)
	}
	leases := subject.KVStream(subject.BucketLeases)
	longer := configs(t, js)[leases]
	longer.MaxAge = 2 * topology.LeaseTTL
	if _, err := js.UpdateStream(t.Context(), longer); err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, js, topology.Limits{})
	if got := configs(t, js)[drift]; got.MaxBytes != chosen.MaxBytes || got.MaxAge != chosen.MaxAge {
		t.Errorf("the bucket has the bounds %d bytes and %s, want %d and %s",
			got.MaxBytes, got.MaxAge, chosen.MaxBytes, chosen.MaxAge)
	}
	if got := configs(t, js)[leases].MaxAge; got != topology.LeaseTTL {
		t.Errorf("leases live for %s, want %s", got, topology.LeaseTTL)
	}
}
