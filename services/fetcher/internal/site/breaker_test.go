package site

import (
	"testing"
	"time"
)

// TestRest checks that the rest of a failing site grows up to its maximum, and stays there however long the
// site fails and however long a rest may be.
func TestRest(t *testing.T) {
	const day = 24 * time.Hour
	short := Breaker{Failures: 5, Rest: time.Minute, MaxRest: time.Hour}
	for name, test := range map[string]struct {
		breaker  Breaker
		failures int
		want     time.Duration
	}{
		"not enough failures":       {short, 4, 0},
		"first rest":                {short, 5, time.Minute},
		"second rest":               {short, 6, 2 * time.Minute},
		"below the maximum":         {short, 10, 32 * time.Minute},
		"at the maximum":            {short, 11, time.Hour},
		"for months":                {short, 5000, time.Hour},
		"a rest of a day":           {Breaker{Failures: 1, Rest: day, MaxRest: day}, 1, day},
		"a rest of a day, a month":  {Breaker{Failures: 1, Rest: day, MaxRest: day}, 30, day},
		"hours up to a year":        {Breaker{Failures: 1, Rest: 3 * time.Hour, MaxRest: 365 * day}, 8, 128 * 3 * time.Hour},
		"hours up to a year, after": {Breaker{Failures: 1, Rest: 3 * time.Hour, MaxRest: 365 * day}, 99, 365 * day},
		"never":                     {Breaker{Rest: time.Minute, MaxRest: time.Hour}, 99, 0},
	} {
		if got := test.breaker.rest(test.failures); got != test.want {
			t.Errorf("%s: after %d failures, the site rests for %s, want %s", name, test.failures, got, test.want)
		}
	}
}
