package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/evaluation"
)

func TestCrossFiguresStandBesideThoseOfTraining(t *testing.T) {
	t.Parallel()
	seen, noSite, noSet := 0.98, 0.9712, 0.9634
	report := evaluation.Report{
		"harbour": {Pages: 2, Cross: &evaluation.CrossFigures{
			Pages: 2, Seen: evaluation.BodyFigures{F1: &seen},
			WithoutSite: evaluation.BodyFigures{F1: &noSite}, WithoutSet: evaluation.BodyFigures{F1: &noSet},
		}},
		"own-pages": {Pages: 5},
	}
	var out bytes.Buffer
	printCross(&out, report)
	line := ""
	for l := range strings.Lines(out.String()) {
		if strings.Contains(l, "harbour") {
			line = l
		}
	}
	at := 0
	for _, want := range []string{"0.9800", "0.9712", "0.9634"} {
		i := strings.Index(line[at:], want)
		if i < 0 {
			t.Fatalf("%q lacks %s after the figures before it", line, want)
		}
		at += i
	}
	if !strings.Contains(out.String(), "own-pages: no figures") {
		t.Errorf("the output does not name the set without figures:\n%s", out.String())
	}
}
