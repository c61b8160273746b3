package baseline_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/baseline"
)

// begin is a Monday at 00:00 UTC, in hours since 1970.
const begin = 2_810*baseline.Week + 4*24

// source draws the number of articles in an hour; hour 0 is Monday at 00:00.
type source func(r *rand.Rand, hour int) int

func poisson(r *rand.Rand, mean float64) int {
	n, left := 0, math.Exp(-mean)
	for p := r.Float64(); p > left; p *= r.Float64() {
		n++
	}
	return n
}

// bursts publishes nothing for hours, then several articles within a few hours.
func bursts() source {
	left := 0
	return func(r *rand.Rand, _ int) int {
		if left == 0 && r.Float64() < 1.0/40 {
			left = 1 + r.IntN(6)
		}
		if left == 0 {
			return 0
		}
		left--
		return poisson(r, 4)
	}
}

func steady(perHour float64) func() source {
	return func() source { return func(r *rand.Rand, _ int) int { return poisson(r, perHour) } }
}

// office publishes during the day from Monday to Friday and nothing on
// weekends.
func office() source {
	return func(r *rand.Rand, hour int) int {
		if day, at := hour/24%7, hour%24; day > 4 || at < 7 || at > 19 {
			return 0
		}
		return poisson(r, 1.5)
	}
}

// weekly publishes once a week, on Thursday morning, with some hours of jitter.
func weekly() source {
	due := 0
	return func(r *rand.Rand, hour int) int {
		if hour%baseline.Week == 0 {
			due = hour + 3*24 + 8 + r.IntN(5)
		}
		if hour == due {
			return 1
		}
		return 0
	}
}

// TestFalseAlarms simulates sources whose publishing does not change. It
// measures how often their silence is declared by chance, and how soon after
// they really stop.
func TestFalseAlarms(t *testing.T) {
	const weeks = 100
	for _, kind := range []struct {
		name    string
		sources int
		new     func() source
		// maxDelay is the maximum median delay in hours, about one and a half
		// times the observed value.
		maxDelay int
		// maxRate is the maximum rate of false alarms, as a multiple of
		// FalseAlarms.
		maxRate float64
	}{
		{"ten an hour", 10, steady(10), 4, 2},
		{"one an hour", 10, steady(1), 20, 2},
		{"two a day", 60, steady(2.0 / 24), 24 * 8, 2},
		{"office hours", 30, office, 24 * 4, 2}, // includes the weekend
		{"once a week", 60, weekly, baseline.Week * 4, 2},
		{"bursts", 60, bursts, baseline.Week * 4, 4},
	} {
		t.Run(kind.name, func(t *testing.T) {
			alarms, judged := 0, 0
			var delays []int
			for n := range kind.sources {
				one := simulate(t, rand.New(rand.NewPCG(7, uint64(n))), kind.new(), weeks)
				alarms, judged = alarms+one.alarms, judged+one.judged
				delays = append(delays, one.delay)
			}
			slices.Sort(delays)
			median := delays[len(delays)/2]
			rate := float64(alarms) / (float64(judged) / baseline.Week)
			t.Logf("%.4f false alarms per source and week (%d in %d weeks)", rate, alarms, judged/baseline.Week)
			t.Logf("silence is declared after %d h (median; %d to %d)", median, delays[0], delays[len(delays)-1])
			if rate > kind.maxRate*baseline.FalseAlarms {
				t.Errorf("%.4f false alarms per source and week, want at most %.4f",
					rate, kind.maxRate*baseline.FalseAlarms)
			}
			if median > kind.maxDelay {
				t.Errorf("silence is declared after %d hours, want at most %d", median, kind.maxDelay)
			}
		})
	}
}

// simulation is the result of simulating one source: false alarms, hours in
// which its silence could be judged, and the hours after its last article at
// which silence would be declared.
type simulation struct{ alarms, judged, delay int }

