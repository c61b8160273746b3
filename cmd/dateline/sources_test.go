package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestSources lists a source whose robots.txt has come to forbid everything,
// from the ledger of three weeks.
func TestSources(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir)
	now := time.Now().UTC().Truncate(time.Hour)
	var batch []*datelinev1.Outcome
	for hour := range 21 * 24 {
		at := now.Add(time.Duration(hour-21*24) * time.Hour)
		one := &datelinev1.Outcome{Stage: datelinev1.Stage_STAGE_INDEX, Verdict: datelinev1.Verdict_VERDICT_PRODUCED, Reason: "new", Host: "paper.test",
			InputId: fmt.Sprint(hour), Time: timestamppb.New(at)}
		if hour >= 20*24 {
			one.Stage, one.Verdict, one.Reason = datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_REJECTED, "robots_denied"
		}
		batch = append(batch, one)
	}
	if err := s.Record(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		var err error
		if more, err = s.RollUp(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := dateline(t, "sources", "--data", dir)
	if code != 0 || !strings.Contains(out, "paper.test  silent    0  2") ||
		!strings.Contains(out, "robots: robots.txt did not") || !strings.Contains(out, "1 source") {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	code, out, errs = dateline(t, "sources", "paper.test", "--data", dir, "--json")
	var line struct {
		Host, State, Cause string
		SilentSince        time.Time `json:"silent_since"`
	}
	if err := json.Unmarshal([]byte(out), &line); err != nil || code != 0 || line.State != "silent" || line.Cause != "robots" || !line.SilentSince.Equal(now.Add(-24*time.Hour)) {
		t.Errorf("exit code %d, %v\n%s%s", code, err, out, errs)
	}
	if code, out, _ := dateline(t, "sources", "other.test", "--silent", "--data", dir); code != 0 || out != "0 sources\n" {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if code, _, errs := dateline(t, "sources", "--hours", "0", "--data", dir); code != 2 || !strings.Contains(errs, "choose 1 to 840") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}
