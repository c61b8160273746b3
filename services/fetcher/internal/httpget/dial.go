package httpget

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"
)

const (
	// attemptDelay is how long an attempt to connect to one address of a host may
	// take before the next address is tried as well (RFC 8305, section 8).
	attemptDelay = 250 * time.Millisecond
	// maxAddresses bounds the addresses of a host that are tried for a request.
	maxAddresses = 8
)

// dial opens a connection to a site or, if there is one, to the proxy.
func (c *Client) dial(ctx context.Context, x *exchange, host, port string) (net.Conn, error) {
	switch {
	case c.config.Dial != nil:
		x.enter(PhaseConnect)
		return c.config.Dial(ctx, "tcp", net.JoinHostPort(host, port))
	case c.config.Proxy != nil:
		x.enter(PhaseConnect)
		// The proxy may be on a private network.
		return new(net.Dialer).DialContext(ctx, "tcp", proxyAddress(c.config.Proxy))
	}
	x.enter(PhaseDNS)
	found, err := c.config.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	x.enter(PhaseConnect)
	addresses := interleave(found)
	addresses = addresses[:min(len(addresses), maxAddresses)]
	if len(addresses) == 1 {
		return c.dialAddress(ctx, addresses[0], port)
	}
	return c.race(ctx, addresses, port)
}

// interleave returns the addresses with IPv4 and IPv6 alternating, so that a host is
// reached soon if one of the two does not work (RFC 8305, section 4).
func interleave(addresses []netip.Addr) []netip.Addr {
	var families [2][]netip.Addr // the preferred family is first
	for _, address := range addresses {
		other := 0
		if address.Unmap().Is4() != addresses[0].Unmap().Is4() {
			other = 1
		}
		families[other] = append(families[other], address)
	}
	out := make([]netip.Addr, 0, len(addresses))
	for i := range addresses {
		for _, family := range families {
			if i < len(family) {
				out = append(out, family[i])
			}
		}
	}
	return out
}

// dialed is the result of an attempt to connect.
type dialed struct {
	connection net.Conn
	err        error
}

// race returns the first connection to one of several addresses. The next attempt
// begins when one fails or has taken attemptDelay.
func (c *Client) race(ctx context.Context, addresses []netip.Addr, port string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the other attempts
	results := make(chan dialed)
	begin := func(address netip.Addr) {
		connection, err := c.dialAddress(ctx, address, port)
		select {
		case results <- dialed{connection, err}:
		case <-ctx.Done():
			if err == nil {
				connection.Close()
			}
		}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	var failure error
	for pending := 0; len(addresses) > 0 || pending > 0; {
		var wait <-chan time.Time // for the next attempt, if there is one
		if len(addresses) > 0 {
			wait = timer.C
		}
		select {
		case <-wait:
			go begin(addresses[0])
			addresses = addresses[1:]
			pending++
			timer.Reset(attemptDelay)
		case result := <-results:
			if result.err == nil {
				return result.connection, nil
			}
			failure = worse(failure, result.err)
			pending--
			timer.Reset(0)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, failure
}

// worse returns the error that describes a host of which no address works: the first
// one, but a failed connection rather than an address that is not public.
func worse(first, next error) error {
	var refused *Error
	if first == nil || errors.As(first, &refused) {
		return next
	}
	return first
}

// dialAddress connects to an address unless it is not public.
func (c *Client) dialAddress(ctx context.Context, address netip.Addr, port string) (net.Conn, error) {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, &Error{Class: BadRequest, Err: errPortNotNumber}
	}
	var dialer net.Dialer
	if !c.config.AllowPrivate {
		dialer.Control = c.guard
	}
	return dialer.DialContext(ctx, "tcp", netip.AddrPortFrom(address.Unmap(), uint16(number)).String())
}
