package fetcher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
)

const (
	// lengthVariable sets the length of the simulation by its own clock, such as
	// 24h.
	lengthVariable = "DATELINE_SIMULATED"
	// processVariable is set in the process that runs only the simulation.
	processVariable = "DATELINE_SIMULATION_PROCESS"

	defaultLength = 2 * time.Hour

	// simDelay is the pause of the simulated fetcher between two requests to a host.
	simDelay = 30 * time.Second
	// simLeaseTTL is longer than usual: the cost of renewing leases is not part of
	// the simulation.
	simLeaseTTL = 10 * time.Minute
)

// TestSimulatedTime runs the whole fetcher, with a NATS server, against sites with
// hostile habits. Its clock jumps from event to event.
func TestSimulatedTime(t *testing.T) {
	if !inOwnProcess(t) {
		return
	}
	length := defaultLength
	if text := os.Getenv(lengthVariable); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	stopServerClock()
	synctest.Test(t, func(t *testing.T) { simulate(t, length) })
}

// inOwnProcess reports whether this process runs only the current test. If not, it runs the test in such a process.
//
// The NATS client keeps a pool of timers for the whole process. A timer that was created in simulated time must not be
// reused by goroutines that an earlier test has left behind.
func inOwnProcess(t *testing.T) bool {
	t.Helper()
	if os.Getenv(processVariable) != "" {
		return true
	}
	t.Parallel()
	simulation := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=0")
	simulation.Env = append(os.Environ(), processVariable+"=1")
	report, err := simulation.CombinedOutput()
	t.Logf("%s", report)
	if err != nil {
		t.Fatalf("running the simulation: %v", err)
	}
	return false
}

func simulate(t *testing.T, length time.Duration) {
	t.Helper()
	nc, js := simulatedServer(t, t.TempDir(), topology.Limits{Freshness: time.Hour})
	web := newSimulatedWeb()
	defer web.close()
	stop := runSimulated(t, nc, js, web, simulatedConfig())

	published := 0
	var early, late usage
	tallies := map[string]int{}
	for at := time.Duration(0); at < length; at += time.Minute {
		for _, s := range web.sites {
			url := fmt.Sprintf("http://%s/%d", s.host, pathOf(int(at/time.Minute)))
			if _, err := js.Publish(t.Context(), subject.URLs, []byte(url)); err != nil {
				t.Fatal(err)
			}
			published++
		}
		time.Sleep(time.Minute)
		if at == length/4 {
			early = measureUsage()
		}
		if at%(10*time.Minute) == 0 {
			drainStreams(t, js, tallies)
		}
	}
	late = measureUsage()
	if err := stop(); err != nil {
		t.Error(err)
	}
	drainStreams(t, js, tallies)
	t.Logf("%s of simulated time: %d URLs published, %d requests, outcomes %v", length, published, web.requests(), tallies)
	t.Logf("after a quarter %+v, at the end %+v", early, late)

	if late.goroutines > early.goroutines*3/2+50 || late.descriptors > early.descriptors+20 ||
		late.heap > 2*early.heap+(16<<20) {
		t.Errorf("resources leak: after a quarter %+v, at the end %+v", early, late)
	}
	checkTallies(t, tallies, messagesIn(t, js, subject.StreamFrontier))
	for _, s := range web.sites {
		if s.early > 0 {
			t.Errorf("%s (%s) was requested %d times too early, at least once %s after the previous request",
				s.host, s.habit, s.early, s.least)
		}
		if s.confused > 0 {
			t.Errorf("%s (%s) got %d conditional requests with other validators than those of the page",
				s.host, s.habit, s.confused)
		}
		if s.received == 0 {
			t.Errorf("%s (%s) was never requested", s.host, s.habit)
		}
	}
}

