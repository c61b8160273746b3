package pace

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pace.yaml")
	write := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	clock := time.Now()
	write(`
- {host: Example.com, delay: 5s}
- {host: fast.example.com, delay: 0s}
- {network: 151.101.0.0/16, delay: 100ms}
- {network: 151.101.1.0/24, delay: 2s}
- {network: '2001:db8::/32', delay: 1s}
- {host: '2001:db8::7', delay: 3s}
`, clock)
	f, err := Open(path, slog.New(slog.DiscardHandler), func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	host := func(name, want string) {
		t.Helper()
		got := "none"
		if d, ok := f.Host(name); ok {
			got = d.String()
		}
		if got != want {
			t.Errorf("%s has %s, want %s", name, got, want)
		}
	}
	host("example.com", "5s")
	host("www.Example.com:8080", "5s")
	host("a.fast.example.com", "0s")
	host("notexample.com", "none")
	host("[2001:db8::7]:8443", "3s")
	host("[2001:db8::7]", "3s")
	for address, want := range map[string]time.Duration{
		"151.101.9.9": 100 * time.Millisecond, "151.101.1.9": 2 * time.Second, "2001:db8::1": time.Second,
	} {
		if d, ok := f.Network(netip.MustParseAddr(address)); !ok || d != want {
			t.Errorf("%s has %s, %v, want %s", address, d, ok, want)
		}
	}
	if _, ok := f.Network(netip.MustParseAddr("192.0.2.1")); ok {
		t.Error("an address that is in no network has a delay")
	}
	later := clock.Add(time.Hour)
	write("- {host: example.com, delay: 7s}\n", later)
	host("example.com", "5s") // not checked yet
	clock = clock.Add(recheck)
	host("example.com", "7s")
	host("fast.example.com", "7s")
	write("- {host: example.com, delay: soon}\n", later.Add(time.Hour))
	clock = clock.Add(recheck)
	host("example.com", "7s") // a file that cannot be read changes nothing
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(recheck)
	host("example.com", "7s")

	var none *File
	if _, ok := none.Host("example.com"); ok {
		t.Error("a nil file has a rule")
	}
}

func TestFileErrors(t *testing.T) {
	t.Parallel()
	_, err := parse([]byte(`
- {host: a.example, delay: soon}
- {delay: 1s}
- {network: here, delay: 1s}
- {host: b.example, network: 192.0.2.0/24, delay: 1s}
- {host: c.example, delay: -1s}
`))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`rule 1 has the delay "soon"`, "rule 2 names", `rule 3 has the network "here"`, "rule 4 names",
		"rule 5 has the delay",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not contain %q: %v", want, err)
		}
	}
	for _, text := range []string{"host: a", "- {hots: a, delay: 1s}", "- [1]", "\x00"} {
		if _, err := parse([]byte(text)); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
	if r, err := parse(nil); err != nil || len(r.hosts) != 0 {
		t.Errorf("an empty file: %v", err)
	}
}

// TestTurnIsNotForgotten has a request that takes longer than addresses without requests are remembered.
func TestTurnIsNotForgotten(t *testing.T) {
	t.Parallel()
	clock := time.Unix(0, 0)
	n := NewNeighbours(func() time.Time { return clock })
	address := netip.MustParseAddrPort("192.0.2.1:443")
	if wait := n.Enter(address, "slow.example", time.Second, time.Time{}); wait > 0 {
		t.Fatalf("the first host waits %s", wait)
	}
	clock = clock.Add(2 * sweep)
	if wait := n.Enter(address, "other.example", time.Second, time.Time{}); wait == 0 {
		t.Error("two hosts have their turn at the same time")
	}
	n.Leave(address, time.Second)
	clock = clock.Add(time.Second)
	if wait := n.Enter(address, "other.example", time.Second, time.Time{}); wait > 0 {
		t.Errorf("after the pause, the other host still waits %s", wait)
	}
}

// TestNeighboursTakeTurns has fifty hosts on one address, each with ten requests.
func TestNeighboursTakeTurns(t *testing.T) {
	t.Parallel()
	const hosts, each, interval, took = 50, 10, time.Second, 300 * time.Millisecond
	clock := time.Unix(0, 0)
	n := NewNeighbours(func() time.Time { return clock })
	address := netip.MustParseAddrPort("192.0.2.1:443")
	type state struct {
		due  time.Time
		left int
	}
	queue := map[string]*state{}
	for i := range hosts {
		queue[fmt.Sprint(i)] = &state{clock, each}
	}
	var end time.Time // of the request under way
	busy := false
	requests, calls, seen, longest := 0, 0, 0, time.Duration(0)
	served := map[string]time.Time{}
	for start := clock; requests < hosts*each && clock.Sub(start) < time.Hour; clock = clock.Add(10 * time.Millisecond) {
		if busy && !clock.Before(end) {
			busy = false
			n.Leave(address, interval)
		}
		sharing, addresses := n.Sharing()
		if most := min(1, sharing); sharing > hosts || addresses != most {
			t.Fatalf("%d hosts share %d addresses, want at most %d on one", sharing, addresses, hosts)
		}
		seen = max(seen, sharing)
		for host, s := range queue {
			if s.left == 0 || clock.Before(s.due) {
				continue
			}
			calls++
			if wait := n.Enter(address, host, interval, time.Time{}); wait > 0 {
				s.due = clock.Add(wait)
				continue
			}
			if busy || requests > 0 && clock.Before(end.Add(interval)) {
				t.Fatal("two requests at the same time, or without a pause between them")
			}
			if last, ok := served[host]; ok {
				longest = max(longest, clock.Sub(last))
			}
			served[host] = clock
			busy, end = true, clock.Add(took)
			s.left--
			s.due = end.Add(interval)
			requests++
		}
	}
	total := clock.Sub(time.Unix(0, 0))
	if ideal := hosts * each * (interval + took); requests != hosts*each || total > ideal*3/2 {
		t.Errorf("%d requests took %s, the minimum is %s", requests, total, ideal)
	}
	if longest > 3*hosts*(interval+took) {
		t.Errorf("a host waited %s between two turns", longest)
	}
	if seen != hosts {
		t.Errorf("at most %d hosts were reported as sharing the address, want %d", seen, hosts)
	}
	if calls > 4*requests {
		t.Errorf("%d calls of Enter for %d turns", calls, requests)
	}
	n.Leave(address, interval)
	clock = clock.Add(time.Hour)
	n.Enter(netip.MustParseAddrPort("192.0.2.2:443"), "x", interval, time.Time{})
	if len(n.addresses) != 1 {
		t.Errorf("%d addresses are remembered", len(n.addresses))
	}
}
