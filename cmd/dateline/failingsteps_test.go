//go:build !race

package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/cmd/dateline/internal/cli"
	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// failing is a deployment that commands reach over connections on which single statements and requests to NATS fail.
type failing struct {
	statements *postgrestest.Failing
	requests   *natstest.Failing
	flags      []string // name the deployment

	// store and js are connections on which nothing fails.
	url   string // of the store
	store store.Store
	js    jetstream.JetStream
}

// newFailing starts a deployment without articles.
func newFailing(t *testing.T) *failing {
	t.Helper()
	database, server := storetest.Postgres(t), natstest.Server(t, t.TempDir())
	d := &failing{
		statements: postgrestest.Fail(t, database), requests: natstest.Listen(t, server),
		url: database, store: storetest.Open(t, database),
	}
	_, d.js = natstest.Connect(t, server)
	natstest.Reconcile(t, d.js, topology.Limits{})
	d.flags = []string{
		"--store-url", d.statements.URL, "--nats-url", d.requests.URL, "--data-dir", t.TempDir(),
		"--admin-addr=", "--http-addr=",
	}
	return d
}

// step is a command whose steps fail in turn.
type step struct {
	args []string // the command line
	// prepare, if not nil, creates what the command changes, and returns further arguments.
	prepare func() []string
	// effect, if not nil, returns what the command has changed, given those arguments.
	effect func(more []string) string
	// verify, if not nil, checks what must hold after the command, whether it has failed or not.
	verify func(more []string)
	// isPartial, if not nil, reports whether an output names every part that is missing.
	isPartial func(want, got result) bool
}

// result is what a command has printed, and its effect.
type result struct {
	code              int
	out, errs, effect string
}

// failure matches the errors of steps that fail.
var failure = regexp.MustCompile("no responders|no response from stream|connection reset|broken pipe|conn closed|" +
	"unexpected EOF|bad connection|not enabled|no stream at .* accepts")

// varying matches what differs between two runs of the same command: times, durations, sizes and ids.
var varying = regexp.MustCompile(
	`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?Z?|\b(\d+h)?(\d+m)?[\d.]+(µs|ms|s)\b|\bitem-\d+\b|/tmp/[^ "]+|` +
		`"id":("[^"]+"|\d+)|dateline_[A-Z0-9]{26}|"(first|last)":\d+|"seconds":[^,]+|` +
		`\b[\d.]+ (hours|MB|GB)\b|` + runID.String())

func masked(text string) string { return varying.ReplaceAllString(text, "#") }

// run runs a command with further arguments.
func (d *failing) run(t *testing.T, c step, more []string) result {
	t.Helper()
	var out, errs bytes.Buffer
	args := append(append(append([]string{}, c.args...), more...), d.flags...)
	r := result{code: cli.Run(natstest.Context(t), args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})}
	r.out, r.errs = out.String(), errs.String()
	return r
}

// check runs a command with its first step failing, then with its second one, and so on. It must fail and name the
// failure, or do everything, or name what is missing.
func (d *failing) check(t *testing.T, c step) {
	t.Helper()
	prepare := func() []string {
		if c.prepare == nil {
			return nil
		}
		return c.prepare()
	}
	effect := func(more []string) string {
		if c.verify != nil {
			c.verify(more)
		}
		if c.effect == nil {
			return ""
		}
		return masked(c.effect(more))
	}
	first := prepare()
	want := d.run(t, c, first)
	want.effect = effect(first)
	if want.code > 1 {
		t.Fatalf("%q: exit code %d: %s", c.args, want.code, want.errs)
	}
	failures := 0
	for name, steps := range map[string]*failtest.Steps{
		"statement": &d.statements.Steps, "request to NATS": &d.requests.Steps,
	} {
		n := 0
		for ; n < maxSteps; n++ {
			more := prepare()
			steps.After(n)
			got := d.run(t, c, more)
			failed := steps.Failed()
			got.effect = effect(more)
			switch {
			case got.code == want.code && masked(got.out) == masked(want.out) && got.effect == want.effect:
			case failed && got.code != 0 && failure.MatchString(got.errs):
			case failed && c.isPartial != nil && c.isPartial(want, got):
			default:
				t.Errorf("%q, %s %d fails: exit code %d\n%s%s%s\nwithout the failure: exit code %d\n%s%s%s", c.args, name, n+1,
					got.code, got.out, got.errs, got.effect, want.code, want.out, want.errs, want.effect)
			}
			if !failed {
				break
			}
			failures++
		}
		if n == maxSteps {
			t.Errorf("%q has more than %d steps", c.args, maxSteps)
		}
	}
	if failures == 0 {
		t.Errorf("%q has no steps", c.args)
	}
}

// maxSteps is the number of steps after which a command counts as endless.
const maxSteps = 100

// lines runs a command without a failure, and returns the lines of its output that contain a name.
func (d *failing) lines(t *testing.T, name string, args ...string) string {
	t.Helper()
	r := d.run(t, step{args: args}, nil)
	if r.code != 0 {
		return r.errs
	}
	var found strings.Builder
	for line := range strings.Lines(r.out) {
		if strings.Contains(line, name) {
			found.WriteString(line)
		}
	}
	return found.String()
}
