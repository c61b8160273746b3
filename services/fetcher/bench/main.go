// Command bench compares the fetcher with a bare pool of net/http workers and with
// colly: pages per second of the process's own CPU time, over the same thousand
// hosts on loopback, in one run. Web server and NATS server are processes of their
// own. It is a module of its own, so that the product does not depend on colly.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// settings are what every process of a run knows.
type settings struct {
	Pages    int
	Hosts    int
	InFlight int
	Latency  time.Duration
	// Web is the web server's port, and NATS the address of the NATS server.
	Web  string
	NATS string
	// TLS asks for https, Close for a new connection each time, and
	// FullHandshakes for one without the session of the last.
	TLS            bool
	Close          bool
	FullHandshakes bool
	// Slow is how many URLs wait for a host that is slow.
	Slow int
	// Watch has the web server note who is asked when.
	Watch bool
	// Soak is how long hosts with hostile habits are fetched from.
	Soak time.Duration
}

func (s settings) url(i int) string {
	scheme := "http"
	if s.TLS {
		scheme = "https"
	}
	host := i % s.Hosts
	return fmt.Sprintf("%s://127.%d.%d.%d:%s/news/%d", scheme, 1+host/62500, host/250%250, 1+host%250, s.Web, i)
}

// figures are what a contender reports.
type figures struct {
	Pages   int           `json:"pages"`
	Wall    time.Duration `json:"wall"`
	CPU     time.Duration `json:"cpu"`
	Servers time.Duration `json:"servers"` // CPU of the NATS server
	// Before and Peak are resident bytes before the first request and at most.
	Before int64 `json:"before"`
	Peak   int64 `json:"peak"`
}

// contenders by name, in the order of the table.
var contenders = []struct {
	name string
	run  func(settings) (figures, error)
	nats bool
}{
	{"bare net/http", bare, false},
	{"httpget", get, false},
	{"colly", crawl, false},
	{"whole fetcher", whole, true},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	role := flag.String("role", "", "what this process is; empty for the one that starts the others")
	var s settings
	flag.IntVar(&s.Pages, "pages", 20_000, "pages a contender")
	flag.IntVar(&s.Hosts, "hosts", 1000, "hosts")
	flag.IntVar(&s.InFlight, "in-flight", 1000, "requests at the same time")
	flag.DurationVar(&s.Latency, "latency", 80*time.Millisecond, "how long the web server thinks before it answers")
	flag.BoolVar(&s.TLS, "tls", false, "fetch over TLS")
	flag.BoolVar(&s.Close, "close", false, "close each connection; with -tls, sessions are resumed")
	flag.BoolVar(&s.FullHandshakes, "full-handshakes", false, "with -tls and -close, keep no sessions")
	flag.IntVar(&s.Slow, "slow", 0, "URLs that wait for one more host, which answers in half a second, with three replicas of the whole fetcher: reports how long the others take with it and without it")
	only := flag.String("only", "", "measure these alone, parted by commas")
	flag.DurationVar(&s.Soak, "soak", 0, "have the whole fetcher work for so long on hosts with hostile habits, and show what it holds")
	flag.BoolVar(&s.Watch, "watch", false, "")
	flag.StringVar(&s.Web, "web", "", "")
	flag.StringVar(&s.NATS, "nats", "", "")
	flag.Parse()
	switch *role {
	case "":
		if s.Soak > 0 {
			return soak(s)
		}
		if s.Slow > 0 {
			return compareFairness(s)
		}
		return compare(s, *only)
	case "replica":
		return replica(s)
	case "web":
		return serveWeb(s)
	case "nats":
		return serveNATS()
	case "fill":
		return fill(s)
	}
	for _, c := range contenders {
		if c.name == *role {
			f, err := c.run(s)
			if err != nil {
				return err
			}
			return json.NewEncoder(os.Stdout).Encode(f)
		}
	}
	return fmt.Errorf("there is no role %q", *role)
}

// compare runs each contender against a web server of its own.
func compare(s settings, only string) error {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "contender\tpages/cpu-s\tof bare\tpages/s\tMB in flight\tNATS cpu ms/page")
	var baseline float64
	for _, c := range contenders {
		if only != "" && !strings.Contains(","+only+",", ","+c.name+",") {
			continue
		}
		f, err := measure(c.name, s, c.nats)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		rate := float64(f.Pages) / f.CPU.Seconds()
		if baseline == 0 {
			baseline = rate
		}
		nats := ""
		if c.nats {
			nats = fmt.Sprintf("%.3f", f.Servers.Seconds()*1000/float64(f.Pages))
		}
		fmt.Fprintf(out, "%s\t%.0f\t%.2f\t%.0f\t%.3f\t%s\n", c.name, rate, rate/baseline, float64(f.Pages)/f.Wall.Seconds(),
			float64(f.Peak-f.Before)/1e6/float64(s.InFlight), nats)
	}
	return out.Flush()
}

func measure(name string, s settings, withNATS bool) (figures, error) {
	web, err := start("web", s)
	if err != nil {
		return figures{}, err
	}
	defer web.stop()
	s.Web = web.address
	var nats *process
	if withNATS {
		if nats, err = start("nats", s); err != nil {
			return figures{}, err
		}
		defer nats.stop()
		s.NATS = nats.address
	}
	var f figures
	out, err := command(name, s).Output()
	if err != nil {
		return figures{}, fmt.Errorf("it ended: %w", err)
	}
	if err := json.Unmarshal(out, &f); err != nil {
		return figures{}, fmt.Errorf("reading its figures %q: %w", out, err)
	}
	return f, nil
}

func command(role string, s settings) *exec.Cmd {
	c := exec.Command(os.Args[0], "-role", role, "-pages", fmt.Sprint(s.Pages), "-hosts", fmt.Sprint(s.Hosts), "-in-flight", fmt.Sprint(s.InFlight),
		"-latency", s.Latency.String(), fmt.Sprintf("-tls=%v", s.TLS), fmt.Sprintf("-close=%v", s.Close), fmt.Sprintf("-full-handshakes=%v", s.FullHandshakes), "-slow", fmt.Sprint(s.Slow), fmt.Sprintf("-watch=%v", s.Watch), "-soak", s.Soak.String(), "-web", s.Web, "-nats", s.NATS)
	c.Stderr = os.Stderr
	if s.TLS && s.Web != "" {
		// The whole fetcher trusts the system's authorities, which this names.
		c.Env = append(os.Environ(), "SSL_CERT_FILE="+certificateFile(s.Web))
	}
	return c
}

// process is a server that ends when its standard input does.
type process struct {
	command *exec.Cmd
	stdin   io.Closer
	address string
}

// start starts a server, whose first line says where it listens.
func start(role string, s settings) (*process, error) {
	c := command(role, s)
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("starting the %s server: %w", role, err)
	}
	return &process{c, stdin, strings.TrimSpace(address)}, nil
}

func (p *process) stop() {
	p.stdin.Close()
	p.command.Wait()
}

// watch measures a contender's own process from now on.
type watch struct {
	start  time.Time
	cpu    time.Duration
	before int64
}

func begin() watch { return watch{time.Now(), cpuTime(), resident("VmRSS")} }

func (w watch) end(pages int) figures {
	return figures{Pages: pages, Wall: time.Since(w.start), CPU: cpuTime() - w.cpu, Before: w.before, Peak: resident("VmHWM")}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// resident is a figure of /proc/self/status, in bytes; 0 where there is none.
func resident(name string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kilobytes int64
		if _, err := fmt.Sscanf(line, name+": %d kB", &kilobytes); err == nil {
			return kilobytes << 10
		}
	}
	return 0
}