func simulate(t *testing.T, r *rand.Rand, draw source, weeks int) simulation {
	t.Helper()
	var result simulation
	b := &baseline.Baseline{}
	silent, known := int64(0), false
	for hour := range weeks * baseline.Week {
		articles := draw(r, hour)
		at := int64(begin + hour)
		if known {
			result.judged++
			if at == silent {
				result.alarms++
			}
		}
		if articles > 0 {
			b.Add(at, articles)
			silent, known = b.SilentFrom()
		}
	}
	if !known {
		t.Fatalf("a source has no usable baseline after %d weeks", weeks)
	}
	result.delay = int(silent - b.Last)
	return result
}

// TestWeekend verifies that an ordinary weekend is not reported as silence and
// that a silent Monday is.
func TestWeekend(t *testing.T) {
	r, draw, b := rand.New(rand.NewPCG(1, 1)), office(), &baseline.Baseline{}
	for hour := range 8 * baseline.Week {
		b.Add(int64(begin+hour), draw(r, hour))
	}
	monday := int64(begin + 8*baseline.Week)
	silent, known := b.SilentFrom()
	if !known || silent < monday+8 || silent > monday+24 {
		t.Errorf("silent from hour %d of Monday, known: %v; want an hour on Monday after 8:00", silent-monday, known)
	}
	day, weekend := b.Expected(monday, monday+24), b.Expected(monday-48, monday)
	if day < 14 || day > 26 || weekend > 3 {
		t.Errorf("%.1f articles expected on Monday and %.1f on the weekend, want about 19.5 and close to 0",
			day, weekend)
	}
	usual := b.Usual()
	if usual[12] < 1 || usual[12] > 2.2 || usual[3] > 0.2 {
		t.Errorf("usual on Monday at 12:00: %.2f, at 3:00: %.2f; want about 1.5 and 0", usual[12], usual[3])
	}
}

// TestChange verifies that a source that starts to publish less is reported as
// silent only until its new rhythm has been learned.
func TestChange(t *testing.T) {
	r, b := rand.New(rand.NewPCG(3, 1)), &baseline.Baseline{}
	const half = 20 * baseline.Week
	lateAlarms := 0
	silent := int64(0)
	for hour := range 2 * half {
		mean := 1.0
		if hour >= half {
			mean = 0.05
		}
		at := int64(begin + hour)
		if at == silent && hour > half+12*baseline.Week {
			lateAlarms++
		}
		if n := poisson(r, mean); n > 0 {
			b.Add(at, n)
			silent, _ = b.SilentFrom()
		}
	}
	if lateAlarms > 0 {
		t.Errorf("%d alarms more than twelve weeks after the change, want none", lateAlarms)
	}
	if week := b.Expected(begin, begin+baseline.Week); week < 4 || week > 16 {
		t.Errorf("%.1f articles expected per week, want about 8", week)
	}
}

// TestOutageIsNotARhythm verifies that a source that was silent for weeks is reported as soon as before when it stops
// again.
func TestOutageIsNotARhythm(t *testing.T) {
	r, b := rand.New(rand.NewPCG(4, 1)), &baseline.Baseline{}
	hour := int64(begin)
	publish := func(weeks int64) (delay int64) {
		for end := hour + weeks*baseline.Week; hour < end; hour++ {
			b.Add(hour, poisson(r, 1))
		}
		silent, known := b.SilentFrom()
		if !known {
			t.Fatal("the source has no usable baseline")
		}
		return silent - b.Last
	}
	before := publish(8)
	hour += 3 * baseline.Week
	if got := publish(2); got > 2*before {
		t.Errorf("after an outage of three weeks, silence is declared after %d hours, want about %d as before", got, before)
	}
}

