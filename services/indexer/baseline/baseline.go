// Package baseline models how much a source usually publishes in each hour of
// the week and determines when its silence is too long to be chance.
//
// Time is measured in expected articles: an hour in which a source usually
// publishes three articles counts as three, a night in which it publishes
// nothing counts as zero. On this scale the gaps between the articles of a
// source that publishes at random are exponential with mean one, whatever the
// source's rhythm (time rescaling; Brown et al., Neural Computation 14, 2002,
// section 2.2), and a silence of length m has the Poisson tail probability
// exp(-m). Sources that publish in bursts have longer gaps, and sources with a
// timetable have more regular ones; the first two moments of the gaps measure
// how much.
package baseline

import "math"

const (
	// Week is the length of a profile in hours.
	Week = 7 * 24
	// FalseAlarms is the target rate of false alarms: the silences per week
	// declared by chance for a source whose publishing has not changed, one in
	// about ten years. The tests measure 0.0006 to 0.002, and 0.005 for sources
	// that publish bursts of twenty articles days apart.
	FalseAlarms = 0.002

	// halfLife is the age in hours at which an observation has half its weight.
	halfLife = 4 * Week
	// minHours and minActive are the observations required before a silence can
	// be judged: the observed span in hours, and the number of hours with new
	// articles.
	minHours, minActive = 2 * Week, 6
	// unit is the weight of one article in the counts at their epoch.
	unit = 64
	// priorGaps is the weight, in gaps, of the prior assumption that the source
	// publishes at random. memory is the factor by which the gap moments decay
	// from one hour with articles to the next.
	priorGaps = 4
	memory    = 0.998
	// maxPhases bounds how regular gaps may be assumed to be. maxChance is the
	// maximum probability, under normal publishing, of a silence that is
	// reported.
	maxPhases = 8
	maxChance = 0.02
	// flat is the weight of the flat profile in the smoothed profile, in
	// articles.
	flat = 24
	// horizon is how far ahead a silence is predicted, in hours.
	horizon = 52 * Week
)

// Baseline summarizes the publishing history of one source in about 200 to 550
// bytes. Hours are counted from 1970 in UTC. The zero value has no history.
type Baseline struct {
	// First and Last are the first and last hours with new articles.
	First, Last int64

	active int64 // hours with new articles, not counting the first
	epoch  int64 // the hour at which an article has the weight of one unit
	counts [Week]uint32
	// The moments of the gaps between articles: their number, their sum and the
	// sum of their squares.
	gaps, sum, squares float64
	lastGap            float64 // the gap within the last hour: expected articles per article
}

// Add records an hour with new articles. Hours must be added in order; an hour
// that arrives late counts only towards the profile. The very first hour only
// starts the observation and carries no information about the rhythm.
func (b *Baseline) Add(hour int64, articles int) {
	if articles <= 0 {
		return
	}
	if b.First == 0 {
		b.First, b.Last, b.epoch = hour, hour, hour
		return
	}
	if hour > b.Last {
		b.addGaps(hour, articles)
		b.active++
		b.Last = hour
	}
	for ; hour-b.epoch >= halfLife; b.epoch += halfLife {
		for i := range b.counts {
			b.counts[i] /= 2
		}
	}
	added := float64(articles) * unit * math.Exp2(float64(hour-b.epoch)/halfLife)
	i := index(hour)
	b.counts[i] = uint32(min(float64(b.counts[i])+math.Round(added), math.MaxUint32))
}

// addGaps records the gap since the last hour with articles and the gaps within
// this hour, for which only the number of articles is known.
func (b *Baseline) addGaps(hour int64, articles int) {
	if b.Last-b.First < Week {
		return
	}
	profile := b.profile()
	silence := profile.between(b.Last+1, hour)
	if most, ok := b.longest(profile); ok {
		silence = min(silence, most) // an outage is not part of the rhythm
	}
	within := profile.rates[index(hour)] / float64(articles)
	across := silence + (b.lastGap+within)/2
	b.gaps = b.gaps*memory + float64(articles)
	b.sum = b.sum*memory + across + float64(articles-1)*within
	b.squares = b.squares*memory + across*across + float64(articles-1)*2*within*within
	b.lastGap = within
}

// IsKnown reports whether there is enough history to judge a silence.
func (b *Baseline) IsKnown() bool {
	return b.Last-b.First >= minHours && b.active >= minActive && b.gaps > 0
}

// SilentFrom returns the hour from whose start on the source, if it has
// published nothing since Last, has been silent for longer than chance
// explains. It returns false if the history is too short, or if the source
// publishes so little that a year of silence would mean nothing.
func (b *Baseline) SilentFrom() (hour int64, ok bool) {
	if !b.IsKnown() {
		return 0, false
	}
	profile := b.profile()
	most, ok := b.longest(profile)
	if !ok || most > profile.week*horizon/Week {
		return 0, false
	}
	weeks := int64(most / profile.week)
	most -= float64(weeks) * profile.week
	hour = b.Last + 1 + weeks*Week
	for ; most > 0; hour++ {
		most -= profile.rates[index(hour)]
	}
	return hour, true
}

