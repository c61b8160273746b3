package doctor

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return goleak.Find() }))
}

// natsServer runs a server on loopback and returns its address.
func natsServer(t *testing.T, adjust func(*server.Options)) *server.Server {
	t.Helper()
	options := &server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
		MaxPayload: 8 << 20, JetStreamMaxStore: 64 << 30}
	adjust(options)
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
		t.Fatal("the server does not come up")
	}
	return s
}

// declare declares the streams through a connection with the given user.
func declare(t *testing.T, url string) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	natstest.Reconcile(t, js, topology.Limits{})
	return js
}

func read(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	for stream, name := range map[string]string{subject.StreamURLs: subject.ConsumerIntake, subject.StreamPages: subject.ConsumerExtract, subject.StreamArticles: subject.ConsumerIndex, subject.StreamOutcomes: subject.ConsumerLedger} {
		consumer, err := js.Consumer(t.Context(), stream, name)
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
		natstest.Eventually(t, "a reader of "+name, func() bool {
			info, err := consumer.Info(t.Context())
			return err == nil && info.NumWaiting > 0
		})
	}
	leases, err := js.KeyValue(t.Context(), subject.BucketLeases)
	if err != nil {
		t.Fatal(err)
	}
	for i := range subject.Partitions {
		if _, err := leases.PutString(t.Context(), fmt.Sprint(i), "a fetcher"); err != nil {
			t.Fatal(err)
		}
	}
}

