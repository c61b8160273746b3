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

// configs are all streams of a server, those of its buckets included.
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
		if lossless := config.Discard == jetstream.DiscardNew || name == subject.StreamRevisions; !lossless || config.MaxBytes <= 0 || config.Storage != jetstream.FileStorage {
			t.Errorf("stream %s can lose messages or has no bound: %+v", name, config)
		}
	}
	if len(first) != len(subject.Streams())+5 {
		t.Errorf("%d streams, want %d and those of 5 buckets", len(first), len(subject.Streams()))
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

func TestReconcileLeavesWhatIsNotItsOwn(t *testing.T) {
	for _, test := range []struct {
		name   string
		config jetstream.StreamConfig
		want   []string
	}{
		{
			"other retention",
			jetstream.StreamConfig{Name: subject.StreamURLs, Subjects: []string{"urls", "urls.>"}, Retention: jetstream.InterestPolicy},
			[]string{"URLS", "Interest", "WorkQueue", "nats stream rm URLS"},
		},
		{
			"somebody's subjects",
			jetstream.StreamConfig{Name: subject.StreamPages, Subjects: []string{"wiki.pages"}},
			[]string{"PAGES", "wiki.pages", "not Dateline's"},
		},
		{
			"other storage",
			jetstream.StreamConfig{Name: subject.StreamDead, Subjects: []string{"dead.*.*"}, Storage: jetstream.MemoryStorage},
			[]string{"DEAD", "Memory", "File"},
		},
		{
			"newer version",
			jetstream.StreamConfig{
				Name: subject.StreamArticles, Subjects: []string{"articles.>"},
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
					t.Errorf("the error does not say %q: %v", part, err)
				}
			}
			if after := configs(t, js); !reflect.DeepEqual(before, after) {
				t.Errorf("something was changed:\n%+v\n%+v", before, after)
			}
		})
	}
}

func TestReconcileReportsAllConflictsAtOnce(t *testing.T) {
	js := server(t)
	for _, name := range []string{subject.StreamPages, subject.StreamDead} {
		if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{"x." + name}}); err != nil {
			t.Fatal(err)
		}
	}
	err := topology.Reconcile(t.Context(), js, topology.Limits{})
	if err == nil || !strings.Contains(err.Error(), "PAGES") || !strings.Contains(err.Error(), "DEAD") {
		t.Fatalf("got %v, want both streams named", err)
	}
}

func TestReconcileKeepsWhatAnOperatorChose(t *testing.T) {
	js := server(t)
	natstest.Reconcile(t, js, topology.Limits{})
	chosen := configs(t, js)[subject.StreamFrontier]
	chosen.MaxBytes *= 4
	chosen.MaxMsgsPerSubject *= 2
	chosen.Compression = jetstream.S2Compression
	chosen.Discard, chosen.DiscardNewPerSubject = jetstream.DiscardOld, false // this is not for him to choose
	if _, err := js.UpdateStream(t.Context(), chosen); err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, js, topology.Limits{})
	got := configs(t, js)[subject.StreamFrontier]
	if got.MaxBytes != chosen.MaxBytes || got.MaxMsgsPerSubject != chosen.MaxMsgsPerSubject || got.Compression != chosen.Compression {
		t.Errorf("the operator's choice is gone: %+v", got)
	}
	if got.Discard != jetstream.DiscardNew || !got.DiscardNewPerSubject {
		t.Errorf("the stream still drops messages: %+v", got)
	}
}

func TestSubjectsOfOddLanguages(t *testing.T) {
	for language, want := range map[string]string{
		"": "articles.und.com.example", "pt-BR": "articles.pt-br.com.example",
		"en US": "articles.und.com.example", "en.>": "articles.und.com.example", "日本": "articles.und.com.example",
	} {
		if got := subject.Articles(language, "com.example"); got != want {
			t.Errorf("language %q: subject %q, want %q", language, got, want)
		}
	}
}
