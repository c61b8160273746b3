package body

import (
	"slices"
	"testing"
)

func TestEachFeatureHasOneName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		names []string
		want  int
	}{
		"runs":    {runFeatureNames(), featureCount},
		"regions": {regionFeatureNames(), regionFeatures},
	} {
		if len(c.names) != c.want {
			t.Errorf("%s: %d names for %d features", name, len(c.names), c.want)
		}
		slices.Sort(c.names)
		if distinct := len(slices.Compact(c.names)); distinct != c.want {
			t.Errorf("%s: %d distinct names for %d features", name, distinct, c.want)
		}
	}
}