// simulatedServer starts a server whose connections do not leave the process.
func simulatedServer(t *testing.T, dir string, limits topology.Limits) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	simulateServerClock(t)
	server, err := natsembed.Start(natsembed.Config{Dir: dir, Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	nc, err := nats.Connect("", nats.InProcessServer(server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := topology.Reconcile(t.Context(), js, limits); err != nil {
		t.Fatal(err)
	}
	bucket := jetstream.KeyValueConfig{Bucket: subject.BucketLeases, TTL: simLeaseTTL, Storage: jetstream.FileStorage}
	if _, err := js.UpdateKeyValue(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
	return nc, js
}

// simulatedConfig is the configuration of a simulated fetcher.
func simulatedConfig() Config {
	config := DefaultConfig()
	config.UserAgent, config.AllowPrivate, config.Delay = "TestNews/1.0 (+https://example.com/bot)", true, simDelay
	config.RetryDelay, config.BreakerRest, config.MaxWait = time.Minute, 10*time.Minute, 6*time.Hour
	config.MaxAttempts, config.MaxBodyBytes = 2, 100_000
	return config
}

// runSimulated starts a fetcher for the sites. stop stops it and returns the result
// of Run.
func runSimulated(
	t *testing.T, nc *nats.Conn, js jetstream.JetStream, web *simulatedWeb, config Config,
) (stop func() error) {
	t.Helper()
	client, err := httpget.New(httpget.Config{
		UserAgent: config.UserAgent, AllowPrivate: true, Dial: web.dial, MaxBodyBytes: config.MaxBodyBytes,
		HeaderTimeout: config.HeaderTimeout, IdleBodyTimeout: config.IdleBodyTimeout, TotalTimeout: config.TotalTimeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	env := Env{NC: nc, JS: js, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)}
	f, err := newWith(t.Context(), env, config, client)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}

// checkTallies expects every kind of ending, and one ending for each admitted URL
// that does not wait.
func checkTallies(t *testing.T, tallies map[string]int, waiting int) {
	t.Helper()
	for _, ending := range []string{
		"intake produced", "intake duplicate seen", "fetch produced", "fetch produced truncated",
		"fetch unchanged not_modified", "fetch rejected robots_denied", "fetch rejected too_many_redirects",
		"fetch dead timeout", "fetch dead reset",
	} {
		if tallies[ending] == 0 {
			t.Errorf("no URL ended as %q", ending)
		}
	}
	done := 0
	for ending, n := range tallies {
		if strings.HasPrefix(ending, "fetch ") {
			done += n
		}
	}
	if admitted := tallies["intake produced"]; admitted != done+waiting {
		t.Errorf("%d URLs were admitted, but %d ended and %d wait", admitted, done, waiting)
	}
}

// pathOf returns the path that is requested in a minute. One in five was requested
// in the minute before, and one in five so long ago that it counts as unseen.
func pathOf(minute int) int {
	switch {
	case minute%5 == 1:
		return pathOf(minute - 1)
	case minute%5 == 2 && minute >= 75:
		return pathOf(minute - 75)
	}
	return minute
}

// usage is the resource usage of the process.
type usage struct {
	goroutines, descriptors int
	heap                    uint64
}

func measureUsage() usage {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	descriptors, _ := os.ReadDir("/proc/self/fd")
	return usage{runtime.NumGoroutine(), len(descriptors), stats.HeapAlloc}
}

// messagesIn returns the number of messages in a stream.
func messagesIn(t *testing.T, js jetstream.JetStream, name string) int {
	t.Helper()
	stream, err := js.Stream(context.WithoutCancel(t.Context()), name)
	if err != nil {
		t.Fatal(err)
	}
	return int(stream.CachedInfo().State.Msgs)
}

// drainStreams counts the outcomes and empties the streams, as the later stages
// would.
func drainStreams(t *testing.T, js jetstream.JetStream, tallies map[string]int) {
	t.Helper()
	stream, err := js.Stream(t.Context(), subject.StreamOutcomes)
	if err != nil {
		t.Fatal(err)
	}
	state := stream.CachedInfo().State
	for seq := state.FirstSeq; seq <= state.LastSeq; seq++ {
		msg, err := stream.GetMsg(t.Context(), seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		o := &datelinev1.Outcome{}
		if err := proto.Unmarshal(msg.Data, o); err != nil {
			t.Fatal(err)
		}
		ending := subject.StageName(o.GetStage()) + " " + subject.VerdictName(o.GetVerdict()) + " " + o.GetReason()
		tallies[strings.TrimSpace(ending)]++
	}
	if err := stream.Purge(t.Context(), jetstream.WithPurgeSequence(state.LastSeq+1)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{subject.StreamPages, subject.StreamDead} {
		stream, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
