package top

import (
	"maps"
	"math"
	"slices"
)

// bucketGrowth returns the cumulative counts of the values that a histogram observed
// between two samples. If a process was restarted in between, it returns all counts.
func bucketGrowth(before, now Sample, name string, selected ...string) map[float64]float64 {
	earlier, all := before.buckets(name, selected...), now.buckets(name, selected...)
	if earlier[math.Inf(1)] > all[math.Inf(1)] {
		return all
	}
	for bound := range all {
		all[bound] = max(0, all[bound]-earlier[bound])
	}
	return all
}

// quantile estimates a quantile from cumulative buckets as Prometheus does, assuming
// that values are evenly distributed within a bucket. It is 0 without observations.
func quantile(buckets map[float64]float64, q float64) float64 {
	bounds := slices.Sorted(maps.Keys(buckets))
	if len(bounds) == 0 || buckets[bounds[len(bounds)-1]] == 0 {
		return 0
	}
	rank := q * buckets[bounds[len(bounds)-1]]
	low, below := 0.0, 0.0
	for _, bound := range bounds {
		count := buckets[bound]
		if count < rank {
			low, below = bound, count
			continue
		}
		if math.IsInf(bound, 1) {
			return low
		}
		return low + (bound-low)*(rank-below)/(count-below)
	}
	return low
}
