package config_test

import (
	"math"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/dateline-news/dateline/internal/config"
)

func TestSwitchesAcceptTheUsualWords(t *testing.T) {
	for _, text := range []string{"yes", "true", "on", "1", "Yes", "TRUE"} {
		cfg, err := load(t, "", []string{"DATELINE_FETCHER_PRIVATE=" + text}, nil)
		if err != nil || !cfg.Fetcher.Private {
			t.Errorf("%q: got %v and error %v, want yes", text, cfg.Fetcher.Private, err)
		}
	}
	for _, text := range []string{"no", "false", "off", "0", "No"} {
		cfg, err := load(t, "", nil, []string{"--fetcher-private", "--fetcher-private=" + text})
		if err != nil || cfg.Fetcher.Private {
			t.Errorf("%q: got %v and error %v, want no", text, cfg.Fetcher.Private, err)
		}
	}
	for _, text := range []string{"", "maybe", "2", "y"} {
		if _, err := load(t, "", []string{"DATELINE_FETCHER_PRIVATE=" + text}, nil); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

// TestASwitchIsTurnedOff has a switch that is on by default.
func TestASwitchIsTurnedOff(t *testing.T) {
	for text, want := range map[string]bool{"no": false, "0": false, "yes": true} {
		var cfg struct {
			Trial struct {
				On bool `doc:"Is on."`
			}
		}
		cfg.Trial.On = true
		loader := config.NewLoader(pflag.NewFlagSet("test", pflag.ContinueOnError), &cfg)
		if err := loader.Load([]string{"DATELINE_TRIAL_ON=" + text}); err != nil || cfg.Trial.On != want {
			t.Errorf("%q: got %v and error %v, want %v", text, cfg.Trial.On, err, want)
		}
	}
}

func TestNumbersAreDecimal(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "17": 17, "-3": -3, "1000000": 1_000_000, "010": 10} {
		got, err := loadNumber(text)
		if err != nil || got != want {
			t.Errorf("%q: got %d and error %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "1.5", "0x10", "1e3", "9223372036854775808", "a"} {
		if got, err := loadNumber(text); err == nil || !strings.Contains(err.Error(), "is not a whole number") {
			t.Errorf("%q: got %d and error %v", text, got, err)
		}
	}
}

func loadNumber(text string) (int, error) {
	var cfg struct {
		Trial struct {
			N int `doc:"Number."`
		}
	}
	loader := config.NewLoader(pflag.NewFlagSet("test", pflag.ContinueOnError), &cfg)
	err := loader.Load([]string{"DATELINE_TRIAL_N=" + text})
	return cfg.Trial.N, err
}

func TestSizesAcceptUnits(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "4096": 4096, "256MiB": 256 << 20, "256 mib": 256 << 20, "1KiB": 1 << 10, "2GiB": 2 << 30, "1TiB": 1 << 40,
		"1kB": 1000, "5MB": 5_000_000, "2GB": 2e9, "1TB": 1e12, "10B": 10, "1.5GiB": 3 << 29, "-1": -1,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64, "8388607TiB": 8388607 << 40,
		"-8388608TiB": math.MinInt64, "9223372036854775807B": math.MaxInt64,
	} {
		cfg, err := load(t, "", []string{"DATELINE_FETCHER_MAX_BODY_BYTES=" + text}, nil)
		if err != nil || cfg.Fetcher.MaxBodyBytes != want {
			t.Errorf("%q: got %d and error %v, want %d", text, cfg.Fetcher.MaxBodyBytes, err, want)
		}
	}
	for _, text := range []string{"", "MiB", "256M", "1.5", "lots", "NaNMiB", "1.5B",
		"8388608TiB", "-8388609TiB", "8388608.0TiB", "1e30GB", "0x10",
	} {
		_, err := load(t, "", []string{"DATELINE_FETCHER_MAX_BODY_BYTES=" + text}, nil)
		if err == nil || !strings.Contains(err.Error(), "is not a size such as 256MiB") {
			t.Errorf("%q: got error %v", text, err)
		}
	}
}

func TestDefaultsOfSizesHaveUnits(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0", 10: "10", 1000: "1000", 1536: "1536",
		1 << 10: "1KiB", 3 << 19: "1536KiB", 256 << 20: "256MiB", 8 << 30: "8GiB",
	} {
		cfg := defaults()
		cfg.Fetcher.MaxBodyBytes = bytes
		for _, s := range config.Settings(&cfg) {
			if s.Key() == "fetcher.max-body-bytes" && (s.Default != want || s.Type() != "size") {
				t.Errorf("%d bytes: got %q of type %s, want %q", bytes, s.Default, s.Type(), want)
			}
		}
	}
}
