package body

import (
	"strings"
	"testing"
)

func TestEmbeddedModelsDecode(t *testing.T) {
	t.Parallel()
	m, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if m.Runs.Features() != featureCount || m.Regions.Features() != regionFeatures {
		t.Errorf("the models have %d and %d features, want %d and %d",
			m.Runs.Features(), m.Regions.Features(), featureCount, regionFeatures)
	}
}

func TestBrokenModelIsAnError(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":          "",
		"not a model":    "body",
		"truncated":      runModel[:len(runModel)/2],
		"other features": "gbdt 2 3 0 0\n",
	} {
		m, err := readModel(text, "body.model", featureCount)
		if m != nil || err == nil || !strings.Contains(err.Error(), "reading body.model") {
			t.Errorf("%s: the model is %v, the error %v", name, m, err)
		}
	}
}
