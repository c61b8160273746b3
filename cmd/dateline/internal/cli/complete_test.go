package cli

import (
	"strings"
	"testing"
)

func TestCompletionCompletesValues(t *testing.T) {
	for line, want := range map[string]string{
		"publish --priority ":     "backfill",
		"export --format ":        "parquet",
		"search --access ":        "paywalled",
		"dead list --reason ":     "timeout",
		"dead list --stage ":      "extract",
		"search --since ":         "yesterday",
		"up --admin-log-level ":   "debug",
		"status --admin-log-fo":   "--admin-log-format",
		"con":                     "context",
		"export --format jsonl -": "--since",
	} {
		words := strings.Split(line, " ")
		code, out, errs := call(t, append([]string{"__complete"}, words...)...)
		if code != exitOK || !strings.Contains(out, want+"\n") && !strings.Contains(out, want+"\t") {
			t.Errorf("completing %q: exit code %d, without %s: %s%s", line, code, want, out, errs)
		}
	}
}
