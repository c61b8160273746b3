package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/cmd/dateline/internal/cli"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
)

// hostile is text that a terminal would act on, and that tries to look like another row.
const hostile = "x\x1b]0;owned\x07\x1b[2J\u009b31m\u202egnp\u2066\r\nforged  row\x7f"

// hostileURL is the address of everything that hostileFolder stores.
const hostileURL = "https://example.com/" + hostile

// hostileFolder returns a data folder with an article, its changes, outcomes, a dead
// letter and a drift alarm whose texts are all hostile.
func hostileFolder(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s := openStore(t, dir)
	id := strings.Repeat("a1", 32)
	for i := range 2 {
		a := &datelinev1.Article{
			Id: id, CanonicalUrl: hostileURL, RequestedUrl: hostileURL, FinalUrl: hostileURL, Host: "example.com",
			SiteName: hostile, Title: fmt.Sprint(hostile, i), Text: fmt.Sprint(hostile, " ferry ", i), Section: hostile,
			Summary: hostile, Authors: []*datelinev1.Author{{Name: hostile}}, ContentHash: fmt.Sprint(i),
			FetchTime: timestamppb.New(time.Now().Add(time.Duration(i) * time.Second)), ExtractTime: timestamppb.Now(),
		}
		if results, err := s.Put(t.Context(), []*datelinev1.Article{a}); err != nil || results[0].Err != nil {
			t.Fatal(err, results)
		}
	}
	o := &datelinev1.Outcome{
		InputId: "one", Url: hostileURL, Host: "example.com", Stage: datelinev1.Stage_STAGE_FETCH,
		Verdict: datelinev1.Verdict_VERDICT_DEAD, Reason: hostile, Detail: hostile, Time: timestamppb.Now(),
	}
	if err := s.Record(t.Context(), []*datelinev1.Outcome{o}); err != nil {
		t.Fatal(err)
	}
	err := captures.Of(s).Add(t.Context(), hostile, 1, []captures.Capture{{
		PageID: "page", URL: hostileURL, Time: time.Now(), Status: 200, Type: hostile, Digest: hostile,
	}})
	if err != nil {
		t.Fatal(err)
	}
	putHostileStreams(t, dir, o)
	return dir
}

func putHostileStreams(t *testing.T, dir string, o *datelinev1.Outcome) {
	t.Helper()
	bus, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	writer := ledger.NewWriter(ledger.Config{
		JS: bus.JS, Stage: datelinev1.Stage_STAGE_FETCH, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Count: func(datelinev1.Verdict, outcome.Reason) {},
	})
	buried := proto.CloneOf(o)
	buried.Reason = string(outcome.Timeout)
	source := ledger.Source{Subject: subject.URLs, Data: []byte(hostile)}
	if err := writer.Bury(t.Context(), buried, time.Second, source); err != nil {
		t.Fatal(err)
	}
	bucket, err := bus.JS.KeyValue(t.Context(), subject.BucketDrift)
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string, value proto.Message) {
		data, err := proto.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bucket.Put(t.Context(), key, data); err != nil {
			t.Fatal(err)
		}
	}
	const signal = datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	put(subject.DriftAlarm("example.com", signal), &datelinev1.DriftAlarm{
		Host: hostile, Signal: signal, Raised: true, Time: timestamppb.Now(),
	})
	put(subject.DriftSample("example.com", signal, 0), &datelinev1.DriftSample{
		Url: hostileURL, Signal: signal, HtmlZstd: encoder.EncodeAll([]byte(hostile), nil),
	})
}

