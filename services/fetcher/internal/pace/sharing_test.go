package pace

import (
	"net/netip"
	"testing"
	"time"
)

// TestSharing counts the hosts that share an address, also during a long request, and forgets them once they have not
// come back for their turns.
func TestSharing(t *testing.T) {
	t.Parallel()
	clock := time.Unix(0, 0)
	n := NewNeighbours(func() time.Time { return clock })
	shared, single := netip.MustParseAddrPort("192.0.2.1:443"), netip.MustParseAddrPort("192.0.2.2:443")
	check := func(when string, others, hosts, addresses int) {
		t.Helper()
		gotHosts, gotAddresses := n.Sharing()
		if got := n.Others(shared); got != others || gotHosts != hosts || gotAddresses != addresses {
			t.Errorf("%s: %d others, %d hosts on %d addresses, want %d, %d and %d",
				when, got, gotHosts, gotAddresses, others, hosts, addresses)
		}
	}
	enter := func(addr netip.AddrPort, host string, waits bool) {
		t.Helper()
		if wait := n.Enter(addr, host, time.Second, time.Time{}); (wait > 0) != waits {
			t.Fatalf("%s waits for %s, want a wait: %t", host, wait, waits)
		}
	}
	check("at the start", 0, 0, 0)
	enter(shared, "a.example", false)
	enter(single, "d.example", false)
	check("without a host that waits", 1, 0, 0)
	enter(shared, "b.example", true)
	check("with one host that waits", 1, 2, 1)
	enter(shared, "c.example", true)
	enter(shared, "c.example", true)
	check("with two hosts that wait", 2, 3, 1)
	clock = clock.Add(2 * sweep)
	check("during a long request", 2, 3, 1)
	n.Leave(single, time.Second)
	n.Leave(shared, time.Second)
	check("after the request", 1, 3, 1)
	clock = clock.Add(sweep + time.Second)
	check("just before the hosts are forgotten", 1, 3, 1)
	clock = clock.Add(1)
	check("after the hosts have not come back", 1, 0, 0)
	enter(netip.MustParseAddrPort("192.0.2.3:443"), "e.example", false)
	if len(n.addresses) != 1 {
		t.Errorf("%d addresses are remembered, want only that in use", len(n.addresses))
	}
}
