package evaluation

import (
	"math"
	"testing"
)

func TestBootstrapError(t *testing.T) {
	same := []Match{{TP: 1}, {TP: 1}, {TP: 1}}
	if got := bootstrapError(same); got != 0 {
		t.Errorf("error of equal pages = %v, want 0", got)
	}
	// Half of the pages are right and half are wrong, so F1 is close to the mean of n
	// coin tosses, whose standard error is 0.5/sqrt(n).
	var mixed []Match
	for i := range 400 {
		if i%2 == 0 {
			mixed = append(mixed, Match{TP: 1})
		} else {
			mixed = append(mixed, Match{FP: 0.5, FN: 0.5})
		}
	}
	if got := bootstrapError(mixed); math.Abs(got-0.025) > 0.003 {
		t.Errorf("error of 400 coin tosses = %v, want about 0.025", got)
	}
}

func TestCalibration(t *testing.T) {
	var c Calibration
	for i := range 10 {
		c.add(0.9, i != 0)
		c.add(0.6, i < 4)
	}
	if b := c[18]; b.Of != 10 || b.Right != 9 {
		t.Errorf("band of 0.9 has %d of %d right, want 9 of 10", b.Right, b.Of)
	}
	// The band of 0.9 is calibrated. The other band, half of the fields, is off by 0.2.
	if got := c.Error(); math.Abs(got-0.1) > 1e-9 {
		t.Errorf("Error = %v, want 0.1", got)
	}
	c.add(1, true)
	c.add(0, false)
	if c[19].Of != 1 || c[0].Of != 1 {
		t.Errorf("bands = %v, want confidence 1 in the last and 0 in the first", c)
	}
}
