package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/disktest"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	exportedDays = 30
	perDay       = 40
)

// exportFolder returns a data folder with articles of several days.
func exportFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s := openStore(t, dir)
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var all []*datelinev1.Article
	for i := range exportedDays * perDay {
		url := fmt.Sprintf("https://example.com/%d", i)
		all = append(all, &datelinev1.Article{
			Id: fmt.Sprintf("id-%08d", i), CanonicalUrl: url, RequestedUrl: url, FinalUrl: url, Host: "example.com",
			Title: "Article", Text: strings.Repeat(fmt.Sprintf("word%d ", i), 500), ContentHash: fmt.Sprint(i),
			Published: &datelinev1.PublicationTime{
				Value: timestamppb.New(start.Add(time.Duration(i/perDay)*24*time.Hour + time.Duration(i%perDay)*time.Minute)),
			},
			FetchTime: timestamppb.Now(), ExtractTime: timestamppb.Now(), RequestId: url,
		})
	}
	for i := 0; i < len(all); i += perDay {
		if _, err := s.Put(t.Context(), all[i:i+perDay]); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// completeDays checks that every file with a final name has all lines, and returns the
// number of files.
func completeDays(t *testing.T, dir string) int {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "[0-9]*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		if len(lines) != perDay+1 || lines[perDay] != "" || !json.Valid([]byte(lines[perDay-1])) {
			t.Errorf("%s is incomplete: %d bytes, %d lines", name, len(data), len(lines)-1)
		}
	}
	return len(names)
}

// TestKilledExport kills an export by day again and again, and then lets it end.
func TestKilledExport(t *testing.T) {
	t.Parallel()
	data, out := exportFolder(t), filepath.Join(t.TempDir(), "out")
	ctx := natstest.Context(t)
	args := []string{"export", "--data-dir", data, "--partition", "day", "--output", out}
	for days := 0; days < exportedDays/2; {
		cmd := program(ctx, t, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for before := days; days < before+3 && days < exportedDays; loop.Sleep(ctx, time.Millisecond) {
			names, err := filepath.Glob(filepath.Join(out, "[0-9]*"))
			if days = len(names); err != nil || ctx.Err() != nil {
				t.Fatal(err, ctx.Err())
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
		days = completeDays(t, out)
	}
	var text bytes.Buffer
	cmd := program(ctx, t, args...)
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Run(); err != nil {
		t.Fatal(err, text.String())
	}
	if days := completeDays(t, out); days != exportedDays {
		t.Errorf("%d days are exported, want %d", days, exportedDays)
	}
	if left, err := filepath.Glob(filepath.Join(out, ".*.partial")); err != nil || len(left) > 0 {
		t.Errorf("incomplete files are left: %q, %v", left, err)
	}
	want := fmt.Sprintf("%d articles in %d files: 0 written, %d unchanged, 0 removed\n", exportedDays*perDay, exportedDays,
		exportedDays)
	if code, got, errs := dateline(t, args...); code != 0 || got != want {
		t.Errorf("another run: exit code %d, %q, want %q: %s", code, got, want, errs)
	}
}

// TestExportToAFullDisk exports by day to a file system that is too small, and continues
// after it has grown.
func TestExportToAFullDisk(t *testing.T) {
	t.Parallel()
	data, disk := exportFolder(t), disktest.Mount(t, "2m")
	dir := filepath.Join(disk, "out")
	args := []string{"export", "--data-dir", data, "--partition", "day", "--output", dir}
	code, _, errText := dateline(t, args...)
	if code != 1 || !strings.Contains(errText, "no space left") {
		t.Fatalf("with a full disk: exit code %d: %s", code, errText)
	}
	before := completeDays(t, dir)
	if before == 0 || before == exportedDays {
		t.Fatalf("with a full disk, %d days are exported", before)
	}
	grow := exec.CommandContext(t.Context(), "mount", "-o", "remount,size=60m", disk)
	if out, err := grow.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	code, lines, errText := dateline(t, append(args, "--json")...)
	if code != 0 || completeDays(t, dir) != exportedDays {
		t.Fatalf("with free space: exit code %d: %s", code, errText)
	}
	counts := map[string]int{}
	for line := range strings.Lines(lines) {
		var change struct{ Day, File, SHA256, Change string }
		if err := json.Unmarshal([]byte(line), &change); err != nil || change.File != change.Day+".jsonl" ||
			len(change.SHA256) != 64 {
			t.Fatalf("%s: %v", line, err)
		}
		counts[change.Change]++
	}
	if counts["written"]+counts["unchanged"] != exportedDays || counts["unchanged"] == 0 {
		t.Errorf("the second run reports %v", counts)
	}
}

// TestExportByDayOverHTTP compares the files that are exported with the HTTP API with those
// of the store.
func TestExportByDayOverHTTP(t *testing.T) {
	t.Parallel()
	data, out := exportFolder(t), t.TempDir()
	cfg := testConfig(data)
	cfg.HTTP.Addr = natstest.FreeAddr(t)
	runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	u := user{t.TempDir(), t.TempDir()}
	u.writeContext(t, "remote", "nats: {url: nats://"+closedAddr+"}\nclient: {web: http://"+cfg.HTTP.Addr+"}\n")
	ctx := natstest.Context(t)
	for i, from := range [][]string{{"--data-dir", data}, {"--context", "remote"}} {
		args := append([]string{"export", "--format", "csv", "--partition", "day", "--output", out}, from...)
		want := []string{"30 written", "30 unchanged"}[i]
		if code, text := u.run(ctx, t, args...); code != 0 || !strings.Contains(text, want) {
			t.Errorf("dateline %s: exit code %d, want %s: %s", strings.Join(args, " "), code, want, text)
		}
	}
	for want, args := range map[string][]string{
		"the only period is day":        {"--partition", "week", "--output", out},
		"needs a folder":                {"--partition", "day"},
		"--json is only for":            {"--json"},
		"choose jsonl, csv or parquet":  {"--partition", "day", "--output", out, "--format", "xml"},
		"other articles or in another ": {"--partition", "day", "--output", out, "--format", "csv", "ferry"},
	} {
		if code, text := u.run(ctx, t, append([]string{"export", "--data-dir", data}, args...)...); code == 0 ||
			!strings.Contains(text, want) {
			t.Errorf("dateline export %s: exit code %d, want %q: %s", strings.Join(args, " "), code, want, text)
		}
	}
}
