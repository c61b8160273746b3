package doctor

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// fault is a server with one fault.
type fault struct {
	server func(*server.Options)
	// user is the user who examines the server, as name:password. It is empty for no
	// user.
	user string
	// spoil breaks the declared streams and consumers. If it is nil, nothing is
	// declared.
	spoil   func(*testing.T, jetstream.JetStream)
	monitor bool
	config  bus.Config
	// timeout bounds each check. It is set if some requests are never answered.
	timeout time.Duration
	want    []string
}

func (f fault) test(t *testing.T) {
	t.Parallel()
	s := startNATS(t, f.server)
	if f.spoil != nil {
		f.spoil(t, declare(t, urlOf(s, "")))
	}
	target := Target{NATS: f.config, Timeout: f.timeout}
	target.NATS.URL = urlOf(s, f.user)
	if f.monitor {
		target.Monitor = "127.0.0.1:1"
		if s.MonitorAddr() != nil {
			target.Monitor = s.MonitorAddr().String()
		}
	}
	wantLines(t, findings(t, examineNATS, target), f.want...)
}

// service is a user with restricted permissions.
const service = "service:service"

// withUsers adds the user service, who may publish only to the allowed subjects that are
// not denied. Without allowed subjects, the user may do everything.
func withUsers(allow []string, deny ...string) func(*server.Options) {
	var permissions *server.Permissions
	if allow != nil {
		permissions = &server.Permissions{Publish: &server.SubjectPermission{Allow: allow, Deny: deny}}
	}
	return func(o *server.Options) {
		o.Users = []*server.User{
			{Username: "admin", Password: "admin"},
			{Username: "service", Password: "service", Permissions: permissions},
			{Username: "operator", Password: "operator"},
		}
	}
}

func TestServerFaults(t *testing.T) {
	for name, f := range map[string]fault{
		"no JetStream": {
			server: func(o *server.Options) { o.JetStream = false },
			want:   []string{"problem streams: JetStream does not answer", "skipped consumers: needs JetStream"},
		},
		"small messages": {
			server: func(o *server.Options) { o.MaxPayload = 1 << 20 },
			want:   []string{"problem nats: the server accepts messages of at most 1024 KB, but pages can have 8 MB"},
		},
		"not synced": {
			server: withMonitor, monitor: true,
			want: []string{"problem nats sync: acked messages are written to disk only every 2m0s"},
		},
		"no monitor": {monitor: true, want: []string{"problem nats sync: the monitoring endpoint at"}},
		"no such file": {
			config: bus.Config{Credentials: filepath.Join(t.TempDir(), "none.creds")},
			want:   []string{"problem nats: no connection"},
		},
	} {
		t.Run(name, f.test)
	}
}

func TestPermissionFaults(t *testing.T) {
	api := []string{"$JS.API.>", "$SYS.REQ.USER.INFO"}
	for name, f := range map[string]fault{
		"wrong password": {
			server: withUsers(nil), user: "service:wrong",
			want: []string{
				"problem nats: no connection to 127.0.0.1:", "Authorization Violation", "skipped streams: needs NATS",
			},
		},
		"everything is allowed": {
			server: withUsers(nil), user: service,
			want: []string{
				"problem permissions: the user service of account $G may publish to any subject",
				"problem permissions: the user service of account $G may delete streams",
			},
		},
		"maintenance as operator": {
			server: withUsers(nil), user: "operator:operator",
			want: []string{"ok permissions: the user operator of account $G may do everything"},
		},
		"streams can be deleted": {
			server: withUsers(api), user: service,
			want: []string{"may delete streams"},
		},
		"only what is needed": {
			server: withUsers(api, "$JS.API.STREAM.DELETE.>"), user: service,
			want: []string{"ok permissions: the user service may neither"},
		},
		"nothing can be read": {
			server: withUsers([]string{"urls"}), user: service, timeout: 3 * time.Second,
			want: []string{"skipped permissions", "problem streams: JetStream does not answer"},
		},
	} {
		t.Run(name, f.test)
	}
}

func TestStreamFaults(t *testing.T) {
	for name, f := range map[string]fault{
		"nothing declared": {
			want: []string{
				"problem streams: stream URLS does not exist", "problem streams: bucket dateline-leases does not exist",
			},
		},
		"a stream discards": {
			spoil: func(t *testing.T, js jetstream.JetStream) {
				update(t, js, subject.StreamPages, func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld })
			},
			want: []string{"problem streams: stream PAGES has the discard policy"},
		},
		"too few replicas": {
			config: bus.Config{Replicas: 3},
			spoil:  func(*testing.T, jetstream.JetStream) {},
			want:   []string{"problem streams: stream PAGES has 1 replicas, but 3 are declared"},
		},
		"a full stream": {
			spoil: func(t *testing.T, js jetstream.JetStream) {
				update(t, js, subject.StreamDead, func(c *jetstream.StreamConfig) { c.MaxBytes = 10_000 })
				publish(t, js, subject.Dead(datelinev1.Stage_STAGE_FETCH, "timeout"), 9_500)
			},
			want: []string{
				"problem limits: stream DEAD is 9", "problem dead letters: 1 input failed permanently: fetch.timeout 1",
			},
		},
		"nobody reads": {
			spoil: func(t *testing.T, js jetstream.JetStream) { publish(t, js, subject.Pages("test"), 1) },
			want: []string{
				"problem consumers: no extractor reads stream PAGES (consumer extract): 1 message waits",
				"problem consumers: 64 of the frontier's 64 partitions have no fetcher",
			},
		},
		"a partition without owner": {
			spoil: func(t *testing.T, js jetstream.JetStream) {
				leases, err := js.KeyValue(t.Context(), subject.BucketLeases)
				if err != nil {
					t.Fatal(err)
				}
				keys := []string{subject.ReplicaLease("one")}
				for p := range subject.Partitions - 1 {
					keys = append(keys, subject.PartitionLease(p))
				}
				for _, key := range keys {
					if _, err := leases.PutString(t.Context(), key, "one"); err != nil {
						t.Fatal(err)
					}
				}
			},
			want: []string{"problem consumers: 1 of the frontier's 64 partitions have no fetcher"},
		},
		"a backlog": {
			spoil: fillBacklog,
			want: []string{
				"problem consumers: consumer ledger has its maximum of 2000 messages in progress",
				"problem consumers: 10500 messages wait for the indexer",
			},
		},
	} {
		t.Run(name, f.test)
	}
}

// update changes the configuration of a stream.
func update(t *testing.T, js jetstream.JetStream, name string, change func(*jetstream.StreamConfig)) {
	t.Helper()
	stream, err := js.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	change(&config)
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
}

// publish publishes a message of the given size.
func publish(t *testing.T, js jetstream.JetStream, name string, size int) {
	t.Helper()
	if _, err := js.Publish(t.Context(), name, make([]byte, size)); err != nil {
		t.Fatal(err)
	}
}

// fillBacklog publishes more outcomes than may wait. A reader receives as many as can be
// in progress, and acks none.
func fillBacklog(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	readAll(t, js)
	to := subject.Outcomes(datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_PRODUCED)
	for range maxBacklog/100 + 25 {
		for range 100 {
			if _, err := js.PublishAsync(to, []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		<-js.PublishAsyncComplete()
	}
	consumer, err := js.Consumer(t.Context(), subject.StreamOutcomes, subject.ConsumerLedger)
	if err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "the maximum of messages in progress", func() bool {
		info, err := consumer.Info(t.Context())
		return err == nil && info.NumAckPending == info.Config.MaxAckPending
	})
}
