package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// call runs a command line without input.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	return code, out.String(), errs.String()
}

func TestWrongCalls(t *testing.T) {
	for line, want := range map[string]string{
		"nosuch":        `"dateline --help" lists the commands`,
		"foo":           `"dateline --help" lists the commands`,
		"serch ferry":   `did you mean "dateline search"?`,
		"expl":          `did you mean "dateline explain"?`,
		"dead lst":      `did you mean "dateline dead list"?`,
		"dead nosuch":   `"dateline dead --help" lists the commands`,
		"completion x":  `"dateline completion --help" lists the commands`,
		"context other": `"dateline context --help" lists the commands`,
		"help serch":    `did you mean "dateline search"?`,
		"help dead lst": `did you mean "dateline dead list"?`,
		"--nosuch":      `"dateline --help" lists the flags`,

		"dead list --limit 0":     "must be at least 1",
		"dead requeue":            "either the numbers of dead letters or --all",
		"dead requeue 1 --all":    "either the numbers of dead letters or --all",
		"dead drop 1 n2 --all":    "either the numbers of dead letters or --all",
		"archive ls --limit 0":    "must be at least 1",
		"audit --limit 0":         "choose 1 to 10000",
		"audit --limit 10001":     "choose 1 to 10000",
		"restore saved":           "name where to restore",
		"reindex --check --all":   "exclude each other",
		"settings nosuch-setting": "lists all",
		"demo --pace 0s":          "it must be positive",
		"repair --since -1h":      "it must be positive",

		"publish --timeout 0s https://example.com/":      "it must be positive",
		"publish --priority high https://example.com/":   "choose fresh or backfill",
		"extract page.html --follow":                     "--follow needs a URL to fetch",
		"extract https://example.com --follow --explain": "--follow needs a URL to fetch",
		"extract page.html --format pdf":                 "choose json, markdown, html or text",
		"extract page.html --explain --format markdown":  "choose json, markdown, html or text",
		"rules page.html":                                "there are no rules",

		"sink":                                   "name the index with --to",
		"sink --to http://127.0.0.1:9200/a":      "--allow-private",
		"sink --to https://a:b@example.com/news": "secrets are given in a file",

		"replay --rate -1":                 "must not be negative",
		"replay --workers -1":              "must not be negative",
		"replay --apply --dry-run":         "--dry-run cannot be combined with",
		"replay --resume a --dry-run":      "--dry-run cannot be combined with",
		"replay --resume a --since 7d":     "--resume cannot be combined with --since",
		"replay --resume a --query sea":    "--resume cannot be combined with --query",
		"replay --resume a news.warc.gz":   "cannot be continued",
		"replay --host example.com x.warc": "only --extractor-version selects pages",
	} {
		code, out, errs := call(t, strings.Fields(line)...)
		if code != exitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("dateline %s: exit code %d, want %d with %s: %s%s", line, code, exitUsage, want, out, errs)
		}
	}
	for _, line := range []string{"", "dead", "help", "help dead", "help dead list", "search --help"} {
		if code, out, errs := call(t, strings.Fields(line)...); code != exitOK || !strings.Contains(out, "Usage:") {
			t.Errorf("dateline %s: exit code %d, want help: %s%s", line, code, out, errs)
		}
	}
}

// TestLimitsOfFlags gives values at both limits, which are accepted, and the ones beyond them. Nothing else of the
// command lines is wrong, but there is no data folder.
func TestLimitsOfFlags(t *testing.T) {
	none := t.TempDir() + "/none"
	for line, limits := range map[string]struct{ within, beyond []string }{
		"archive ls --limit":       {[]string{"1"}, []string{"0"}},
		"audit --limit":            {[]string{"1", "10000"}, []string{"0", "10001"}},
		"dead list --limit":        {[]string{"1"}, []string{"0"}},
		"sources --hours":          {[]string{"1", "840"}, []string{"0", "841"}},
		"tail --limit":             {[]string{"0"}, []string{"-1"}},
		"token create news --days": {[]string{"0", "3650"}, []string{"-1", "3651"}},
		"repair --since":           {[]string{"1ns"}, []string{"0s"}},
	} {
		run := func(value string, want int) {
			args := append(strings.Fields(line), value, "--data-dir", none)
			if code, out, errs := call(t, args...); code != want || out != "" {
				t.Errorf("dateline %s %s: exit code %d, want %d: %s%s", line, value, code, want, out, errs)
			}
		}
		for _, value := range limits.within {
			run(value, exitFailure)
		}
		for _, value := range limits.beyond {
			run(value, exitUsage)
		}
	}
}

// TestWrongCallsOfEveryCommand gives each command a flag that it does not have, a value
// that its settings cannot have, and a number of arguments that it does not take.
func TestWrongCallsOfEveryCommand(t *testing.T) {
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			check(sub)
		}
		path := strings.Fields(cmd.CommandPath())[1:]
		wrong := [][]string{{"--nosuch"}}
		if cmd.Flags().Lookup("fetcher-delay") != nil {
			wrong = append(wrong, []string{"--fetcher-delay", "soon"})
		}
		if many := []string{"a", "b", "c"}; cmd.Args != nil && cmd.Args(cmd, many) != nil {
			wrong = append(wrong, many)
		}
		for _, args := range wrong {
			if code, _, errs := call(t, append(path[:len(path):len(path)], args...)...); code != exitUsage || errs == "" {
				t.Errorf("dateline %s %q: exit code %d, want %d: %s", strings.Join(path, " "), args, code, exitUsage, errs)
			}
		}
	}
	check(newRoot(Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}))
}
