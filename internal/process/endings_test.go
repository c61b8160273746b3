package process

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/internal/topology"
)

// TestExitCodes runs programs with the arguments of the process.
func TestExitCodes(t *testing.T) {
	before, stderr, stdout := os.Args, os.Stderr, os.Stdout
	defer func() { os.Args, os.Stderr, os.Stdout = before, stderr, stdout }()
	for arguments, c := range map[string]struct {
		code   int
		errors string
	}{
		"--version":           {exitOK, ""},
		"--help":              {exitOK, ""},
		"bogus":               {exitUsage, `trial: unexpected argument "bogus"; trial --help lists the commands`},
		"declare more":        {exitUsage, `trial: unexpected argument "more"`},
		"--bogus":             {exitUsage, "trial --help lists the flags"},
		"--admin-log-level=x": {exitUsage, "trial: invalid configuration:"},
		"--nats-url=nats://127.0.0.1:1 --nats-wait=10ms":             {exitFailure, "trial: "},
		"declare --nats-url=nats://127.0.0.1:1 --nats-wait=10ms":     {exitFailure, "trial: "},
		"healthcheck --admin-addr=127.0.0.1:1 --admin-log-level=all": {exitUsage, "trial: "},
		"healthcheck --admin-addr=127.0.0.1:1":                       {exitFailure, "trial: checking health: "},
	} {
		file, err := os.CreateTemp(t.TempDir(), "errors")
		if err != nil {
			t.Fatal(err)
		}
		printed, err := os.CreateTemp(t.TempDir(), "output")
		if err != nil {
			t.Fatal(err)
		}
		os.Args, os.Stderr, os.Stdout = append([]string{"trial"}, strings.Fields(arguments)...), file, printed
		code := Main(idleService())
		text, err := os.ReadFile(file.Name())
		if code != c.code || err != nil || !strings.Contains(string(text), c.errors) ||
			c.errors == "" && len(text) > 0 {
			t.Errorf("%s ends with %d and %q, %v; want %d and %q", arguments, code, text, err, c.code, c.errors)
		}
		if err := errors.Join(file.Close(), printed.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestRunReportsWhatFails runs services whose stage cannot be created, fails or ends with a check.
func TestRunReportsWhatFails(t *testing.T) {
	server, err := natsembed.Start(natsembed.Config{Dir: t.TempDir(), Addr: "127.0.0.1:0", Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	_, js := natstest.Connect(t, server)
	defer js.Conn().Close()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	fails := errors.New("the stage fails")
	run := func(service Service, args ...string) error {
		args = append(args, "--nats-url", server.ClientURL())
		return service.main(t.Context(), args, nil, io.Discard, io.Discard)
	}
	uncreated, failing := idleService(), idleService()
	uncreated.New = func(context.Context, Env) (Runner, []telemetry.Check, error) { return nil, nil, fails }
	failing.New = func(context.Context, Env) (Runner, []telemetry.Check, error) {
		return runner(func() error { return fails }), nil, nil
	}
	for name, c := range map[string]struct {
		service Service
		addr    string
		want    string
	}{
		"stage that is not created": {uncreated, "", fails.Error()},
		"stage that fails":          {failing, "", fails.Error()},
		"address in use":            {idleService(), taken.Addr().String(), "admin.addr"},
	} {
		if err := run(c.service, "--admin-addr", c.addr); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// runner is a stage that ends at once.
type runner func() error

func (r runner) Run(context.Context) error { return r() }

// TestChecksNameWhatIsMissing takes the connection and a stream away.
func TestChecksNameWhatIsMissing(t *testing.T) {
	server := natstest.Server(t, t.TempDir())
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{})
	results := func() map[string]string {
		found := map[string]string{}
		for _, check := range Checks(js.Conn(), js, "trial") {
			if err := check.Test(natstest.Context(t)); err != nil {
				found[check.Name] = err.Error()
			}
		}
		return found
	}
	if found := results(); len(found) > 0 {
		t.Fatalf("problems of a whole server: %v", found)
	}
	if err := js.DeleteStream(t.Context(), subject.StreamOutcomes); err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteKeyValue(t.Context(), subject.BucketHealth); err != nil {
		t.Fatal(err)
	}
	found := results()
	if len(found) != 2 || !strings.Contains(found["streams"], "stream OUTCOMES: ") ||
		!strings.Contains(found["storage"], "bucket "+subject.BucketHealth+" does not exist") {
		t.Errorf("without a stream and a bucket: %v", found)
	}
	js.Conn().Close()
	found = results()
	if len(found) != 3 || !strings.Contains(found["nats"], "not connected (CLOSED)") ||
		!strings.Contains(found["streams"], "stream ") ||
		strings.Contains(found["streams"], "run the command declare") ||
		!strings.Contains(found["storage"], "NATS does not store messages") {
		t.Errorf("without a connection: %v", found)
	}
}

// TestFailedPreparation has a request fail with which a service or the command declare prepares the streams.
func TestFailedPreparation(t *testing.T) {
	server := natstest.Server(t, t.TempDir())
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{})
	requests := natstest.Listen(t, server)
	for name, args := range map[string][]string{
		"declare": {"declare"}, "run": nil, "run without the right to declare": {"--nats-declare=no"},
	} {
		requests.After(3)
		args = append(args, "--nats-url", requests.URL, "--admin-addr", "")
		ctx, cancel := context.WithCancel(t.Context())
		service := idleService()
		service.New = func(context.Context, Env) (Runner, []telemetry.Check, error) {
			cancel()
			return idle{}, nil, nil
		}
		if err := service.main(ctx, args, nil, io.Discard, io.Discard); err == nil {
			t.Errorf("%s: a failed request is not reported", name)
		}
		cancel()
	}
}
