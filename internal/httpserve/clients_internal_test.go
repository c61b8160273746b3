package httpserve

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func from(remote string) *http.Request { return &http.Request{RemoteAddr: remote} }

func TestAClientIsAnAddressOrANetwork(t *testing.T) {
	for _, c := range []struct {
		one, other string
		same       bool
	}{
		{"192.0.2.1:1", "192.0.2.1:2", true},
		{"192.0.2.1:1", "192.0.2.2:1", false},
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:1", true},
		{"[2001:db8::1]:1", "[2001:db8::ffff:1:2:3]:1", true},
		{"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false},
		{"[fe80::1%eth0]:1", "[fe80::2%eth1]:1", true},
		{"@", "", true}, // a Unix socket
	} {
		clients := NewClients(ClientLimit{Concurrent: 1})
		if _, ok := clients.Enter(from(c.one)); !ok {
			t.Fatalf("%s is refused", c.one)
		}
		if _, ok := clients.Enter(from(c.other)); ok == c.same {
			t.Errorf("%s and %s are one client: %v, want %v", c.one, c.other, !ok, c.same)
		}
	}
}

func TestAClientIsLimited(t *testing.T) {
	now := time.Unix(0, 0)
	clients := NewClients(ClientLimit{Concurrent: 2, Burst: 3, Refill: time.Second})
	clients.now = func() time.Time { return now }
	enter := func() (leave func()) {
		leave, ok := clients.Enter(from("192.0.2.1:1"))
		if !ok {
			return nil
		}
		return leave
	}
	first, second := enter(), enter()
	if first == nil || second == nil || enter() != nil {
		t.Fatal("not two at the same time")
	}
	first()
	second()
	third := enter()
	if third == nil {
		t.Fatal("no third one after the others have left")
	}
	third()
	if enter() != nil {
		t.Fatal("a fourth one exceeds the burst")
	}
	now = now.Add(time.Second)
	if again := enter(); again == nil || enter() != nil {
		t.Fatal("not one more after a second")
	} else {
		again()
	}
	now = now.Add(time.Minute)
	last := enter()
	now = now.Add(time.Minute)
	if last(); len(clients.known) != 0 {
		t.Error("an idle client is remembered")
	}
}

func TestTheTableOfClientsIsBounded(t *testing.T) {
	clients := NewClients(ClientLimit{Concurrent: 1, Burst: 1, Refill: time.Hour})
	for i := range 2 * maxClients {
		leave, ok := clients.Enter(from(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)))
		if !ok {
			t.Fatalf("client %d is refused", i)
		}
		leave()
	}
	if len(clients.known) > maxClients {
		t.Errorf("%d clients are remembered, want at most %d", len(clients.known), maxClients)
	}
}

// TestATableOfBusyClients has as many clients with entries as the table holds: others are refused until one leaves.
func TestATableOfBusyClients(t *testing.T) {
	clients := NewClients(ClientLimit{Concurrent: 2})
	address := func(i int) string { return fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255) }
	var last func()
	for i := range maxClients {
		leave, ok := clients.Enter(from(address(i)))
		if !ok {
			t.Fatalf("client %d is refused", i)
		}
		last = leave
	}
	if _, ok := clients.Enter(from(address(maxClients))); ok {
		t.Error("one client too many is admitted")
	}
	if again, ok := clients.Enter(from(address(0))); !ok {
		t.Error("a known client is refused")
	} else {
		again()
	}
	last()
	if _, ok := clients.Enter(from(address(maxClients))); !ok {
		t.Error("a client is refused although another one has left")
	}
	if got := len(clients.known); got != maxClients {
		t.Errorf("%d clients are remembered, want %d", got, maxClients)
	}
}

// A burst of 0 does not limit how fast a client may start.
func TestWithoutABurst(t *testing.T) {
	now := time.Unix(0, 0)
	for burst, want := range map[int]int{0: 10, 1: 1, 2: 2} {
		clients := NewClients(ClientLimit{Concurrent: 1, Burst: burst, Refill: time.Second})
		clients.now = func() time.Time { return now }
		admitted := 0
		for range 10 {
			if leave, ok := clients.Enter(from("192.0.2.1:1")); ok {
				admitted++
				leave()
			}
		}
		if admitted != want {
			t.Errorf("a burst of %d admits %d, want %d", burst, admitted, want)
		}
	}
}
