package evaluation

import (
	"math"
	"math/rand/v2"
)

// resamples is the number of samples drawn for a bootstrap.
const resamples = 1000

// bootstrapError returns the standard deviation of F1 over samples of the pages drawn
// with replacement (Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979).
// Every run draws the same samples.
func bootstrapError(matches []Match) float64 {
	if len(matches) < 2 {
		return 0
	}
	draw := rand.New(rand.NewPCG(1, uint64(len(matches))))
	sample := make([]Match, len(matches))
	var sum, squares float64
	for range resamples {
		for i := range sample {
			sample[i] = matches[draw.IntN(len(matches))]
		}
		_, _, f1 := Mean(sample)
		sum += f1
		squares += f1 * f1
	}
	mean := sum / resamples
	return math.Sqrt(max(0, squares/resamples-mean*mean))
}

// bands is the number of bands of confidence. Each is 0.05 wide.
const bands = 20

// Calibration counts how often fields were right, by their confidence. Band i counts
// confidences from i/20 up to (i+1)/20.
type Calibration [bands]Band

// Band counts the fields with about the same confidence.
type Band struct {
	Share
	// Sum is the sum of the confidences.
	Sum float64
}

func (c *Calibration) add(confidence float64, right bool) {
	b := &c[min(max(int(confidence*bands+1e-9), 0), bands-1)]
	b.add(right)
	b.Sum += confidence
}

// Add adds the counts of another calibration.
func (c *Calibration) Add(other *Calibration) {
	for i := range c {
		c[i].Right += other[i].Right
		c[i].Of += other[i].Of
		c[i].Sum += other[i].Sum
	}
}

// Error returns the expected calibration error: the mean, over all fields, of the
// distance between the mean confidence of a field's band and the share of right fields
// in the band (Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian
// Binning", 2015).
func (c *Calibration) Error() float64 {
	var sum float64
	n := 0
	for _, b := range c {
		if b.Of > 0 {
			sum += math.Abs(b.Sum - float64(b.Right))
			n += b.Of
		}
	}
	return sum / float64(max(n, 1))
}
