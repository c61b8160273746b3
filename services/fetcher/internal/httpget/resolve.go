package httpget

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Address returns an address of a host: the lowest, so that names with the same
// set of addresses get the same result. The host is written as in a URL, with its
// port if that is not the scheme's default.
func (c *Client) Address(ctx context.Context, scheme, host string) (netip.AddrPort, error) {
	addresses, err := c.addresses(ctx, scheme, host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return slices.MinFunc(addresses, netip.AddrPort.Compare), nil
}

// addresses returns all addresses of a host, at least one.
func (c *Client) addresses(ctx context.Context, scheme, host string) ([]netip.AddrPort, error) {
	name, port := host, defaultPort(scheme)
	if hostname, text, err := net.SplitHostPort(host); err == nil {
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, &Error{Class: BadRequest, Host: host, Err: errPortNotNumber}
		}
		name, port = hostname, uint16(number)
	}
	if addr, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(addr.Unmap(), port)}, nil
	}
	lookup, cancel := context.WithTimeout(ctx, c.config.ConnectTimeout)
	defer cancel()
	found, err := c.config.Resolver.LookupNetIP(lookup, "ip", name)
	if err != nil {
		return nil, classify(ctx, host, PhaseDNS, err)
	}
	out := make([]netip.AddrPort, len(found))
	for i, addr := range found {
		out[i] = netip.AddrPortFrom(addr.Unmap(), port)
	}
	return out, nil
}

// checkAddresses refuses a host if any of its addresses is not public. It is
// needed with a proxy: the dial guard then only sees the proxy's address.
func (c *Client) checkAddresses(ctx context.Context, scheme, host string) error {
	addresses, err := c.addresses(ctx, scheme, host)
	if err != nil {
		return err
	}
	for _, address := range addresses {
		network := "tcp6"
		if address.Addr().Is4() {
			network = "tcp4"
		}
		if err := c.guard(network, address.String(), nil); err != nil {
			return classify(ctx, host, PhaseConnect, err)
		}
	}
	return nil
}
