package store

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// keysOf returns the keys of the periods that contain a time, as the function article_periods does.
func keysOf(second int64) []int64 {
	var keys []int64
	for level := range int64(periodLevels) {
		keys = append(keys, second>>(shortestPeriod+level*periodGrowth)*periodLevels+level)
	}
	return keys
}

func TestPeriodsCoverRanges(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	second := func(within int64) int64 { return random.Int64N(2*within) - within }
	const shortest = 1 << shortestPeriod
	for range 20_000 {
		from := second(1 << (10 + random.IntN(28)))
		r := timeRange{from, from + 1 + random.Int64N(1<<random.IntN(39))}
		keys := periodsWithin(r.first, r.before)
		contains := func(second int64) bool {
			return slices.ContainsFunc(keysOf(second), func(key int64) bool { return slices.Contains(keys, key) })
		}
		for _, inside := range []int64{r.first, r.before - 1, r.first + random.Int64N(r.before-r.first)} {
			if !contains(inside) {
				t.Fatalf("range %v: its second %d is in none of the periods %d", r, inside, keys)
			}
		}
		for _, outside := range []int64{r.first - shortest, r.before + shortest, r.first - shortest - random.Int64N(1<<38)} {
			if contains(outside) {
				t.Fatalf("range %v: second %d is in one of the periods %d", r, outside, keys)
			}
		}
	}
	if n := len(periodsWithin(firstSecond, lastSecond+1)); n > 200 {
		t.Errorf("all times need %d periods", n)
	}
	if keys := periodsWithin(5000, 5000); len(keys) > 1 {
		t.Errorf("an empty range has the periods %d", keys)
	}
}

func TestSteps(t *testing.T) {
	sample := timeSample{90, 80, 80, 80, 50, 40, 30, 20, 10, 5}
	for name, c := range map[string]struct {
		sample timeSample
		whole  timeRange
		want   []timeRange
	}{
		"no sample":         {nil, timeRange{0, 100}, []timeRange{{0, 100}}},
		"all":               {sample, timeRange{-100, 1000}, []timeRange{{80, 1000}, {20, 80}, {-100, 20}}},
		"one second":        {sample, timeRange{80, 81}, []timeRange{{80, 81}}},
		"until a second":    {sample, timeRange{0, 80}, []timeRange{{40, 80}, {20, 40}, {0, 20}}},
		"since a second":    {sample, timeRange{45, 100}, []timeRange{{80, 100}, {45, 80}}},
		"after the newest":  {sample, timeRange{95, 100}, []timeRange{{95, 100}}},
		"before the oldest": {sample, timeRange{1, 5}, []timeRange{{1, 5}}},
		"empty":             {sample, timeRange{50, 40}, []timeRange{{50, 40}}},
		"since a step":      {sample, timeRange{20, 1000}, []timeRange{{80, 1000}, {20, 80}}},
		"ends at a step":    {timeSample{9, 8, 7}, timeRange{0, 10}, []timeRange{{8, 10}, {0, 8}}},
		"equal steps":       {timeSample{9, 8, 8, 8, 7}, timeRange{0, 10}, []timeRange{{8, 10}, {0, 8}}},
	} {
		if got := c.sample.steps(c.whole, stepping{1, 2}); !slices.Equal(got, c.want) {
			t.Errorf("%s: steps %v, want %v", name, got, c.want)
		}
	}
}
