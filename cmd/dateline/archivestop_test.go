package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// TestArchiveStop stops keeping pages for an archiver. Without --yes, the pages that wait stay.
func TestArchiveStop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bus, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := topology.Reconcile(t.Context(), bus.JS, topology.Limits{Archive: true}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := bus.JS.Publish(t.Context(), subject.Pages("com.example"), []byte("page")); err != nil {
			t.Fatal(err)
		}
	}
	if err := bus.Close(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		args []string
		want string
	}{
		{nil, "2 pages would not be archived; add --yes"},
		{nil, "2 pages would not be archived; add --yes"},
		{[]string{"--yes"}, "2 pages that waited will not be archived"},
		{nil, "no pages are kept for an archiver"},
	} {
		code, out, errs := dateline(t, append([]string{"archive", "stop", "--data", dir}, step.args...)...)
		if code != 0 || !strings.Contains(out, step.want) {
			t.Errorf("archive stop %v: exit code %d, want %q:\n%s%s", step.args, code, step.want, out, errs)
		}
	}
}
