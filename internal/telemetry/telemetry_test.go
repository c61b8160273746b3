package telemetry_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

func get(t *testing.T, handler http.Handler, path string) (int, string) {
	t.Helper()
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	body, err := io.ReadAll(response.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.Code, string(body)
}

// TestContentTypes checks the types of the answers of the admin address.
func TestContentTypes(t *testing.T) {
	t.Parallel()
	config := telemetry.Config{Discover: []string{"localhost:9464"}}
	handler := telemetry.Handler(telemetry.NewRegistry("test"), nil, config.Routes()...)
	for path, want := range map[string]string{
		"/healthz": "text/plain; charset=utf-8", "/readyz": "text/plain; charset=utf-8",
		"/metrics": "text/plain; version=0.0.4; charset=utf-8", "/targets": "application/json",
	} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if got, _, _ := strings.Cut(answer.Header().Get("Content-Type"), "; escaping="); got != want {
			t.Errorf("%s has the type %q, want %q", path, got, want)
		}
	}
}

func TestReadyzReportsEachCheck(t *testing.T) {
	var broken error
	handler := telemetry.Handler(telemetry.NewRegistry("test"), []telemetry.Check{
		{Name: "nats", Test: func(context.Context) error { return nil }},
		{Name: "store", Test: func(context.Context) error { return broken }},
	})
	if status, body := get(t, handler, "/readyz"); status != http.StatusOK || body != "nats: ok\nstore: ok\n" {
		t.Errorf("ready: %d %q", status, body)
	}
	broken = errors.New("the disk is full")
	want := "nats: ok\nstore: the disk is full\n"
	if status, body := get(t, handler, "/readyz"); status != http.StatusServiceUnavailable || body != want {
		t.Errorf("not ready: %d %q", status, body)
	}
	if status, body := get(t, handler, "/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("alive: %d %q", status, body)
	}
	status, body := get(t, handler, "/metrics")
	for _, line := range []string{
		`dateline_build_info{component="test",.*} 1`, `go_goroutines \d+`, `process_open_fds \d+`,
	} {
		if found, err := regexp.MatchString("(?m)^("+line+")$", body); status != http.StatusOK || !found || err != nil {
			t.Errorf("metrics: status %d, and no line %s in %.2000s", status, line, body)
		}
	}
}

