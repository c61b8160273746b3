package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// startNATS runs a server on loopback. adjust, if not nil, changes its options.
func startNATS(t *testing.T, adjust func(*server.Options)) *server.Server {
	t.Helper()
	options := &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, MaxPayload: 8 << 20,
		JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 64 << 30,
	}
	if adjust != nil {
		adjust(options)
	}
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(natstest.Patience(t)) {
		t.Fatal("the server does not accept connections")
	}
	return s
}

// withMonitor enables the monitoring endpoint of a server.
func withMonitor(o *server.Options) { o.HTTPHost, o.HTTPPort = "127.0.0.1", server.RANDOM_PORT }

// urlOf returns the URL of a server for a user, given as name:password, or for nobody.
func urlOf(s *server.Server, user string) string {
	if user == "" {
		return s.ClientURL()
	}
	return strings.Replace(s.ClientURL(), "nats://", "nats://"+user+"@", 1)
}

// declare connects to a server and declares the streams.
func declare(t *testing.T, url string) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(url, nats.Timeout(natstest.Patience(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, js, topology.Limits{Archive: true})
	return js
}

// readAll reads every stream like the services do, but without acking, and takes the
// lease of every partition.
func readAll(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	for _, c := range stageConsumers() {
		consumer, err := js.Consumer(t.Context(), c.stream, c.consumer)
		if err != nil {
			t.Fatal(err)
		}
		messages, err := consumer.Messages()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(messages.Stop)
		go func() {
			for _, err := messages.Next(); err == nil; _, err = messages.Next() {
			}
		}()
		natstest.Eventually(t, "a reader of "+c.consumer, func() bool {
			info, err := consumer.Info(t.Context())
			return err == nil && info.NumWaiting > 0
		})
	}
	leases, err := js.KeyValue(t.Context(), subject.BucketLeases)
	if err != nil {
		t.Fatal(err)
	}
	for i := range subject.Partitions {
		if _, err := leases.PutString(t.Context(), subject.PartitionLease(i), "a fetcher"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHealthyNATS(t *testing.T) {
	s := startNATS(t, func(o *server.Options) {
		o.SyncAlways = true
		withMonitor(o)
	})
	readAll(t, declare(t, urlOf(s, "")))
	articles := "sqlite:" + filepath.Join(t.TempDir(), "articles.db")
	createTables(t, articles)
	got := findings(t, examineNATS, Target{
		NATS: bus.Config{URL: urlOf(s, "")}, Monitor: s.MonitorAddr().String(), StoreURL: articles,
	})
	if strings.Contains(got, "problem") || strings.Count(got, "skipped") != 1 { // of the archive
		t.Errorf("a healthy server has problems:\n%s", got)
	}
	wantLines(t, got,
		"ok nats: NATS 2.",
		"ok nats sync: acked messages are on disk",
		"ok permissions: the server accepts clients without a password, but only from this machine",
		"ok streams: 9 streams",
		"ok clock: the clocks of NATS and this machine agree",
		"ok limits:",
		"ok consumers: every stage reads",
		"ok dead letters: no dead letters",
		"skipped archive: nothing is archived",
	)
}

// TestShippedUsers examines a server with the users of deploy/nats/accounts.conf: as
// monitor, who may only read, and as operator, who may do too much.
func TestShippedUsers(t *testing.T) {
	const password = "k3Nd02mfLqPz8WxYb7Rt"
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "deploy", "nats", "accounts.conf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`\$(NATS_\w+_PASSWORD)`).FindAllStringSubmatch(string(text), -1) {
		t.Setenv(name[1], password)
	}
	config := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := startNATS(t, func(o *server.Options) {
		if err := o.ProcessConfigFile(config); err != nil {
			t.Fatal(err)
		}
	})
	monitor, operator := urlOf(s, "monitor:"+password), urlOf(s, "operator:"+password)
	readAll(t, declare(t, operator))
	got := findings(t, examineNATS, Target{NATS: bus.Config{URL: monitor}})
	if strings.Contains(got, "problem") {
		t.Errorf("as monitor:\n%s", got)
	}
	wantLines(t, got, "ok permissions: the user monitor of account MONITOR may not delete",
		"ok streams", "ok consumers", "ok dead letters")
	got = findings(t, examineNATS, Target{NATS: bus.Config{URL: operator}})
	if strings.Contains(got, "problem") {
		t.Errorf("as operator:\n%s", got)
	}
	wantLines(t, got, "ok permissions: the user operator of account DATELINE may do everything")
}
