// Package baseline knows how much a source usually publishes in each hour of
// the week, and from when on its silence is too long to be chance.
//
// Time is measured in articles expected: an hour in which a source usually
// brings three articles counts three, a night in which it brings none counts
// nothing. So measured, the gaps between the articles of a source that
// publishes at random are exponential with mean one (time rescaling; Brown et
// al., Neural Computation 14, 2002, section 2.2), whatever its rhythm, and a
// silence of m has the Poisson tail exp(-m). Sources that publish in bursts
// have longer gaps and those with a timetable more even ones; the first two
// moments of the gaps tell how much.
package baseline

import "math"

const (
	// Week is the length of a profile in hours.
	Week = 7 * 24
	// FalseAlarms is how many silences a source that goes on as before is
	// declared to have by chance, a week: one in about ten years. What the tests
	// measure is 0.0006 to 0.002, and 0.005 for sources that publish in bursts
	// of twenty with days between.
	FalseAlarms = 0.002

	// halfLife is the age at which what was seen counts half, in hours.
	halfLife = 4 * Week
	// minHours and minActive are what has to be seen of a source before its
	// silence can be judged: hours in all, and hours with new articles.
	minHours, minActive = 2 * Week, 6
	// unit is one article in the counts, at their epoch.
	unit = 64
	// priorGaps is how many gaps of a source that publishes at random are
	// thought to have been seen already, and memory what is kept of the moments
	// from one hour with articles to the next.
	priorGaps = 4
	memory    = 0.998
	// maxPhases bounds how even gaps are taken to be, and maxChance how likely
	// by chance a silence may be that is called one.
	maxPhases = 8
	maxChance = 0.02
	// flat is how many articles the flat profile weighs in the smoothed one.
	flat = 24
	// horizon is how far ahead a silence is foreseen, in hours.
	horizon = 52 * Week
)

// Baseline is what is known of one source: some 200 to 550 bytes. Hours are
// counted from 1970, in UTC. The zero value knows nothing.
type Baseline struct {
	// First and Last are the first and the last hour with new articles.
	First, Last int64

	active int64 // hours with new articles, but the first
	epoch  int64 // the hour at which an article weighs one unit
	counts [Week]uint32
	// The articles' gaps: how many, their sum and the sum of their squares.
	gaps, sum, squares float64
	lastGap            float64 // expected articles for each of the last hour's
}

// Add notes an hour with new articles. Hours come in order; one that comes late
// counts for the profile alone. The very first begins the observation and says
// nothing yet.
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

// addGaps notes the gap since the last hour with articles, and those within
// this hour, of which only their number is known.
func (b *Baseline) addGaps(hour int64, articles int) {
	if b.Last-b.First < Week {
		return
	}
	profile := b.profile()
	silence := profile.between(b.Last+1, hour)
	if most, ok := b.longest(profile); ok {
		silence = min(silence, most) // a failure is no part of the rhythm
	}
	within := profile.rates[index(hour)] / float64(articles)
	across := silence + (b.lastGap+within)/2
	b.gaps = b.gaps*memory + float64(articles)
	b.sum = b.sum*memory + across + float64(articles-1)*within
	b.squares = b.squares*memory + across*across + float64(articles-1)*2*within*within
	b.lastGap = within
}

// IsKnown says whether enough was seen to judge a silence.
func (b *Baseline) IsKnown() bool {
	return b.Last-b.First >= minHours && b.active >= minActive && b.gaps > 0
}

// SilentFrom returns the hour at whose beginning the source, if it has brought
// nothing since Last, has been silent for longer than chance explains. It is
// false where too little is known, or so little is published that a year of
// silence would say nothing.
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

// longest is the silence, in articles expected, that FalseAlarms allows.
func (b *Baseline) longest(p profile) (float64, bool) {
	if b.gaps == 0 || b.sum <= 0 || p.week <= 0 {
		return 0, false
	}
	mean, square := b.gapMoments()
	// The gaps were measured by rates that are known from fewer articles.
	return Longest(mean, square, min(b.gaps, p.articles), min(FalseAlarms*mean/p.week, maxChance)), true
}

// gapMoments are the mean of the gaps and of their squares, a few gaps of
// chance among them.
func (b *Baseline) gapMoments() (mean, square float64) {
	mean = b.sum / b.gaps
	return mean, (b.squares + priorGaps*2*mean*mean) / (b.gaps + priorGaps)
}

// Longest returns the gap that is exceeded with a given chance by gaps of
// which a number n were seen, with their mean and mean square.
//
// Gaps that are as uneven as those of chance or more (square ≥ 2·mean²) are
// those within bursts, which are short, and those between, which are
// exponential; what is not known of the latter's mean makes their tail that of
// Lomax. More even ones are of a Poisson process of which every k-th event is
// seen (Erlang's distribution).
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

// poissonBelow is the chance of fewer than n events where m are expected.
func poissonBelow(n int, m float64) float64 {
	term, sum := math.Exp(-m), 0.0
	for i := range n {
		sum += term
		term *= m / float64(i+1)
	}
	return sum
}

// Expected returns how many articles are usual in the hours from one to before
// another.
func (b *Baseline) Expected(from, to int64) float64 { return b.profile().between(from, to) }

// Usual returns how many articles are usual in each hour of a week; the first
// is Monday's first, in UTC.
func (b *Baseline) Usual() [Week]float64 {
	const monday = 4 * 24 // 1970 began on a Thursday
	p := b.profile()
	var usual [Week]float64
	for i := range usual {
		usual[i] = p.rates[(monday+i)%Week]
	}
	return usual
}

// profile is how many articles are expected in each hour of the week, and in
// the whole of it, and from how many that is known.
type profile struct {
	rates          [Week]float64
	week, articles float64
}

// profile smooths the counts over five hours, and towards the same for all
// hours where there are few.
func (b *Baseline) profile() profile {
	var p profile
	span := b.Last - b.First
	if span <= 0 {
		return p
	}
	scale := math.Exp2(-float64(b.Last-b.epoch)/halfLife) / unit
	var rates [Week]float64
	// An hour of the week was seen as often as the whole weeks that the span has,
	// or once more; each time weighs what it does by its age.
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
	independent := p.articles // those of one burst say but once when it was
	if b.gaps > 0 && b.sum > 0 {
		mean, square := b.gapMoments()
		independent *= min(1, 2*mean*mean/square)
	}
	share := flat / (flat + independent)
	around := [Week + 4]float64{rates[Week-2], rates[Week-1]} // with two hours more on either side
	copy(around[2:], rates[:])
	around[Week+2], around[Week+3] = rates[0], rates[1]
	for i := range p.rates {
		near := around[i : i+5]
		smooth := (near[0] + 2*near[1] + 3*near[2] + 2*near[3] + near[4]) / 9
		p.rates[i] = (1-share)*smooth + share*p.week/Week
	}
	return p
}

// weights are what an hour of some age, in hours, weighs.
var weights = func() (w [Week]float64) {
	for age := range w {
		w[age] = math.Exp2(-float64(age) / halfLife)
	}
	return w
}()

// sumOfWeeks is the sum of what n weeks weigh, the latest of which weighs one.
func sumOfWeeks(n float64) float64 {
	const weekly = float64(Week) / halfLife
	return (1 - math.Exp2(-weekly*n)) / (1 - math.Exp2(-weekly))
}

// between sums the hours from one to before another.
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

func index(hour int64) int64 { return (hour%Week + Week) % Week }
