package main

import (
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestDeadListContinues lists three dead letters in two parts.
func TestDeadListContinues(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bus, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "two", "three"} {
		letter := &datelinev1.DeadLetter{
			Stage: datelinev1.Stage_STAGE_FETCH, Reason: "dns", Url: "https://" + name + ".example/",
		}
		data, err := proto.Marshal(letter)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bus.JS.Publish(t.Context(), subject.Dead(letter.GetStage(), letter.GetReason()), data); err != nil {
			t.Fatal(err)
		}
	}
	if err := bus.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, errText := dateline(t, "dead", "list", "--json", "--data", dir, "--limit", "2")
	if code != 0 || strings.Count(out, "\n") != 2 || strings.Contains(out, "three") ||
		!strings.Contains(errText, "--after 2\n") {
		t.Errorf("the first part: exit code %d\n%s%s", code, out, errText)
	}
	code, out, errText = dateline(t, "dead", "list", "--json", "--data", dir, "--limit", "2", "--after", "2")
	if code != 0 || strings.Count(out, "\n") != 1 || !strings.Contains(out, "three") || errText != "" {
		t.Errorf("the second part: exit code %d\n%s%s", code, out, errText)
	}
}