// found is what a part finds, a line each.
func found(t *testing.T, part func(context.Context, Target, *report), target Target) string {
	t.Helper()
	if target.Timeout == 0 {
		target.Timeout = natstest.Patience(t)
	}
	var r report
	part(t.Context(), target, &r)
	var lines []string
	for _, f := range r {
		if f.Status == Problem && f.Advice == "" {
			t.Errorf("of %q it does not say what to do", f.Found)
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s", f.Status, f.Check, f.Found))
	}
	return strings.Join(lines, "\n")
}

func wantLines(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, line := range want {
		if !strings.Contains(got, line) {
			t.Errorf("it does not say %q, but\n%s", line, got)
		}
	}
}

func serverURL(s *server.Server, user string) string {
	if user == "" {
		return s.ClientURL()
	}
	return strings.Replace(s.ClientURL(), "nats://", "nats://"+user+"@", 1)
}

func TestNATSInOrder(t *testing.T) {
	s := natsServer(t, func(o *server.Options) { o.SyncAlways, o.HTTPHost, o.HTTPPort = true, "127.0.0.1", server.RANDOM_PORT })
	read(t, declare(t, serverURL(s, "")))
	got := found(t, examineNATS, Target{NATS: bus.Config{URL: serverURL(s, "")}, Monitor: s.MonitorAddr().String()})
	if strings.Contains(got, "problem") || strings.Contains(got, "skipped") {
		t.Errorf("a server in order has problems:\n%s", got)
	}
	wantLines(t, got, "ok nats: NATS 2.", "ok nats sync: acked messages are on disk", "ok permissions: the server takes everybody without a password, on this machine alone",
		"ok streams: 7 streams", "ok clock: NATS and this machine agree", "ok limits:", "ok consumers: every stage reads", "ok dead letters: there are none")
}

// TestNATSMisconfigured runs a server that is wrong in each way.
func TestNATSMisconfigured(t *testing.T) {
	asIs := func(*server.Options) {}
	users := func(permissions *server.Permissions) func(*server.Options) {
		return func(o *server.Options) {
			o.Users = []*server.User{{Username: "admin", Password: "admin"}, {Username: "service", Password: "service", Permissions: permissions}}
		}
	}
	update := func(t *testing.T, js jetstream.JetStream, name string, do func(*jetstream.StreamConfig)) {
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
	for name, test := range map[string]struct {
		server func(*server.Options)
		user   string
		// spoil makes what is declared go wrong; nil declares nothing.
		spoil   func(*testing.T, jetstream.JetStream)
		monitor bool
		config  bus.Config
		// timeout bounds each check if some of them get no answer.
		timeout time.Duration
		want    []string
	}{
		"no JetStream": {server: func(o *server.Options) { o.JetStream = false }, want: []string{"problem streams: JetStream does not answer", "skipped consumers: needs JetStream"}},
		"small messages": {server: func(o *server.Options) { o.MaxPayload = 1 << 20 },
			want: []string{"problem nats: the server takes messages of at most 1024 KB, and pages may have 8 MB"}},
		"nothing declared": {server: asIs, want: []string{"problem streams: stream URLS does not exist", "problem streams: bucket dateline-leases does not exist"}},
		"wrong password":   {server: users(nil), user: "service:wrong", want: []string{"problem nats: no connection to 127.0.0.1:", "Authorization Violation", "skipped streams: needs NATS"}},
		"all is permitted": {server: users(nil), user: "service:service",
			want: []string{"problem permissions: the user service of account $G may publish to any subject", "problem permissions: the user service of account $G may delete streams"}},
		"streams may be deleted": {server: users(&server.Permissions{Publish: &server.SubjectPermission{Allow: []string{"$JS.API.>", "$SYS.REQ.USER.INFO"}}}), user: "service:service",
			want: []string{"may delete streams"}},
		"only what is needed": {server: users(&server.Permissions{Publish: &server.SubjectPermission{Allow: []string{"$JS.API.>", "$SYS.REQ.USER.INFO"}, Deny: []string{"$JS.API.STREAM.DELETE.>"}}}), user: "service:service",
			want: []string{"ok permissions: the user service may neither"}},
		"nothing may be read": {server: users(&server.Permissions{Publish: &server.SubjectPermission{Allow: []string{"urls"}}}), user: "service:service", timeout: 3 * time.Second,
			want: []string{"skipped permissions", "problem streams: JetStream does not answer"}},
		"a stream discards": {server: asIs, spoil: func(t *testing.T, js jetstream.JetStream) {
			update(t, js, subject.StreamPages, func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld })
		}, want: []string{"problem streams: stream PAGES has the discard policy"}},
		"too few replicas": {server: asIs, config: bus.Config{Replicas: 3}, spoil: func(*testing.T, jetstream.JetStream) {}, want: []string{"problem streams: stream PAGES has 1 replicas, but 3 are declared"}},
		"a full stream": {server: asIs, spoil: func(t *testing.T, js jetstream.JetStream) {
			update(t, js, subject.StreamDead, func(c *jetstream.StreamConfig) { c.MaxBytes = 10_000 })
			if _, err := js.Publish(t.Context(), "dead.fetch.timeout", make([]byte, 9_500)); err != nil {
				t.Fatal(err)
			}
		}, want: []string{"problem limits: stream DEAD is 9", "problem dead letters: 1 inputs failed for good: fetch.timeout 1"}},
		"nobody reads": {server: asIs, spoil: func(t *testing.T, js jetstream.JetStream) {
			if _, err := js.Publish(t.Context(), "pages.test", []byte("x")); err != nil {
				t.Fatal(err)
			}
		}, want: []string{"problem consumers: nobody reads PAGES (consumer extract), where 1 messages wait", "problem consumers: 64 of the frontier's 64 partitions have no fetcher"}},
		"a backlog": {server: asIs, spoil: func(t *testing.T, js jetstream.JetStream) {
			read(t, js)
			for range maxLag/100 + 25 {
				for range 100 {
					if _, err := js.PublishAsync("outcomes.fetch.produced", []byte("x")); err != nil {
						t.Fatal(err)
					}
				}
				<-js.PublishAsyncComplete()
			}
			// The reader of the tests acks nothing, so that as much is in work as may be.
			consumer, err := js.Consumer(t.Context(), subject.StreamOutcomes, subject.ConsumerLedger)
			if err != nil {
				t.Fatal(err)
			}
			natstest.Eventually(t, "all that may be is in work", func() bool {
				info, err := consumer.Info(t.Context())
				return err == nil && info.NumAckPending == info.Config.MaxAckPending
			})
		}, want: []string{"problem consumers: consumer ledger has as many messages in work as it may (2000)", "problem consumers: 10500 messages wait for the indexer"}},
		"not synced":   {server: func(o *server.Options) { o.HTTPHost, o.HTTPPort = "127.0.0.1", server.RANDOM_PORT }, monitor: true, want: []string{"problem nats sync: acked messages reach the disk only every 2m0s"}},
		"no monitor":   {server: asIs, monitor: true, want: []string{"problem nats sync: the monitoring at"}},
		"no such file": {server: asIs, config: bus.Config{Credentials: filepath.Join(t.TempDir(), "none.creds")}, want: []string{"problem nats: no connection"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := natsServer(t, test.server)
			if test.spoil != nil {
				test.spoil(t, declare(t, serverURL(s, "")))
			}
			target := Target{NATS: test.config, Timeout: test.timeout}
			target.NATS.URL = serverURL(s, test.user)
			if test.monitor {
				target.Monitor = "127.0.0.1:1"
				if s.MonitorAddr() != nil {
					target.Monitor = s.MonitorAddr().String()
				}
			}
			wantLines(t, found(t, examineNATS, target), test.want...)
		})
	}
}

// TestAsShipped examines a server with the users of the shipped deployment, as
// the one who may only look.
func TestAsShipped(t *testing.T) {
	accounts, err := filepath.Abs("../../../../deploy/nats/accounts.conf")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(accounts)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`\$(NATS_\w+_PASSWORD)`).FindAllStringSubmatch(string(text), -1) {
		t.Setenv(name[1], "k3Nd02mfLqPz8WxYb7Rt")
	}
	config := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := natsServer(t, func(o *server.Options) {
		if err := o.ProcessConfigFile(config); err != nil {
			t.Fatal(err)
		}
	})
	read(t, declare(t, serverURL(s, "operator:k3Nd02mfLqPz8WxYb7Rt")))
	got := found(t, examineNATS, Target{NATS: bus.Config{URL: serverURL(s, "monitor:k3Nd02mfLqPz8WxYb7Rt")}})
	if strings.Contains(got, "problem") {
		t.Errorf("as monitor:\n%s", got)
	}
	wantLines(t, got, "ok permissions: the user monitor may neither", "ok streams", "ok consumers", "ok dead letters")
	wantLines(t, found(t, examineNATS, Target{NATS: bus.Config{URL: serverURL(s, "operator:k3Nd02mfLqPz8WxYb7Rt")}}),
		"problem permissions: the user operator of account DATELINE may delete streams")
}

