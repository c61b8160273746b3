// Package contender contains what the programs of the fetcher's benchmark share: the
// settings of a run, the measurement of a process, and the HTTP transport of the
// contenders that the fetcher is compared with.
package contender

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Settings are the settings of a run. Every process of the run gets them as flags.
type Settings struct {
	Pages    int
	Hosts    int
	InFlight int
	Latency  time.Duration
	// Web is the port of the web server. NATS is the URL of the NATS server, a
	// "#" and its process id.
	Web  string
	NATS string
	// TLS fetches over https. Close makes the server close every connection, and
	// FullHandshakes disables TLS session resumption.
	TLS            bool
	Close          bool
	FullHandshakes bool
	// Slow is the number of URLs on an additional, slow host.
	Slow int
	// Watch makes the web server check politeness.
	Watch bool
	// Soak is the duration of fetching from misbehaving hosts.
	Soak time.Duration
}

// Register defines the flags of the settings.
func (s *Settings) Register(flags *flag.FlagSet) {
	flags.IntVar(&s.Pages, "pages", 20_000, "number of pages per contender")
	flags.IntVar(&s.Hosts, "hosts", 1000, "number of hosts")
	flags.IntVar(&s.InFlight, "in-flight", 1000, "number of simultaneous requests")
	flags.DurationVar(&s.Latency, "latency", 80*time.Millisecond, "time before the web server responds")
	flags.BoolVar(&s.TLS, "tls", false, "fetch over TLS")
	flags.BoolVar(&s.Close, "close", false, "close each connection; with -tls, sessions are resumed")
	flags.BoolVar(&s.FullHandshakes, "full-handshakes", false, "with -tls and -close, do not resume sessions")
	flags.IntVar(&s.Slow, "slow", 0, "number of URLs on an additional host that responds after half a second; "+
		"reports how long three replicas of the whole fetcher take for the other hosts with and without it")
	flags.DurationVar(&s.Soak, "soak", 0, "run the whole fetcher on misbehaving hosts for this time, "+
		"and report its memory, goroutines and descriptors")
	flags.BoolVar(&s.Watch, "watch", false, "internal: make the web server check politeness")
	flags.StringVar(&s.Web, "web", "", "internal: `port` of the web server")
	flags.StringVar(&s.NATS, "nats", "", "internal: `URL#PID` of the NATS server")
}

// Args returns the flags that reproduce the settings in another process.
func (s Settings) Args() []string {
	return []string{
		"-pages", strconv.Itoa(s.Pages), "-hosts", strconv.Itoa(s.Hosts), "-in-flight", strconv.Itoa(s.InFlight),
		"-latency", s.Latency.String(),
		fmt.Sprintf("-tls=%v", s.TLS), fmt.Sprintf("-close=%v", s.Close),
		fmt.Sprintf("-full-handshakes=%v", s.FullHandshakes),
		"-slow", strconv.Itoa(s.Slow), "-soak", s.Soak.String(), fmt.Sprintf("-watch=%v", s.Watch),
		"-web", s.Web, "-nats", s.NATS,
	}
}

// Hosts have loopback addresses from 127.1.0.1 on: the last octet has hostsPerNet
// values, and the octet before it netsPerOctet.
const (
	hostsPerNet  = 250
	netsPerOctet = 250
)

// HostAddress returns the loopback address of a host.
func HostAddress(host int) [4]byte {
	net := host / hostsPerNet
	return [4]byte{127, byte(1 + net/netsPerOctet), byte(net % netsPerOctet), byte(1 + host%hostsPerNet)}
}

// URL returns the URL of a page. Consecutive pages are on different hosts.
func (s Settings) URL(page int) string {
	scheme := "http"
	if s.TLS {
		scheme = "https"
	}
	a := HostAddress(page % s.Hosts)
	return fmt.Sprintf("%s://%d.%d.%d.%d:%s/news/%d", scheme, a[0], a[1], a[2], a[3], s.Web, page)
}

// NATSServer returns the URL and the process id of the NATS server.
func (s Settings) NATSServer() (url, pid string) {
	url, pid, _ = strings.Cut(s.NATS, "#")
	return url, pid
}
