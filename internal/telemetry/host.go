package telemetry

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// refuseForeignHosts refuses requests whose Host header is a name that others could own,
// except those of probes. A web page can have the name of its own site resolve to this
// address, and then read the responses (DNS rebinding).
func (c Config) refuseForeignHosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		probe := r.URL.Path == "/healthz" || r.URL.Path == "/readyz"
		if !probe && !c.isOwnHost(r.Host) {
			http.Error(w, "this address is not served under that host name: use its IP address, "+
				"or add the name to admin.hosts", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isOwnHost reports whether a Host header is an IP address, a name that has no owner in the
// public DNS, such as those of services in a cluster, or one of Hosts.
func (c Config) isOwnHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	top := host[strings.LastIndexByte(host, '.')+1:]
	return top == host || slices.Contains([]string{"local", "localhost", "internal"}, top) ||
		slices.ContainsFunc(c.Hosts, func(own string) bool { return strings.EqualFold(own, host) })
}
