package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/dateline-news/dateline/services/fetcher/bench/contender"
)

const colly = "colly"

// contenders are in the order of the table.
var contenders = []struct {
	name string
	run  func(contender.Settings) (contender.Figures, error)
	nats bool // needs a NATS server
}{
	{"bare net/http", bare, false},
	{"httpget", get, false},
	{colly, func(contender.Settings) (contender.Figures, error) { return contender.Figures{}, errNoColly }, false},
	{"whole fetcher", whole, true},
}

// compare runs each contender against its own web server and prints a table. only is a
// comma-separated list of names, or empty for all contenders.
func compare(s contender.Settings, only, collyProgram string) error {
	selected := strings.Split(only, ",")
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "contender\tpages/cpu-s\tof bare\tpages/s\tMB in flight\tNATS cpu ms/page")
	var baseline float64
	for _, c := range contenders {
		if only != "" && !slices.Contains(selected, c.name) || only == "" && c.name == colly && collyProgram == "" {
			continue
		}
		program := os.Args[0]
		if c.name == colly && collyProgram != "" {
			program = collyProgram
		}
		f, err := measure(program, c.name, s, c.nats)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		rate := float64(f.Pages) / f.CPU.Seconds()
		if baseline == 0 {
			baseline = rate
		}
		nats := ""
		if c.nats {
			nats = fmt.Sprintf("%.3f", f.Servers.Seconds()*1000/float64(f.Pages))
		}
		fmt.Fprintf(out, "%s\t%.0f\t%.2f\t%.0f\t%.3f\t%s\n", c.name, rate, rate/baseline,
			float64(f.Pages)/f.Wall.Seconds(), float64(f.Peak-f.Before)/1e6/float64(s.InFlight), nats)
	}
	return out.Flush()
}

// measure runs a contender with its servers and returns its figures.
func measure(program, name string, s contender.Settings, withNATS bool) (contender.Figures, error) {
	web, err := start(roleWeb, s)
	if err != nil {
		return contender.Figures{}, err
	}
	defer web.stop()
	s.Web = web.address
	if withNATS {
		nats, err := start(roleNATS, s)
		if err != nil {
			return contender.Figures{}, err
		}
		defer nats.stop()
		s.NATS = nats.address
	}
	out, err := command(program, name, s).Output()
	if err != nil {
		return contender.Figures{}, fmt.Errorf("running the contender: %w", err)
	}
	var f contender.Figures
	if err := json.Unmarshal(out, &f); err != nil {
		return contender.Figures{}, fmt.Errorf("decoding figures %q: %w", out, err)
	}
	return f, nil
}
