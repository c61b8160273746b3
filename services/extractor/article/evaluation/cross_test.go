package evaluation

import (
	"errors"
	"testing"
)

func TestCrossFiguresOfOtherModelsAreRefused(t *testing.T) {
	t.Parallel()
	raw := []byte(`{"models": "one", "sets": {"harbour": {"pages": 2}}}`)
	if c, err := readCross(raw, "one"); err != nil || c.Sets["harbour"].Pages != 2 {
		t.Errorf("figures of the same models: %+v, %v", c, err)
	}
	if _, err := readCross(raw, "two"); !errors.Is(err, ErrOtherModels) {
		t.Errorf("figures of other models: error %v", err)
	}
	if _, err := readCross([]byte("none"), "one"); err == nil {
		t.Error("figures that are not JSON are read")
	}
}

// TestCommittedCrossFigures checks that cross.json belongs to the models beside it.
func TestCommittedCrossFigures(t *testing.T) {
	t.Parallel()
	cross, err := ReadCross()
	if err != nil {
		t.Fatalf("%v: train with -keep, which measures the embedded models again", err)
	}
	if len(cross.Sets) == 0 {
		t.Error("cross.json has no set")
	}
}

// TestCrossFiguresHoldTheirFloors checks the figures to expect on unseen pages as TestCorpus
// checks those on seen ones.
func TestCrossFiguresHoldTheirFloors(t *testing.T) {
	t.Parallel()
	cross, err := ReadCross()
	if err != nil {
		t.Fatal(err)
	}
	type floors struct{ withoutSite, withoutSet float64 }
	for name, want := range map[string]struct{ f1, snippets floors }{
		"aeb-dev":          {f1: floors{0.978, 0.978}},
		"cleanportal-dev":  {f1: floors{0.958, 0.958}},
		"daniel-dev":       {f1: floors{0.918, 0.918}},
		"fundus-dev":       {f1: floors{0.974, 0.970}},
		"newspaper4k-dev":  {f1: floors{0.983, 0.984}},
		"trafilatura-dev":  {snippets: floors{0.930, 0.929}},
		"wcxb-dev/article": {f1: floors{0.953, 0.950}, snippets: floors{0.920, 0.922}},
	} {
		figures := cross.Sets[name]
		for _, measure := range []struct {
			name     string
			measured *float64
			floor    float64
		}{
			{"F1 without the site", figures.WithoutSite.F1, want.f1.withoutSite},
			{"F1 without the set", figures.WithoutSet.F1, want.f1.withoutSet},
			{"F1 of snippets without the site", figures.WithoutSite.SnippetsF1, want.snippets.withoutSite},
			{"F1 of snippets without the set", figures.WithoutSet.SnippetsF1, want.snippets.withoutSet},
		} {
			switch {
			case measure.floor == 0:
			case measure.measured == nil:
				t.Errorf("%s: %s is absent", name, measure.name)
			default:
				holdsFloor(t, name+": "+measure.name, *measure.measured, measure.floor)
			}
		}
	}
}
