package main

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
)

// closedAddr is an address on which nothing listens: port 1 is reserved.
const closedAddr = "127.0.0.1:1"

// TestDoctor examines a running pipeline, and then the same folder when no pipeline
// runs on it.
func TestDoctor(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t.TempDir())
	cfg.Data.NATSAddr, cfg.Admin.Addr, cfg.HTTP.Addr = "127.0.0.1:0", natstest.FreeAddr(t), natstest.FreeAddr(t)
	p := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	flags := []string{"doctor", "--data", cfg.Data.Dir, "--data-min-free", "0"}
	healthy := append(slices.Clone(flags), "--admin", cfg.Admin.Addr, "--web", cfg.HTTP.Addr)
	var code int
	var out, errs string
	natstest.Eventually(t, "a healthy pipeline", func() bool {
		code, out, errs = dateline(t, healthy...)
		return code == 0
	})
	for _, want := range []string{
		"ok       nats", "ok       streams", "ok       consumers", "ok       store", "ok       services", "ok       web",
		"0 problems",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s%s", want, out, errs)
		}
	}
	natstest.Eventually(t, "a snapshot of the process", func() bool {
		code, out, _ = dateline(t, "top", "--admin", cfg.Admin.Addr, "--interval", "100ms")
		return code == 0
	})
	if !strings.Contains(out, "1 of 1 processes answer") || !strings.Contains(out, "fetch") {
		t.Errorf("top:\n%s", out)
	}
	p.stop()

	// The addresses of the pipeline may belong to another test by now.
	code, out, errs = dateline(t, append(flags, "--json", "--timeout", natstest.Patience(t).String(),
		"--data-nats-addr", closedAddr, "--admin", closedAddr, "--web", closedAddr)...)
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
		t.Errorf("without a pipeline: exit code %d\n%s%s", code, out, errs)
	}
}

func TestDoctorAndTopRefuse(t *testing.T) {
	t.Parallel()
	code, _, errs := dateline(t, "doctor", "--timeout", "0")
	if code != 2 || !strings.Contains(errs, "must be positive") {
		t.Errorf("doctor: exit code %d, %s", code, errs)
	}
	code, _, errs = dateline(t, "top", "--interval", "1ms")
	if code != 2 || !strings.Contains(errs, "at least 100ms") {
		t.Errorf("top: exit code %d, %s", code, errs)
	}
}
