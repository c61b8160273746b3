// Package dialguard keeps connections to addresses that sites choose away from private
// networks.
package dialguard

import (
	"errors"
	"net/netip"
	"syscall"

	"code.dny.dev/ssrf"
)

// cloudServices returns the networks that clouds use for services inside of them, although
// the addresses are registered as public. All other addresses of metadata services are
// link-local, shared or private, which the guard refuses in any case.
func cloudServices() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("168.63.129.16/32"), // Azure: metadata, agent and name server of each machine
		netip.MustParsePrefix("161.26.0.0/16"),    // IBM Cloud: services of the infrastructure
		netip.MustParsePrefix("166.8.0.0/14"),     // IBM Cloud: private endpoints of services
	}
}

// New returns a net.Dialer.Control that refuses addresses that are not public, except in
// the allowed networks. It runs after name resolution and before each connect(2). So
// neither an unusual spelling of an address nor a name that resolves differently the
// second time can bypass it.
func New(allowed []netip.Prefix) func(network, address string, connection syscall.RawConn) error {
	var v4, v6 []netip.Prefix
	for _, prefix := range allowed {
		if prefix.Addr().Is4() {
			v4 = append(v4, prefix)
		} else {
			v6 = append(v6, prefix)
		}
	}
	return ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(cloudServices()...),
		ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...)).Safe
}

// IsRefused reports whether a connection failed because the guard refused its address.
func IsRefused(err error) bool { return errors.Is(err, ssrf.ErrProhibitedIP) }