// hostileCommands returns command lines for each command that prints text from sites,
// and nil for the others.
func hostileCommands(t *testing.T, dir string) map[string][][]string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/story" {
			w.Header().Set("Location", "/"+strings.ToValidUTF8(hostile, "")[:1]+"%1b%0d\u202e")
			w.WriteHeader(http.StatusFound)
			return
		}
		fmt.Fprint(w, strings.ReplaceAll(harbourPage(hostile), "Harbour reopens", "Harbour "+hostile))
	}))
	t.Cleanup(server.Close)
	page := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(page, []byte(harbourPage(hostile)), 0o600); err != nil {
		t.Fatal(err)
	}
	rules := t.TempDir()
	rule := []byte("title: h1\nbody: article\n")
	if err := os.WriteFile(filepath.Join(rules, "example.com.yaml"), rule, 0o600); err != nil {
		t.Fatal(err)
	}
	own := []string{"ingest", "--data", t.TempDir(), server.URL + "/story", server.URL + "/loop", "bad:" + hostile}
	return map[string][][]string{
		"replay":  {{"replay", "--archive", dir}, {"replay", "--archive", dir, "--json"}, {"replay", "runs"}},
		"search":  {{"search", "ferry"}, {"search", "ferry", "--json"}},
		"show":    {{"show", hostileURL}, {"show", hostileURL, "--json"}, {"show", hostile}},
		"history": {{"history", hostileURL, "--changes"}},
		"export":  {{"export"}},
		"erase":   {{"erase", hostileURL}, {"erase", hostile}},
		"explain": {{"explain", hostileURL}, {"explain", hostileURL, "--json"}, {"explain", hostile}},
		"dead":    {{"dead", "list"}, {"dead", "list", "--json"}, {"dead", "show", "1"}, {"dead", "show", hostile}},
		"drift":   {{"drift", "--pages", t.TempDir()}, {"drift", "--json"}},
		"sources": {{"sources"}, {"sources", "--json"}, {"sources", hostile}},
		"doctor":  {{"doctor"}, {"doctor", "--json"}},
		"repair":  {{"repair"}, {"repair", "--json"}, {"repair", "--yes"}},
		"reindex": {{"reindex"}, {"reindex", "--json"}, {"reindex", "--check"}, {"reindex", "--all"}},
		"extract": {
			{"extract", page, "--url", hostileURL}, {"extract", page, "--url", hostileURL, "--format", "text"},
			{"extract", page, "--explain"}, {"extract", page, "--explain", "--format", "json"}, {"extract", hostileURL},
			{"extract", page, "--format", "html"}, {"extract", page, "--format", "markdown"},
		},
		"rules":   {{"rules", page, "--url", "https://example.com/a", "--extractor-rules-dir", rules}},
		"ingest":  {append(own, loopback...), append(append(own, loopback...), "--json")},
		"publish": {{"publish", "bad:" + hostile}},
		"status":  {{"status", "--client-web", hostile}},
		"tail":    {{"tail"}},
		"context": nil, // its own test hides secrets
		"top":     {{"top", "--admin", hostile, "--interval", "100ms"}},
		"backup":  {{"backup", filepath.Join(t.TempDir(), hostile)}}, "restore": {{"restore", hostile}},
		"archive": {
			{"archive", "ls"}, {"archive", "ls", "--json"}, {"archive", "ls", "--url", hostileURL}, {"archive", "cdxj"},
			{"archive", "stop"},
		},
		"subscribe": {
			{"subscribe", "add", "ferry", "--query", hostile, "--to", hostileURL}, {"subscribe", "add", hostile},
			{"subscribe", "ls"}, {"subscribe", "show", "ferry"}, {"subscribe", "log", "ferry"}, {"subscribe", "test", "ferry"},
			{"subscribe", "export"}, {"subscribe", "show", hostile}, {"subscribe", "apply", "-f", hostile},
		},
		"sink": {{"sink", "--to", hostile}, {"sink", "--to", server.URL + "/articles", "--allow-private", "--once"}},
		"token": {
			{"token", "create", hostile}, {"token", "create", "ferry"}, {"token", "ls"}, {"token", "revoke", hostile},
		},
		"audit":   {{"audit"}, {"audit", "--actor", hostile}},
		"compact": {{"compact", "--data", hostile}},
		"mcp":     nil, // its own test stores hostile texts
		"up":      {{"up", "--config", hostile}},
		"demo":    nil, "eval": nil, "reference": nil, "version": nil, "settings": nil, "help": nil, "completion": nil,
		"size": nil,
	}
}

// TestNoCommandPrintsControlCharacters runs every command that prints text from sites.
func TestNoCommandPrintsControlCharacters(t *testing.T) {
	t.Parallel()
	dir := hostileFolder(t)
	commands := hostileCommands(t, dir)
	_, help, _ := dateline(t, "--help")
	_, list, _ := strings.Cut(help, "Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	for line := range strings.Lines(list) {
		if name := strings.Fields(line)[0]; !isKnown(commands, name) {
			t.Errorf("the test does not run %q", name)
		}
	}
	for name, lines := range commands {
		for _, args := range lines {
			if name != "top" && name != "ingest" {
				args = append(args, "--data", dir)
			}
			checkOutput(t, args)
		}
	}
}

func isKnown(commands map[string][][]string, name string) bool {
	_, known := commands[name]
	return known
}

// checkOutput runs a command, and checks that its output has no unsafe characters, that
// its tables have no forged row, and that its JSON is valid and not changed.
func checkOutput(t *testing.T, args []string) {
	t.Helper()
	var out, errs bytes.Buffer
	cli.Run(natstest.Context(t), args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	for _, text := range []string{out.String(), errs.String()} {
		for i, r := range text {
			if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%q prints %q in %q", args, r, text[max(0, i-40):min(len(text), i+40)])
				break
			}
		}
	}
	asJSON := args[0] == "export"
	for _, arg := range args {
		asJSON = asJSON || arg == "--json"
	}
	// The text of an article has lines of its own.
	forged, permitted := 0, map[string]int{"show": 1, "history": 1, "extract": 99, "rules": 99}[args[0]]
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if asJSON && !json.Valid(lines.Bytes()) {
			t.Errorf("%q prints invalid JSON: %s", args, lines.Text())
		}
		if strings.HasPrefix(lines.Text(), "forged  row") {
			forged++
		}
	}
	if forged > permitted {
		t.Errorf("%q prints %d forged rows", args, forged)
	}
}
