package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/warctest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestReplayKilledAndResumed kills the process again and again while it replaces records.
// In the end, each record was replaced once, and the ledger is balanced.
func TestReplayKilledAndResumed(t *testing.T) {
	if testing.Short() {
		t.Skip("this test starts and kills a process again and again: run without -short")
	}
	t.Parallel()
	const pages = 250
	var names []string
	for i := range pages {
		names = append(names, fmt.Sprintf("place-%d", i))
	}
	s := newArchivedSite(t, names...)
	before := openStore(t, s.dir)
	for _, name := range names {
		s.alterIn(t, before, name, func(a *datelinev1.Article) { a.Title = "Before " + name })
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	progressed, killed := ledgerProgress(t, s.dir, pages/10), 0
	for i := range killsWanted(t) {
		if killOnce(t, s.applyOrResume(t), progressed, i == 0) {
			killed++
		}
	}
	for {
		args := s.applyOrResume(t)
		if out, err := program(natstest.Context(t), t, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", args, err, out)
		}
		if len(s.runs(t, false)) == 0 {
			break
		}
	}
	finish(t, s.dir)
	runs := s.runs(t, true)
	t.Logf("%d kills; %+v", killed, runs)
	got := checkLedger(t, s.dir, 0)
	if n := got[datelinev1.Stage_STAGE_REPLAY]; n.produced < pages || n.all != n.produced {
		t.Errorf("%d outcomes of replay, %d produced; want at least %d", n.all, n.produced, pages)
	}
	after := openStore(t, s.dir)
	for _, name := range names {
		hit, err := after.Article(t.Context(), s.url+"/"+name)
		if err != nil || hit.Article.GetTitle() != "Harbour reopens" || hit.Revisions != 1 {
			t.Errorf("%s: %q with %d revisions, %v", name, hit.Article.GetTitle(), hit.Revisions, err)
		}
	}
}

// runs returns the runs that have ended, or those that have not.
func (s *archivedSite) runs(t *testing.T, ended bool) []replay.Run {
	t.Helper()
	_, out, _ := dateline(t, slices.Concat([]string{"replay", "runs", "--json"}, s.flags)...)
	var runs []replay.Run
	for line := range strings.Lines(out) {
		var run replay.Run
		if err := json.Unmarshal([]byte(line), &run); err != nil {
			t.Fatal(err)
		}
		if run.Ended.IsZero() != ended {
			runs = append(runs, run)
		}
	}
	return runs
}

// applyOrResume returns the arguments that continue the interrupted run, if there is one.
func (s *archivedSite) applyOrResume(t *testing.T) []string {
	t.Helper()
	args := []string{"--apply"}
	if open := s.runs(t, false); len(open) > 0 {
		args = []string{"--resume", open[0].ID}
	}
	return slices.Concat([]string{"replay", "--rate=0"}, args, s.flags)
}

// TestReplayReadsWebArchives compares the pages of a damaged web archive with the articles
// that came from it.
func TestReplayReadsWebArchives(t *testing.T) {
	t.Parallel()
	torn := archivedPage("torn", captured).Gzip()
	members := [][]byte{torn[:len(torn)/2]}
	for _, r := range []warctest.Record{
		archivedPage("oslo", captured), archivedPage("rome", captured), archivedPage("later", captured),
		archivedPage("unknown", captured),
	} {
		members = append(members, r.Gzip())
	}
	s := &archivedSite{url: "https://www.harbour.example", dir: t.TempDir()}
	s.flags = []string{"--data", s.dir}
	if code, out, errText := dateline(t, "ingest", "--data", s.dir, "--json", archiveOf(t,
		archivedPage("oslo", captured), archivedPage("rome", captured),
		warctest.Page("later-2", s.url+"/later", captured.Add(24*time.Hour), []byte(harbourPage("later"))))); code != 0 {
		t.Fatal(out, errText)
	}
	s.alter(t, "rome", func(a *datelinev1.Article) { a.Title = "Before" })
	code, out, errText := dateline(t, "replay", "--data", s.dir, "--json", archiveFile(t, members...))
	if code != 1 || !strings.Contains(errText, "damaged at byte 0") {
		t.Errorf("exit code %d, %s", code, errText)
	}
	code, _, errText = dateline(t, "replay", "--data", s.dir, "--data-min-free=0", "--apply", archiveOf(t,
		archivedPage("rome", captured), archivedPage("unknown", captured)))
	if code != 0 || s.title(t, "rome") == "Before" || s.title(t, "unknown") == "" {
		t.Errorf("replacing records: exit code %d, %s", code, errText)
	}
	code, _, errText = dateline(t, "replay", "--data", s.dir, "--resume", s.runs(t, true)[0].ID)
	if code != 1 || !strings.Contains(errText, "has ended") {
		t.Errorf("continuing a run that has ended: exit code %d, %s", code, errText)
	}
	st := openStore(t, s.dir)
	if _, err := st.SQL().Writer.ExecContext(t.Context(), `UPDATE replay_runs SET end_time = 0`); err != nil {
		t.Fatal(err)
	}
	code, _, errText = dateline(t, "replay", "--data", s.dir, "--resume", s.runs(t, false)[0].ID)
	if code != 1 || !strings.Contains(errText, "cannot be continued") {
		t.Errorf("continuing a run over web archives: exit code %d, %s", code, errText)
	}
	lines, summary, _ := decodeReplay(t, out)
	want := map[replay.Status]int{replay.Same: 1, replay.Differs: 1, replay.Superseded: 1, replay.Accepted: 1}
	if fieldsOf(lines["rome"]) != "title" || fieldsOf(lines["unknown"]) != "accepted now" || len(lines) != 2 ||
		fmt.Sprint(summary.Statuses) != fmt.Sprint(want) {
		t.Errorf("%+v, %+v", lines, summary)
	}
}
