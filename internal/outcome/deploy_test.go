package outcome_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// known returns the values that the table contains for each label.
func known() map[string][]string {
	labels := map[string][]string{"stage": stages()}
	for _, e := range outcome.Table() {
		labels["reason"] = append(labels["reason"], string(e.Reason))
		if e.Verdict != datelinev1.Verdict_VERDICT_UNSPECIFIED {
			labels["verdict"] = append(labels["verdict"], subject.VerdictName(e.Verdict))
		}
	}
	for _, cause := range outcome.Causes() {
		labels["cause"] = append(labels["cause"], string(cause))
	}
	return labels
}

// selector matches a label matcher of PromQL. Quotes are escaped in JSON.
var selector = regexp.MustCompile(`\b(stage|verdict|reason|cause)(?:=~|!~|!=|=)\\?"([^"\\]*)\\?"`)

func TestAlertsAndDashboardsSelectKnownValues(t *testing.T) {
	labels, selectors := known(), 0
	for _, dir := range []string{"prometheus", "grafana"} {
		root := filepath.Join("..", "..", "deploy", dir)
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			for _, match := range selector.FindAllStringSubmatch(string(text), -1) {
				for value := range strings.SplitSeq(match[2], "|") {
					selectors++
					// The value is a variable of a dashboard, or a pattern that
					// matches all values.
					if strings.HasPrefix(value, "$") || value == ".*" || value == ".+" {
						continue
					}
					if !slices.Contains(labels[match[1]], value) {
						t.Errorf("%s selects %s, but no %s is called %q", path, match[0], match[1], value)
					}
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if selectors == 0 {
		t.Error("no alert or dashboard selects an outcome")
	}
}

var token = regexp.MustCompile("`([a-z_]+)`")

func TestRunbooksExplainKnownValues(t *testing.T) {
	labels := known()
	for file, label := range map[string]string{"DatelineDeadLetters.md": "reason", "DatelineSourceSilent.md": "cause"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", "runbooks", file))
		if err != nil {
			t.Fatal(err)
		}
		_, section, _ := strings.Cut(string(text), "## Cause\n")
		section, _, _ = strings.Cut(section, "\n## ")
		explained := 0
		for line := range strings.Lines(section) {
			// The list or table starts each line with the values that it explains.
			head, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), ":")
			head, _, _ = strings.Cut(head, " |")
			for _, match := range token.FindAllStringSubmatch(head, -1) {
				if explained++; !slices.Contains(labels[label], match[1]) {
					t.Errorf("%s explains %q, which is not a %s", file, match[1], label)
				}
			}
		}
		if explained == 0 {
			t.Errorf("%s explains no %s", file, label)
		}
	}
}
