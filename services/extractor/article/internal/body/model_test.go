package body

import (
	"strings"
	"testing"
)

func TestEmbeddedModelDecodes(t *testing.T) {
	t.Parallel()
	m, err := Model()
	if err != nil {
		t.Fatal(err)
	}
	if m.Features() != featureCount {
		t.Errorf("the model has %d features, want %d", m.Features(), featureCount)
	}
}

func TestBrokenModelIsAnError(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":          "",
		"not a model":    "body",
		"truncated":      modelText[:len(modelText)/2],
		"other features": "gbdt 1 3 0 0\n",
	} {
		m, err := readModel(text)
		if m != nil || err == nil || !strings.Contains(err.Error(), "reading the body classifier") {
			t.Errorf("%s: the model is %v, the error %v", name, m, err)
		}
	}
}
