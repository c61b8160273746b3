package telemetry_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/otel/trace"

	"github.com/dateline-news/dateline/internal/telemetry"
)

// A process with a warning is ready all the same, and its report has the warning.
func TestWarningsDoNotMatter(t *testing.T) {
	t.Parallel()
	problem := errors.New("the replica is behind")
	for err, want := range map[error]int{
		problem: http.StatusServiceUnavailable, telemetry.Warning(problem): http.StatusOK,
	} {
		handler := telemetry.Handler(prometheus.NewRegistry(), []telemetry.Check{
			{Name: "first", Test: func(context.Context) error { return nil }},
			{Name: "second", Test: func(context.Context) error { return err }},
			passes,
		})
		status, body := get(t, handler, "/readyz")
		if status != want || body != "first: ok\nsecond: the replica is behind\npasses: ok\n" {
			t.Errorf("%T: status %d and report %q, want %d", err, status, body, want)
		}
	}
	if !errors.Is(telemetry.Warning(problem), problem) {
		t.Error("a warning hides its cause")
	}
}

// TestLogLines writes lines of each severity with each setting.
func TestLogLines(t *testing.T) {
	t.Parallel()
	id, span := trace.TraceID{1}, trace.SpanID{2}
	traced := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: id, SpanID: span,
	}))
	for level, want := range map[string]string{
		"debug": "debug info warn error", "info": "info warn error", "warn": "warn error", "error": "error",
		"invalid": "info warn error",
	} {
		for format, start := range map[string]string{"text": "time=", "json": "{"} {
			var b strings.Builder
			config := telemetry.Config{LogLevel: level, LogFormat: format}
			log := config.Logger(&b).With("host", "a.example").WithGroup("g")
			for name, severity := range map[string]slog.Level{
				"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
			} {
				log.Log(traced, severity, "line "+name, "text", "\x1b[2J")
			}
			log.Info("untraced")
			for _, name := range []string{"debug", "info", "warn", "error"} {
				if got := strings.Contains(b.String(), "line "+name); got != strings.Contains(want, name) {
					t.Errorf("%s in %s: the line %s is there: %v", level, format, name, got)
				}
			}
			for line := range strings.Lines(b.String()) {
				untraced := strings.Contains(line, "untraced")
				if !strings.HasPrefix(line, start) || strings.Contains(line, "\x1b") ||
					!strings.Contains(line, "a.example") || strings.Contains(line, id.String()) == untraced {
					t.Errorf("%s in %s: line %q", level, format, line)
				}
			}
		}
	}
}

// TestReferenceOfMetrics has metrics of each unit, with labels.
func TestReferenceOfMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dateline_trial_events_total", Help: "Events.",
	}, []string{"kind", "also"})
	counter.WithLabelValues("b", "x")
	counter.WithLabelValues("a", "y")
	registry.MustRegister(counter,
		prometheus.NewGauge(prometheus.GaugeOpts{Name: "dateline_trial_free_bytes", Help: "Space."}),
		prometheus.NewCounter(prometheus.CounterOpts{Name: "dateline_trial_cpu_seconds_total", Help: "Time."}),
		prometheus.NewGauge(prometheus.GaugeOpts{Name: "dateline_trial_confidence", Help: "Share."}),
		prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_trial_info", Help: "Build.", ConstLabels: prometheus.Labels{"version": "v1"},
		}),
		prometheus.NewGauge(prometheus.GaugeOpts{Name: "other_bytes", Help: "Not ours."}))
	reasons := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dateline_stage_outcome_reasons_total", Help: "Reasons.",
	}, []string{"reason"})
	reasons.WithLabelValues("hidden")
	registry.MustRegister(reasons)
	var b strings.Builder
	if err := telemetry.WriteReference(&b, registry); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"| `dateline_trial_events_total` | counter | count | `also`: x, y; `kind`: a, b | Events. |\n",
		"| `dateline_trial_free_bytes` | gauge | bytes |  | Space. |\n",
		"| `dateline_trial_cpu_seconds_total` | counter | seconds |  | Time. |\n",
		"| `dateline_trial_confidence` | gauge | probability |  | Share. |\n",
		"| `dateline_trial_info` | gauge |  | `version` | Build. |\n",
		"| `dateline_stage_outcome_reasons_total` | counter | count | `reason`: see below | Reasons. |\n",
		"| extract | rejected | `no_article` |  | ", "| intake |  | `unavailable` | yes | ",
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("the reference lacks %q", line)
		}
	}
	if strings.Contains(b.String(), "other_bytes") {
		t.Error("the reference has a metric of others")
	}
	if err := telemetry.WriteReference(full{}, registry); err == nil {
		t.Error("a write that failed is not reported")
	}
	broken := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return nil, errors.New("broken") })
	if err := telemetry.WriteReference(&b, broken); err == nil {
		t.Error("metrics that cannot be gathered are not reported")
	}
}

// full is a file on a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }
