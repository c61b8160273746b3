package process

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/telemetry"
)

// serveAdmin serves the admin endpoints of a service with one check on a free port.
func serveAdmin(t *testing.T, check error) (port string) {
	t.Helper()
	server := httptest.NewServer(telemetry.Handler(prometheus.NewRegistry(), []telemetry.Check{
		{Name: "store", Test: func(context.Context) error { return check }},
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func runHealthcheck(t *testing.T, addr string) error {
	t.Helper()
	cfg := struct {
		NATS  bus.Config
		Admin telemetry.Config
	}{bus.DefaultConfig(), telemetry.DefaultConfig()}
	service := Service{Name: "trial", Config: &cfg, NATS: &cfg.NATS, Admin: &cfg.Admin}
	environ := []string{"DATELINE_ADMIN_ADDR=" + addr}
	return service.main(t.Context(), []string{"healthcheck"}, environ, io.Discard, io.Discard)
}

func TestHealthcheckPassesWhenReady(t *testing.T) {
	port := serveAdmin(t, nil)
	for _, host := range []string{"", "0.0.0.0", "127.0.0.1"} {
		if err := runHealthcheck(t, net.JoinHostPort(host, port)); err != nil {
			t.Errorf("host %q: %v", host, err)
		}
	}
}

func TestHealthcheckReportsTheProblem(t *testing.T) {
	for name, test := range map[string]struct{ addr, want string }{
		"not ready":  {":" + serveAdmin(t, errors.New("trial error")), "store: trial error"},
		"no address": {"", "admin.addr is \"\""},
		"no process": {natstest.FreeAddr(t), "connection refused"},
	} {
		err := runHealthcheck(t, test.addr)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want one that contains %q", name, err, test.want)
		}
	}
}

func TestUnknownArgumentsAreRefused(t *testing.T) {
	cfg := struct{ Admin telemetry.Config }{telemetry.DefaultConfig()}
	service := Service{Name: "trial", Config: &cfg, Admin: &cfg.Admin}
	err := service.main(t.Context(), []string{"heathcheck"}, nil, io.Discard, io.Discard)
	if _, ok := errors.AsType[*usageError](err); !ok {
		t.Errorf("got error %v, want a usage error", err)
	}
}
