package doctor

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return goleak.Find() }))
}

// findings runs an examiner and returns its findings, one per line.
func findings(t *testing.T, examine func(context.Context, Target, *report), target Target) string {
	t.Helper()
	if target.Timeout == 0 {
		target.Timeout = natstest.Patience(t)
	}
	var r report
	examine(t.Context(), target, &r)
	var lines []string
	for _, f := range r {
		if f.Status == Problem && f.Advice == "" {
			t.Errorf("the problem %q has no advice", f.Found)
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s", f.Status, f.Check, f.Found))
	}
	return strings.Join(lines, "\n")
}

func wantLines(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, line := range want {
		if !strings.Contains(got, line) {
			t.Errorf("the findings lack %q:\n%s", line, got)
		}
	}
}

// TestNothingAnswers examines a deployment whose servers accept connections and then
// send nothing. It must yield findings and not hang.
func TestNothingAnswers(t *testing.T) {
	addr := listenSilently(t)
	all := Examine(t.Context(), Target{
		NATS: bus.Config{URL: "nats://" + addr}, Monitor: addr, StoreURL: "postgres://u:p@" + addr + "/x",
		Admin: []string{addr}, Web: addr, DataDir: "/nonexistent", Timeout: 300 * time.Millisecond,
	})
	for _, check := range []string{"nats", "store", "disk", "services", "web"} {
		isProblem := func(f Finding) bool { return f.Check == check && f.Status == Problem }
		if !slices.ContainsFunc(all, isProblem) {
			t.Errorf("the check %s finds no problem: %+v", check, all)
		}
	}
}

// listenSilently returns the address of a server that accepts connections and sends
// nothing.
func listenSilently(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var accepted []net.Conn
		for {
			conn, err := listener.Accept()
			if err != nil {
				break
			}
			accepted = append(accepted, conn)
		}
		for _, conn := range accepted {
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-ended
	})
	return listener.Addr().String()
}
