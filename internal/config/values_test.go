package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/dateline-news/dateline/internal/config"
)

type parts struct {
	Trial struct {
		Share float64  `doc:"Share."`
		List  []string `doc:"List."`
		Short int      `doc:"Number."`
		Inner inner
		// Without a doc tag, a field is not a setting.
		Hidden string
		own    string
	}
}

type inner struct {
	Pause time.Duration `doc:"Pause."`
}

func (i inner) Validate() error {
	if i.Pause < 0 {
		return errors.New("pause is negative")
	}
	return nil
}

func loadParts(t *testing.T, environ []string, files ...string) (parts, *config.Loader, error) {
	t.Helper()
	var cfg parts
	loader := config.NewLoader(pflag.NewFlagSet("test", pflag.ContinueOnError), &cfg)
	err := loader.Load(environ, files...)
	return cfg, loader, err
}

func TestDecimalsAndLists(t *testing.T) {
	for text, want := range map[string]float64{"0.5": 0.5, "1": 1, "-2.25": -2.25, "1e3": 1000} {
		cfg, _, err := loadParts(t, []string{"DATELINE_TRIAL_SHARE=" + text})
		if err != nil || cfg.Trial.Share != want {
			t.Errorf("%q: got %v, %v, want %v", text, cfg.Trial.Share, err, want)
		}
	}
	for _, text := range []string{"", "half", "0,5"} {
		_, _, err := loadParts(t, []string{"DATELINE_TRIAL_SHARE=" + text})
		if err == nil || !strings.Contains(err.Error(), "is not a decimal number such as 0.5") {
			t.Errorf("%q: got %v", text, err)
		}
	}
	for text, want := range map[string][]string{"": nil, "a": {"a"}, "a , ,b,": {"a", "b"}} {
		cfg, _, err := loadParts(t, []string{"DATELINE_TRIAL_LIST=" + text})
		if err != nil || !slices.Equal(cfg.Trial.List, want) {
			t.Errorf("%q: got %q, %v, want %q", text, cfg.Trial.List, err, want)
		}
	}
}

// TestSettingsAreNamed checks the names of settings, their order, and which of them the last Load has set.
func TestSettingsAreNamed(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first := write("first.yaml", "trial:\n  share: 1\n  inner:\n    pause: 1s\n")
	second := write("second.yaml", "trial:\n  share: 2\n  list: [x, y]\n")
	empty := write("empty.yaml", "")
	cfg, loader, err := loadParts(t, []string{"DATELINE_TRIAL_SHORT=3", "OTHER=1"}, first, "", empty, second)
	if err != nil || cfg.Trial.Share != 2 || cfg.Trial.Inner.Pause != time.Second || cfg.Trial.Short != 3 ||
		!slices.Equal(cfg.Trial.List, []string{"x", "y"}) || cfg.Trial.own != "" {
		t.Errorf("got %+v, %v", cfg, err)
	}
	var keys []string
	for _, s := range loader.Settings() {
		keys = append(keys, s.Key()+" "+s.Flag()+" "+s.Env())
	}
	want := []string{
		"trial.share trial-share DATELINE_TRIAL_SHARE", "trial.list trial-list DATELINE_TRIAL_LIST",
		"trial.short trial-short DATELINE_TRIAL_SHORT",
		"trial.inner.pause trial-inner-pause DATELINE_TRIAL_INNER_PAUSE",
	}
	if !slices.Equal(keys, want) {
		t.Errorf("the settings are %q, want %q", keys, want)
	}
	for key, given := range map[string]bool{
		"trial.share": true, "trial.list": true, "trial.short": true, "trial.inner.pause": true, "trial.hidden": false,
	} {
		if loader.Given(key) != given || loader.Given("none", key) != given {
			t.Errorf("%s is given: %v, want %v", key, !given, given)
		}
	}
	if err := loader.Load(nil); err != nil || loader.Given("trial.share") {
		t.Errorf("another Load: %v, and the settings of the first one count as given", err)
	}
}

func TestProblemsNameTheirPlace(t *testing.T) {
	folder := t.TempDir()
	for text, want := range map[string]string{
		"trial:\n  inner: 3s\n":            `write settings as "name: value" here`,
		"trial:\n  inner:\n    pause: -1s": "trial: inner: pause is negative",
		"trial:\n  list: {a: b}":           "trial.list: the value must be a list",
		"trial:\n  hidden: x":              "trial.hidden: this setting does not exist",
		"trial:\n  Inner:\n    pause: 1s":  "trial.Inner: this setting does not exist",
		"trial: [":                         "reading configuration ",
		"- trial":                          `write settings as "name: value" here`,
		"trial:\n  shart: 1":               "trial.shart: this setting does not exist",
		"trial:\n  SHARE: 1":               "did you mean trial.share?",
	} {
		path := filepath.Join(folder, "file.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := loadParts(t, nil, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
	if _, _, err := loadParts(t, nil, filepath.Join(folder, "absent.yaml")); err == nil {
		t.Error("an absent file is accepted")
	}
	if _, _, err := loadParts(t, nil, folder); err == nil || !strings.Contains(err.Error(), folder) {
		t.Errorf("a folder is read as a file: %v", err)
	}
}

func TestDurationsAreShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 10 * time.Second: "10s", time.Minute: "1m", 90 * time.Second: "1m30s", 10 * time.Minute: "10m",
		time.Hour: "1h", time.Hour + time.Second: "1h0m1s", time.Hour + 10*time.Minute: "1h10m", 24 * time.Hour: "24h",
		100 * time.Minute: "1h40m", 1500 * time.Millisecond: "1.5s",
	} {
		if got := config.FormatDuration(d); got != want {
			t.Errorf("%v is written %s, want %s", d, got, want)
		}
	}
}

// full is a file on a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestReferenceReportsFailedWrites(t *testing.T) {
	if err := config.WriteReference(full{}, &parts{}); err == nil {
		t.Error("a write that failed is not reported")
	}
}
