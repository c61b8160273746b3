package fetcher

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/fetcher/internal/pace"
)

// TestPausesOfHosts has pauses that are those of the settings, of robots.txt, of the response time or of
// the pace file, and each of them at its limit.
func TestPausesOfHosts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pace.yaml")
	if err := os.WriteFile(file, []byte("- {host: final.example, delay: 5s}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return noon }
	paces, err := pace.Open(file, slog.New(slog.DiscardHandler), now)
	if err != nil {
		t.Fatal(err)
	}
	config := verdictConfig()
	config.Delay, config.MaxDelay, config.DelayFactor = 2*time.Second, time.Minute, 1.5
	for name, c := range map[string]struct {
		paces            *pace.File
		crawlDelay, took time.Duration
		want             time.Duration
	}{
		"the least":                     {nil, 0, 0, 2 * time.Second},
		"a quick host":                  {nil, 0, time.Second, 2 * time.Second},
		"a slow host":                   {nil, 0, 4 * time.Second, 6 * time.Second},
		"a host as slow as it may be":   {nil, 0, 41 * time.Second, time.Minute},
		"robots.txt":                    {nil, 10 * time.Second, time.Second, 10 * time.Second},
		"robots.txt of a slow host":     {nil, 10 * time.Second, 10 * time.Second, 15 * time.Second},
		"robots.txt that asks for long": {nil, time.Hour, 0, time.Minute},
		"the file":                      {paces, 0, time.Hour, 5 * time.Second},
		"robots.txt below the file":     {paces, 4 * time.Second, 0, 5 * time.Second},
		"robots.txt above the file":     {paces, 6 * time.Second, 0, 6 * time.Second},
		"robots.txt far above the file": {paces, time.Hour, 0, time.Minute},
	} {
		v := newVisit(t, wholeEntry())
		v.config, v.paces = config, c.paces
		if got := v.pause(c.crawlDelay, c.took); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	v := newVisit(t, wholeEntry())
	v.config = config
	v.config.MaxDelay = time.Second // not validated
	if got := v.pause(0, time.Hour); got != 2*time.Second {
		t.Errorf("with a maximum below the delay: %s, want the delay", got)
	}
	v.start = noon.Add(-7 * time.Second)
	if got := v.took(); got != 7*time.Second {
		t.Errorf("the request took %s", got)
	}
}