func TestHangingCheckTimesOut(t *testing.T) {
	handler := telemetry.Handler(prometheus.NewRegistry(), []telemetry.Check{
		{Name: "store", Test: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
	})
	if status, _ := get(t, handler, "/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	for _, addr := range []string{"", "127.0.0.1:0"} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- telemetry.Config{Addr: addr}.Serve(ctx, http.NotFoundHandler(), quiet) }()
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

func TestAdminAddressInUse(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	err = telemetry.Config{Addr: taken.Addr().String()}.Serve(t.Context(), http.NotFoundHandler(), quiet)
	if err == nil || !strings.Contains(err.Error(), "in use") || !strings.Contains(err.Error(), "admin.addr") {
		t.Errorf("got %v", err)
	}
}

func TestValidateReportsEverything(t *testing.T) {
	config := telemetry.Config{
		LogLevel: "loud", LogFormat: "xml", Hosts: []string{"a.example", "b:1", "c/d", "*.e", "f g", ""},
		Discover: []string{"fetcher:9464", "archiver:9464?", "indexer", ":9464", "extractor:", "9464?"},
	}
	err := config.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	var refused []string
	for line := range strings.Lines(err.Error()) {
		refused = append(refused, regexp.MustCompile(`"[^"]*"`).FindString(line))
	}
	want := `"loud" "xml" "b:1" "c/d" "*.e" "f g" "" "indexer" ":9464" "extractor:" "9464?"`
	if got := strings.Join(refused, " "); got != want {
		t.Errorf("the error is\n%v\nand refuses %s, want %s", err, got, want)
	}
	if err := telemetry.DefaultConfig().Validate(); err != nil {
		t.Errorf("the default configuration is invalid: %v", err)
	}
}

// TestCreatedTimestamps scrapes in protobuf, like Prometheus. The response must tell
// when a counter or histogram started at zero, and include classic and native
// histograms.
func TestCreatedTimestamps(t *testing.T) {
	before := time.Now()
	reg := telemetry.NewRegistry("test")
	counter := prometheus.NewCounterVec(
		prometheus.CounterOpts{Name: "dateline_test_things_total", Help: "Things."}, []string{"kind"})
	seconds := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "dateline_test_seconds", Help: "Times.", Buckets: []float64{1, 10}, NativeHistogramBucketFactor: 1.1,
	})
	reg.MustRegister(counter, seconds)
	counter.WithLabelValues("a").Inc()
	seconds.Observe(3)

	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
	request.Header.Set("Accept",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	response := httptest.NewRecorder()
	telemetry.Handler(reg, nil).ServeHTTP(response, request)
	decoder := expfmt.NewDecoder(response.Body, expfmt.ResponseFormat(response.Header()))
	found := 0
	for {
		family := &dto.MetricFamily{}
		if err := decoder.Decode(family); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		var created *timestamppb.Timestamp
		switch metric := family.GetMetric()[0]; family.GetName() {
		case "dateline_test_things_total":
			created = metric.GetCounter().GetCreatedTimestamp()
		case "dateline_test_seconds":
			h := metric.GetHistogram()
			created = h.GetCreatedTimestamp()
			if len(h.GetBucket()) != 2 || len(h.GetPositiveSpan()) != 1 || h.GetSampleCount() != 1 {
				t.Errorf("the histogram does not have both the classic and the native form: %v", h)
			}
		default:
			continue
		}
		if found++; !created.IsValid() || created.AsTime().Before(before) || created.AsTime().After(time.Now()) {
			t.Errorf("%s was created at %v", family.GetName(), created)
		}
	}
	if found != 2 {
		t.Errorf("%d metrics are exposed, want 2", found)
	}
}

// TestPprof checks that profiles are served only if the configuration enables them.
func TestPprof(t *testing.T) {
	reg := prometheus.NewRegistry()
	handler := telemetry.Handler(reg, nil, telemetry.DefaultConfig().Routes()...)
	if status, _ := get(t, handler, "/debug/pprof/heap"); status != http.StatusNotFound {
		t.Errorf("default configuration: status %d, want 404", status)
	}
	config := telemetry.DefaultConfig()
	config.Pprof = true
	handler = telemetry.Handler(prometheus.NewRegistry(), nil, config.Routes()...)
	for _, path := range []string{"", "heap", "goroutine", "cmdline", "profile?seconds=1"} {
		if status, body := get(t, handler, "/debug/pprof/"+path); status != http.StatusOK || body == "" {
			t.Errorf("/debug/pprof/%s: %d %q", path, status, body)
		}
	}
}

// stuck is a collector that waits until it is released.
type stuck struct{ entered, release chan struct{} }

func (stuck) Describe(chan<- *prometheus.Desc) {}

func (s stuck) Collect(chan<- prometheus.Metric) {
	s.entered <- struct{}{}
	<-s.release
}

// TestScrapesOfAClientAreLimited has four scrapes of a client in progress: a fifth one is refused, and one of another
// client is not.
func TestScrapesOfAClientAreLimited(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	one := stuck{make(chan struct{}), make(chan struct{})}
	reg.MustRegister(one)
	handler := telemetry.Handler(reg, nil)
	scrape := func(address string) *httptest.ResponseRecorder {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
		request.RemoteAddr = address + ":1"
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		return answer
	}
	answers := make(chan int)
	begin := func(address string) {
		go func() { answers <- scrape(address).Code }()
		<-one.entered
	}
	for range 4 {
		begin("192.0.2.1")
	}
	if answer := scrape("192.0.2.1"); answer.Code != http.StatusTooManyRequests ||
		!strings.Contains(answer.Body.String(), "too many scrapes") {
		t.Errorf("the fifth scrape: %d %s", answer.Code, answer.Body)
	}
	begin("192.0.2.2")
	close(one.release)
	for range 5 {
		if status := <-answers; status != http.StatusOK {
			t.Errorf("a scrape that was in progress: status %d", status)
		}
	}
	go func() { <-one.entered }()
	if answer := scrape("192.0.2.1"); answer.Code != http.StatusOK {
		t.Errorf("a scrape after the others: %d %s", answer.Code, answer.Body)
	}
}