// longest returns the longest silence, in expected articles, that FalseAlarms
// allows.
func (b *Baseline) longest(p profile) (float64, bool) {
	if b.gaps == 0 || b.sum <= 0 || p.week <= 0 {
		return 0, false
	}
	mean, square := b.gapMoments()
	// The gaps are measured with rates that are themselves estimated from
	// p.articles articles, which limits the effective sample size.
	return Longest(mean, square, min(b.gaps, p.articles), min(FalseAlarms*mean/p.week, maxChance)), true
}

// gapMoments returns the mean of the gaps and of their squares. The second
// moment includes priorGaps gaps of a source that publishes at random.
func (b *Baseline) gapMoments() (mean, square float64) {
	mean = b.sum / b.gaps
	return mean, (b.squares + priorGaps*2*mean*mean) / (b.gaps + priorGaps)
}

// Longest returns the gap that is exceeded with the given probability (chance),
// if n gaps with the given mean and mean square have been observed.
//
// Gaps that are at least as irregular as those of random publishing (square ≥
// 2·mean²) are modelled as bursts: the gaps within a burst are short, the gaps
// between bursts are exponential. The uncertainty of their mean turns the
// exponential tail into that of a Lomax distribution. More regular gaps are
// modelled as a Poisson process of which only every k-th event is observed
// (Erlang distribution).
func Longest(mean, square, n, chance float64) float64 {
	if square >= 2*mean*mean {
		between := square / (2 * mean)
		share := mean / between
		return between * share * n * (math.Pow(max(1, share/chance), 1/(share*n)) - 1)
	}
	phases := int(min(mean*mean/max(square-mean*mean, 1e-9), maxPhases))
	low, high := 0.0, 100.0*float64(phases)
	for range 60 {
		if middle := (low + high) / 2; poissonBelow(phases, middle) > chance {
			low = middle
		} else {
			high = middle
		}
	}
	return high * mean / float64(phases)
}

// poissonBelow returns the probability of fewer than n events if m are
// expected.
func poissonBelow(n int, m float64) float64 {
	term, sum := math.Exp(-m), 0.0
	for i := range n {
		sum += term
		term *= m / float64(i+1)
	}
	return sum
}

// Expected returns the number of articles that are usual from hour from up to,
// but not including, hour to.
func (b *Baseline) Expected(from, to int64) float64 { return b.profile().between(from, to) }

// Usual returns the number of articles that are usual in each hour of a week,
// starting on Monday at 00:00 UTC.
func (b *Baseline) Usual() [Week]float64 {
	const monday = 4 * 24 // 1970 began on a Thursday
	p := b.profile()
	var usual [Week]float64
	for i := range usual {
		usual[i] = p.rates[(monday+i)%Week]
	}
	return usual
}

// profile is the expected number of articles in each hour of the week and in
// the whole week, with the number of articles that the estimate is based on.
type profile struct {
	rates          [Week]float64
	week, articles float64
}

// profile smooths the counts over five hours, and shrinks them towards a flat
// profile if there are few.
func (b *Baseline) profile() profile {
	var p profile
	span := b.Last - b.First
	if span <= 0 {
		return p
	}
	scale := math.Exp2(-float64(b.Last-b.epoch)/halfLife) / unit
	var rates [Week]float64
	// An hour of the week was observed as often as the span has whole weeks, or
	// once more. Each observation is weighted by its age.
	whole := float64(span / Week)
	seen, seenMore := sumOfWeeks(whole), sumOfWeeks(whole+1)
	for age := range int64(Week) {
		if age == span%Week {
			seenMore = seen
		}
		i := index(b.Last - age)
		articles := float64(b.counts[i]) * scale
		p.articles += articles
		if seenMore > 0 {
			rates[i] = articles / (seenMore * weights[age])
		}
		p.week += rates[i]
	}
	independent := p.articles // the articles of a burst count as one observation
	if b.gaps > 0 && b.sum > 0 {
		mean, square := b.gapMoments()
		independent *= min(1, 2*mean*mean/square)
	}
	share := flat / (flat + independent)
	around := [Week + 4]float64{rates[Week-2], rates[Week-1]} // padded by two hours on either side
	copy(around[2:], rates[:])
	around[Week+2], around[Week+3] = rates[0], rates[1]
	for i := range p.rates {
		near := around[i : i+5]
		smooth := (near[0] + 2*near[1] + 3*near[2] + 2*near[3] + near[4]) / 9
		p.rates[i] = (1-share)*smooth + share*p.week/Week
	}
	return p
}

// weights holds the weight of an hour by its age in hours.
var weights = func() (w [Week]float64) {
	for age := range w {
		w[age] = math.Exp2(-float64(age) / halfLife)
	}
	return w
}()

// sumOfWeeks returns the total weight of n weeks, of which the latest has
// weight one.
func sumOfWeeks(n float64) float64 {
	const weekly = float64(Week) / halfLife
	return (1 - math.Exp2(-weekly*n)) / (1 - math.Exp2(-weekly))
}

// between returns the expected articles from hour from up to, but not
// including, hour to.
func (p profile) between(from, to int64) float64 {
	if to <= from {
		return 0
	}
	weeks := (to - from) / Week
	sum := float64(weeks) * p.week
	for hour := from + weeks*Week; hour < to; hour++ {
		sum += p.rates[index(hour)]
	}
	return sum
}

// index returns the hour's index in a week that begins on Thursday at 00:00 UTC,
// as 1970 did.
func index(hour int64) int64 { return (hour%Week + Week) % Week }
