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

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// get asks for a page of the deployment's own. It follows no redirect and goes
// through no proxy.
func get(ctx context.Context, url string) (status int, head http.Header, body string, err error) {
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
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return response.StatusCode, response.Header, string(data), err
}

// base makes an address of what may be host:port alone.
func base(addr string) string {
	if strings.HasPrefix(addr, ":") {
		addr = "127.0.0.1" + addr
	}
	if !strings.Contains(addr, "://") {
		addr = "http://" + addr
	}
	return strings.TrimSuffix(addr, "/")
}

// examineAdmin asks every service whether it is ready.
func examineAdmin(ctx context.Context, t Target, r *report) {
	const check = "services"
	if len(t.Admin) == 0 {
		r.skip(check, "no admin address is given (--admin)")
	}
	for _, addr := range t.Admin {
		t.within(ctx, func(ctx context.Context) {
			before := time.Now()
			status, head, body, err := get(ctx, base(addr)+"/readyz")
			after := time.Now()
			switch {
			case err != nil:
				r.problem(check, "start the service, or give its admin address with --admin", "%s does not answer: %v", addr, err)
				return
			case status == http.StatusServiceUnavailable:
				r.problem(check, "mend what it names; its log says more", "%s is not ready: %s", addr, failing(body))
			case status != http.StatusOK:
				r.problem(check, "give the address of a service's admin endpoint with --admin", "%s answers %d to /readyz: it is no admin endpoint", addr, status)
				return
			default:
				r.ok(check, "%s is ready", addr)
			}
			if theirs, err := http.ParseTime(head.Get("Date")); err == nil { // in whole seconds
				r.examineClock(addr, before, theirs.Add(time.Second/2), after)
			}
		})
	}
}

// failing are the lines of a report of readiness that are not ok.
func failing(body string) string {
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(body), "\n") {
		if !strings.HasSuffix(line, ": ok") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// examineWeb asks for what only those who have a token may see.
func examineWeb(ctx context.Context, t Target, r *report) {
	const check = "web"
	if t.Web == "" {
		r.skip(check, "no address of the web page is given (--web)")
		return
	}
	t.within(ctx, func(ctx context.Context) {
		status, _, _, err := get(ctx, base(t.Web)+"/api/v1/state")
		switch {
		case err != nil:
			r.problem(check, "start the indexer, or give the address of its web page with --web", "%s does not answer: %v", t.Web, err)
		case status == http.StatusOK && !isLoopback(strings.TrimPrefix(strings.TrimPrefix(base(t.Web), "http://"), "https://")):
			r.problem(check, "set http.read-token and http.operate-token", "%s answers everybody without a token", t.Web)
		case status == http.StatusOK, status == http.StatusUnauthorized:
			r.ok(check, "%s answers", t.Web)
		default:
			r.problem(check, "look into the log of the indexer", "%s answers %d", t.Web, status)
		}
	})
}

// examineMonitor asks the NATS server's monitoring what its clients cannot see.
func examineMonitor(ctx context.Context, t Target, r *report) {
	const check = "nats sync"
	if t.Monitor == "" {
		r.skip(check, "whether messages are on disk when they are acked is told by the server's monitoring alone (--nats-monitor)")
		return
	}
	status, _, body, err := get(ctx, base(t.Monitor)+"/varz")
	var answer struct {
		JetStream struct {
			Config struct {
				SyncAlways   bool          `json:"sync_always"`
				SyncInterval time.Duration `json:"sync_interval"`
				StoreDir     string        `json:"store_dir"`
			} `json:"config"`
		} `json:"jetstream"`
	}
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("it answers %d", status)
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &answer)
	}
	config := answer.JetStream.Config
	switch {
	case err != nil:
		r.problem(check, "give the server's monitoring address with --nats-monitor, such as http://127.0.0.1:8222", "the monitoring at %s cannot be read: %v", t.Monitor, err)
	case config.StoreDir == "":
		r.problem(check, "start the server with JetStream on", "the server at %s has no JetStream", t.Monitor)
	case !config.SyncAlways:
		r.problem(check, "set sync_interval to always in the jetstream section of its configuration", "acked messages reach the disk only every %s: a power cut loses them", config.SyncInterval)
	default:
		r.ok(check, "acked messages are on disk")
	}
}