func TestShortHistoryIsNotJudged(t *testing.T) {
	few, brief := &baseline.Baseline{}, &baseline.Baseline{}
	for i := range 4 {
		few.Add(int64(begin+i*baseline.Week), 1)
	}
	for i := range 300 {
		brief.Add(int64(begin+i), 2)
	}
	for name, b := range map[string]*baseline.Baseline{"nothing": {}, "four articles": few, "twelve days": brief} {
		if hour, known := b.SilentFrom(); known {
			t.Errorf("%s: silent from %d", name, hour)
		}
	}
}

// TestLeastHistory has histories that are just long enough to be judged, or an hour or an article shorter.
func TestLeastHistory(t *testing.T) {
	for name, c := range map[string]struct {
		hours []int64
		want  bool
	}{
		"two weeks and six hours":             {[]int64{0, 100, 200, 250, 300, 310, 336}, true},
		"an hour less":                        {[]int64{0, 100, 200, 250, 300, 310, 335}, false},
		"an article less":                     {[]int64{0, 100, 200, 250, 300, 336}, false},
		"an article that is late":             {[]int64{0, 100, 200, 250, 300, 336, 310}, false},
		"an hour that is counted without one": {[]int64{0, 100, 200, 250, 300, 310}, false},
	} {
		b := &baseline.Baseline{}
		for _, hour := range c.hours {
			b.Add(begin+hour, 1)
			b.Add(begin+hour+1000, 0)
		}
		if got := b.IsKnown(); got != c.want {
			t.Errorf("%s: known %t, want %t", name, got, c.want)
		}
	}
}

// TestLongest compares Longest with closed forms.
func TestLongest(t *testing.T) {
	for name, test := range map[string]struct{ mean, square, n, chance, want float64 }{
		"exponential":       {1, 2, 1e6, 0.002, -math.Log(0.002)},
		"exponential, wide": {3, 18, 1e6, 0.01, -3 * math.Log(0.01)},
		"bursts":            {1, 20, 1e7, 0.001, 10 * math.Log(100)},
		"few observations":  {1, 2, 2, 0.01, 2 * (10 - 1)}, // (1 + x/2)^-2 = 0.01
		"two phases":        {1, 1.5, 10, 0.01, 6.638 / 2}, // e^-y (1+y) = 0.01
	} {
		got := baseline.Longest(test.mean, test.square, test.n, test.chance)
		if math.Abs(got-test.want) > 0.001*test.want {
			t.Errorf("%s: %.4f, want %.4f", name, got, test.want)
		}
	}
	if even := baseline.Longest(1, 1, 100, 0.002); even > baseline.Longest(1, 2, 100, 0.002)/2 {
		t.Errorf("the longest regular gap is %.2f, want less than half of the longest random gap", even)
	}
}

func TestEncoding(t *testing.T) {
	r, draw, b := rand.New(rand.NewPCG(5, 5)), bursts(), &baseline.Baseline{}
	for hour := range 30 * baseline.Week {
		b.Add(int64(begin+hour), draw(r, hour))
	}
	data := b.Bytes()
	back, err := baseline.Parse(data)
	if err != nil || *back != *b {
		t.Fatalf("Parse(Bytes()) = %+v, %v; want %+v", back, err, b)
	}
	bad := [][]byte{{9}, append(slices.Clone(data), 0)}
	for n := range data {
		bad = append(bad, data[:n])
	}
	for _, one := range bad {
		if _, err := baseline.Parse(one); err == nil {
			t.Errorf("Parse of %d damaged bytes succeeded", len(one))
		}
	}
	t.Logf("%d bytes", len(data))
}

func BenchmarkAdd(b *testing.B) {
	r, draw, base := rand.New(rand.NewPCG(5, 5)), office(), &baseline.Baseline{}
	for hour := range 30 * baseline.Week {
		base.Add(int64(begin+hour), draw(r, hour))
	}
	hour := base.Last
	b.ReportAllocs()
	for b.Loop() {
		hour++
		base.Add(hour, 1)
		base.SilentFrom()
	}
}