func TestStore(t *testing.T) {
	tables := func(dsn string) string {
		s, err := store.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return dsn
	}
	sqlite := tables("sqlite:" + filepath.Join(t.TempDir(), "articles.db"))
	letter := filepath.Join(t.TempDir(), "letter.txt")
	if err := os.WriteFile(letter, []byte(strings.Repeat("Dear reader. ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for dsn, want := range map[string][]string{
		sqlite:                  {"ok store: SQLite 3.", "tables of version"},
		"sqlite:/nonexistent/x": {"problem store: there is no store at /nonexistent/x"},
		"sqlite:" + letter:      {"problem store: reading the store", "name another file"},
		// The tests' server runs without fsync, as a superuser.
		tables(postgrestest.Database(t)):                      {"problem store: fsync is off", "problem store: the services' user is a superuser", "ok clock: the database and this machine agree"},
		postgrestest.Database(t):                              {"problem store: the store has no tables yet"},
		"postgres://u:secret@127.0.0.1:1/x?connect_timeout=2": {"problem store: reaching the store, database x at 127.0.0.1"},
		"postgres://u@127.0.0.1:port/x":                       {"problem store: reading the store's address"},
	} {
		got := found(t, examineStore, Target{StoreURL: dsn})
		wantLines(t, got, want...)
		if strings.Contains(got, "secret") {
			t.Errorf("it tells a password: %s", got)
		}
	}
}

// TestStoreIsLeftAlone: an older store is told of, and not brought up to date.
func TestStoreIsLeftAlone(t *testing.T) {
	dsn := postgrestest.Database(t)
	before := found(t, examineStore, Target{StoreURL: dsn})
	if after := found(t, examineStore, Target{StoreURL: dsn}); !strings.Contains(before, "no tables yet") || !strings.Contains(after, "no tables yet") {
		t.Errorf("first\n%s\nthen\n%s", before, after)
	}
}

func TestSecrets(t *testing.T) {
	for name, test := range map[string]struct {
		target Target
		want   string
	}{
		"none":     {Target{NATS: bus.Config{URL: "nats://127.0.0.1"}}, "skipped secrets"},
		"good":     {Target{NATS: bus.Config{URL: "nats://dateline:k3Nd02mfLqPz8WxYb7Rt@nats:4222"}, ReadToken: "9f86d081884c7d659a2feaa0c55ad015"}, "ok secrets: none of the 2"},
		"short":    {Target{NATS: bus.Config{URL: "nats://dateline:x7Q@nats:4222"}}, "problem secrets: the password in the address of NATS can be guessed"},
		"usual":    {Target{StoreURL: "postgres://dateline:dateline-password-1234@db/dateline"}, "problem secrets: the password in the address of the store can be guessed"},
		"the same": {Target{ReadToken: "9f86d081884c7d659a2feaa0", OperateToken: "9f86d081884c7d659a2feaa0"}, "problem secrets: http.read-token and http.operate-token are the same"},
	} {
		got := found(t, examineTokens, test.target)
		if !strings.Contains(got, test.want) || strings.Contains(got, "9f86d081") {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestServices(t *testing.T) {
	checks := func(err error) []telemetry.Check {
		return []telemetry.Check{{Name: "nats", Test: func(context.Context) error { return nil }}, {Name: "store", Test: func(context.Context) error { return err }}}
	}
	ready := httptest.NewServer(telemetry.Handler(telemetry.NewRegistry("test"), checks(nil)))
	defer ready.Close()
	ailing := httptest.NewServer(telemetry.Handler(telemetry.NewRegistry("test"), checks(fmt.Errorf("no route to the database"))))
	defer ailing.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	late := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	}))
	defer late.Close()
	got := found(t, examineAdmin, Target{Admin: []string{ready.URL, ailing.Listener.Addr().String(), other.URL, late.URL, "127.0.0.1:1"}})
	wantLines(t, got, "ok services: "+ready.URL+" is ready", "is not ready: store: no route to the database", other.URL+" answers 404 to /readyz",
		"problem clock: the clock of "+late.URL+" is -", "problem services: 127.0.0.1:1 does not answer")
	if got := found(t, examineWeb, Target{Web: other.URL}); !strings.Contains(got, "problem web: "+other.URL+" answers 404") {
		t.Error(got)
	}
	if got := found(t, examineDisk, Target{DataDir: t.TempDir(), MinFree: 1 << 50}); !strings.Contains(got, "MB are left on the disk") || !strings.Contains(got, "problem") {
		t.Error(got)
	}
}

// TestNothingAnswers: a deployment whose servers take connections and then say
// nothing gives findings, and no hang.
func TestNothingAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var held []net.Conn
		for {
			conn, err := listener.Accept()
			if err != nil {
				for _, one := range held {
					one.Close()
				}
				return
			}
			held = append(held, conn)
		}
	}()
	defer func() {
		listener.Close()
		<-ended
	}()
	addr := listener.Addr().String()
	findings := Examine(t.Context(), Target{NATS: bus.Config{URL: "nats://" + addr}, Monitor: addr, StoreURL: "postgres://u:p@" + addr + "/x",
		Admin: []string{addr}, Web: addr, DataDir: "/nonexistent", Timeout: 300 * time.Millisecond})
	for _, check := range []string{"nats", "store", "disk", "services", "web"} {
		if !slices.ContainsFunc(findings, func(f Finding) bool { return f.Check == check && f.Status == Problem }) {
			t.Errorf("nothing is found of %s: %+v", check, findings)
		}
	}
}
