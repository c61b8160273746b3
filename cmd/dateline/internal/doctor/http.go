package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxResponse is the maximum number of bytes that are read from a response.
const maxResponse = 1 << 20

// get requests a page of the deployment. It follows no redirects and uses no proxy.
func get(ctx context.Context, url string) (status int, header http.Header, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, "", err
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, "", err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxResponse))
	return response.StatusCode, response.Header, string(data), err
}

// baseURL returns the URL of an address that may be only host:port or :port.
func baseURL(addr string) string {
	if strings.HasPrefix(addr, ":") {
		addr = "127.0.0.1" + addr
	}
	if !strings.Contains(addr, "://") {
		addr = "http://" + addr
	}
	return strings.TrimSuffix(addr, "/")
}

// examineAdmin checks that every service is ready.
func examineAdmin(ctx context.Context, t Target, r *report) {
	const check = "services"
	if len(t.Admin) == 0 {
		r.skip(check, "no admin address is given (--client-admin)")
	}
	for _, addr := range t.Admin {
		t.within(ctx, func(ctx context.Context) { examineService(ctx, addr, check, r) })
	}
}

func examineService(ctx context.Context, addr, check string, r *report) {
	before := time.Now()
	status, header, body, err := get(ctx, baseURL(addr)+"/readyz")
	after := time.Now()
	switch {
	case err != nil:
		r.problem(check, "start the service, or give its admin address with --client-admin",
			"%s does not answer: %v", addr, err)
		return
	case status == http.StatusServiceUnavailable:
		r.problem(check, "fix the failing checks; the service's log has details", "%s is not ready: %s", addr, failing(body))
	case status != http.StatusOK:
		r.problem(check, "give the admin address of a service with --client-admin",
			"%s answers %d to /readyz: it is not an admin address", addr, status)
		return
	case failing(body) != "":
		r.problem(check, "see the finding", "%s is ready, but warns: %s", addr, failing(body))
	default:
		r.ok(check, "%s is ready", addr)
	}
	if theirs, err := http.ParseTime(header.Get("Date")); err == nil {
		// The header has whole seconds: on average, the time is half a second later.
		r.examineClock(addr, before, theirs.Add(time.Second/2), after)
	}
}

// failing returns the lines of a readiness report that are not ok.
func failing(body string) string {
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(body), "\n") {
		if !strings.HasSuffix(line, ": ok") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// examineWeb checks that the web page answers, and that it requires a token if others
// can reach it.
func examineWeb(ctx context.Context, t Target, r *report) {
	const check = "web"
	if t.Web == "" {
		r.skip(check, "no address of the web page is given (--client-web)")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	status, _, _, err := get(ctx, baseURL(t.Web)+"/api/v1/state")
	_, host, _ := strings.Cut(baseURL(t.Web), "://")
	switch {
	case err != nil:
		r.problem(check, "start the indexer, or give the address of its web page with --client-web",
			"%s does not answer: %v", t.Web, err)
	case status == http.StatusOK && !isLoopback(host):
		r.problem(check, "set http.read-token and http.operate-token", "%s answers requests without a token", t.Web)
	case status == http.StatusOK, status == http.StatusUnauthorized:
		r.ok(check, "%s answers", t.Web)
	default:
		r.problem(check, "look into the log of the indexer", "%s answers %d", t.Web, status)
	}
}

// serverVariables is the part of the NATS server's /varz that is examined.
type serverVariables struct {
	JetStream struct {
		Config struct {
			SyncAlways   bool          `json:"sync_always"`
			SyncInterval time.Duration `json:"sync_interval"`
			StoreDir     string        `json:"store_dir"`
		} `json:"config"`
	} `json:"jetstream"`
}

// examineMonitor checks settings of the NATS server that clients cannot see.
func examineMonitor(ctx context.Context, t Target, r *report) {
	const check = "nats sync"
	if t.Monitor == "" {
		r.skip(check, "only the server's monitoring endpoint reports whether acked messages are on disk "+
			"(--client-nats-monitor)")
		return
	}
	status, _, body, err := get(ctx, baseURL(t.Monitor)+"/varz")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("it answers %d", status)
	}
	var variables serverVariables
	if err == nil {
		err = json.Unmarshal([]byte(body), &variables)
	}
	config := variables.JetStream.Config
	switch {
	case err != nil:
		r.problem(check, "give the server's monitoring address with --client-nats-monitor, such as http://127.0.0.1:8222",
			"the monitoring endpoint at %s cannot be read: %v", t.Monitor, err)
	case config.StoreDir == "":
		r.problem(check, "start the server with JetStream enabled", "the server at %s has no JetStream", t.Monitor)
	case !config.SyncAlways:
		r.problem(check, "set sync_interval to always in the jetstream section of the server's configuration",
			"acked messages are written to disk only every %s: a power failure loses them", config.SyncInterval)
	default:
		r.ok(check, "acked messages are on disk")
	}
}
