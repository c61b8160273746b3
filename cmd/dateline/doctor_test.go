package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/natstest"
)

// TestDoctor examines a pipeline that runs, and then one that does not.
func TestDoctor(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t.TempDir())
	cfg.Data.NATSAddr, cfg.Admin.Addr, cfg.HTTP.Addr = natstest.FreeAddr(t), natstest.FreeAddr(t), natstest.FreeAddr(t)
	p, err := pipeline.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	flags := []string{"doctor", "--data", cfg.Data.Dir, "--admin", cfg.Admin.Addr, "--web", cfg.HTTP.Addr,
		"--data-nats-addr", cfg.Data.NATSAddr, "--data-min-free", "0"}
	var code int
	var out, errs string
	natstest.Eventually(t, "a pipeline that is in order", func() bool {
		code, out, errs = dateline(t, flags...)
		return code == 0
	})
	for _, want := range []string{"ok       nats", "ok       streams", "ok       consumers", "ok       store", "ok       services", "ok       web", "0 problems"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s%s", want, out, errs)
		}
	}
	natstest.Eventually(t, "a snapshot of the process", func() bool {
		code, out, _ = dateline(t, "top", "--admin", cfg.Admin.Addr, "--interval", "100ms")
		return code == 0
	})
	if !strings.Contains(out, "1 of 1 processes answer") || !strings.Contains(out, "fetch") {
		t.Errorf("top:\n%s", out)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	code, out, errs = dateline(t, append(flags, "--json", "--timeout", "500ms")...)
	problems := map[string]bool{}
	for decoder := json.NewDecoder(strings.NewReader(out)); decoder.More(); {
		var f struct{ Check, Status, Advice string }
		if err := decoder.Decode(&f); err != nil {
			t.Fatal(err)
		}
		if f.Status == "problem" && f.Advice != "" {
			problems[f.Check] = true
		}
	}
	if code != 1 || !problems["nats"] || !problems["services"] || !problems["web"] || problems["store"] {
		t.Errorf("of a pipeline that has ended: exit code %d\n%s%s", code, out, errs)
	}
	if code, _, errs := dateline(t, "doctor", "--timeout", "0"); code != 2 || !strings.Contains(errs, "must be positive") {
		t.Errorf("a wrong call: exit code %d, %s", code, errs)
	}
	if code, _, errs := dateline(t, "top", "--interval", "1ms"); code != 2 || !strings.Contains(errs, "at least 100ms") {
		t.Errorf("a wrong call of top: exit code %d, %s", code, errs)
	}
}
