package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// silentSource returns the outcomes of three weeks, one per hour until now. On the last
// day, robots.txt forbids everything.
func silentSource(now time.Time) []*datelinev1.Outcome {
	const hours, lastDay = 21 * 24, 20 * 24
	var outcomes []*datelinev1.Outcome
	for hour := range hours {
		o := &datelinev1.Outcome{
			Stage: datelinev1.Stage_STAGE_INDEX, Verdict: datelinev1.Verdict_VERDICT_PRODUCED, Reason: string(outcome.New),
			Host: "paper.test", InputId: fmt.Sprint(hour),
			Time: timestamppb.New(now.Add(time.Duration(hour-hours) * time.Hour)),
		}
		if hour >= lastDay {
			o.Stage, o.Verdict = datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_REJECTED
			o.Reason = string(outcome.RobotsDenied)
		}
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// TestSources lists a silent source.
func TestSources(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir)
	now := time.Now().UTC().Truncate(time.Hour)
	if err := s.Record(t.Context(), silentSource(now)); err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		var err error
		if more, err = s.RollUp(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := dateline(t, "sources", "--data", dir)
	if code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	for _, want := range []string{"paper.test  silent    0  2", "robots: robots.txt did not", "1 source\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	code, out, errs = dateline(t, "sources", "paper.test", "--data", dir, "--json")
	var line struct {
		Host, State, Cause string
		SilentSince        time.Time `json:"silent_since"`
	}
	if err := json.Unmarshal([]byte(out), &line); err != nil {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out, errs)
	}
	if line.State != "silent" || line.Cause != "robots" || !line.SilentSince.Equal(now.Add(-24*time.Hour)) {
		t.Errorf("the source is %+v", line)
	}
	code, out, _ = dateline(t, "sources", "other.test", "--silent", "--data", dir)
	if code != 0 || out != "0 sources\n" {
		t.Errorf("exit code %d\n%s", code, out)
	}
	code, _, errs = dateline(t, "sources", "--hours", "0", "--data", dir)
	if code != 2 || !strings.Contains(errs, "choose 1 to 840") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}
