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
