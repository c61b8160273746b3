package config_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/dateline-news/dateline/internal/config"
)

var update = flag.Bool("update", false, "rewrite the expected messages")

type settings struct {
	Fetcher fetcher
	Admin   admin
}

type fetcher struct {
	UserAgent    string        `doc:"Name sent to sites."`
	Delay        time.Duration `doc:"Pause between two requests to a host."`
	MaxBodyBytes int64         `doc:"Maximum size of a body." unit:"bytes"`
	AllowPorts   []string      `doc:"Ports."`
	Private      bool          `doc:"Whether private addresses may be fetched."`
	LeaseTTL     time.Duration `doc:"Time until a lease expires."`
}

type admin struct {
	Addr string `doc:"Address to listen on."`
}

func (f fetcher) Validate() error {
	if f.Delay < 0 {
		return errors.New("delay is negative")
	}
	return nil
}

func defaults() settings {
	return settings{Fetcher: fetcher{UserAgent: "D", Delay: time.Second, MaxBodyBytes: 10}}
}

func load(t *testing.T, file string, env, args []string) (settings, error) {
	t.Helper()
	cfg := defaults()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	loader := config.NewLoader(flags, &cfg)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return cfg, loader.Load(env, file)
}

func TestLaterSourcesWin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dateline.yaml")
	text := "fetcher:\n  user-agent: file\n  delay: 3s\n  allow-ports: [80, 443]\nindexer:\n  other: 1\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := load(t, file,
		[]string{"DATELINE_FETCHER_DELAY=4s", "DATELINE_FETCHER_MAX_BODY_BYTES=20", "DATELINE_CORPUS=/x", "PATH=/bin"},
		[]string{"--fetcher-max-body-bytes=30", "--fetcher-private", "--fetcher-lease-ttl=5s"})
	if err != nil {
		t.Fatal(err)
	}
	got := cfg.Fetcher
	if got.UserAgent != "file" || got.Delay != 4*time.Second || got.MaxBodyBytes != 30 || !got.Private ||
		got.LeaseTTL != 5*time.Second ||
		strings.Join(got.AllowPorts, " ") != "80 443" {
		t.Errorf("got %+v", got)
	}
}

func TestSizeOfAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dateline.yaml")
	text := "fetcher:\n  delay: 3s\n#"
	for size, want := range map[int]bool{1 << 20: true, 1<<20 + 1: false} {
		if err := os.WriteFile(file, []byte(text+strings.Repeat(" ", size-len(text))), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := load(t, file, nil, nil)
		if want && (err != nil || cfg.Fetcher.Delay != 3*time.Second) ||
			!want && (err == nil || !strings.Contains(err.Error(), "larger than 1MiB")) {
			t.Errorf("%d bytes: delay %s and error %v", size, cfg.Fetcher.Delay, err)
		}
	}
}

// TestBadFiles loads each testdata/*.bad.yaml and compares the reported problems
// with the text file of the same name.
func TestBadFiles(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.bad.yaml")
	if len(files) == 0 {
		t.Fatal("no files")
	}
	for _, file := range files {
		_, err := load(t, file, nil, nil)
		if err == nil {
			t.Errorf("%s was accepted", file)
			continue
		}
		want := strings.TrimSuffix(file, "yaml") + "txt"
		if *update {
			if err := os.WriteFile(want, []byte(err.Error()+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		expected, readErr := os.ReadFile(want)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if err.Error()+"\n" != string(expected) {
			t.Errorf("%s: got\n%s\nwant\n%s", file, err, expected)
		}
	}
}

// TestEveryProblemIsReportedAtOnce checks that the problems are in the order in which the settings are read.
func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dateline.yaml")
	text := "fetcher:\n  delay: never\n  private: maybe\n  user_agent: D\nadmin:\n  addr: [1]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"DATELINE_FETCHER_DELAY=soon", "DATELINE_FETCHER_DELLAY=1s"}
	_, err := load(t, file, env, []string{"--fetcher-max-body-bytes=many"})
	want := []string{
		file + `:2: fetcher.delay: "never" is not a duration such as 30s`,
		file + `:3: fetcher.private: "maybe" is not yes or no`,
		file + `:4: fetcher.user_agent: this setting does not exist; did you mean fetcher.user-agent?`,
		file + `:6: admin.addr: the value must be text`,
		`DATELINE_FETCHER_DELAY: "soon" is not a duration such as 30s`,
		`DATELINE_FETCHER_DELLAY: this setting does not exist`,
		`--fetcher-max-body-bytes: "many" is not a size such as 256MiB`,
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got\n%v\nwant\n%s", err, strings.Join(want, "\n"))
	}
}

func TestReferenceIsATable(t *testing.T) {
	var b strings.Builder
	if err := config.WriteReference(&b, &struct {
		Trial struct {
			Pause time.Duration `doc:"First."`
			Name  string        `doc:"Second."`
			N     int           `doc:"Third."`
		}
	}{}); err != nil {
		t.Fatal(err)
	}
	const want = "| setting (file) | flag | environment | type | default | meaning |\n|---|---|---|---|---|---|\n" +
		"| `trial.pause` | `--trial-pause` | `DATELINE_TRIAL_PAUSE` | duration | `0s` | First. |\n" +
		"| `trial.name` | `--trial-name` | `DATELINE_TRIAL_NAME` | text | (empty) | Second. |\n" +
		"| `trial.n` | `--trial-n` | `DATELINE_TRIAL_N` | number | `0` | Third. |\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestReferenceNamesEverySetting(t *testing.T) {
	var b strings.Builder
	cfg := defaults()
	if err := config.WriteReference(&b, &cfg); err != nil {
		t.Fatal(err)
	}
	for _, s := range config.Settings(&cfg) {
		if !strings.Contains(b.String(), s.Env()) || !strings.Contains(b.String(), s.Doc) {
			t.Errorf("missing %s in\n%s", s.Key(), b.String())
		}
	}
}
