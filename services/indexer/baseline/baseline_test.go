package baseline_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/baseline"
)

// begin is a Monday, 00:00 UTC, in hours since 1970.
const begin = 2_810*baseline.Week + 4*24

// source draws how many articles come in an hour; hour 0 is Monday's first.
type source func(r *rand.Rand, hour int) int

func poisson(r *rand.Rand, mean float64) int {
	n, left := 0, math.Exp(-mean)
	for p := r.Float64(); p > left; p *= r.Float64() {
		n++
	}
	return n
}

// bursts publishes in bursts: hours go by without any, then some articles come
// within a few hours.
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

// office publishes by day, on working days: the weekend is silent.
func office() source {
	return func(r *rand.Rand, hour int) int {
		if day, at := hour/24%7, hour%24; day > 4 || at < 7 || at > 19 {
			return 0
		}
		return poisson(r, 1.5)
	}
}

// weekly publishes once a week, on Thursday morning, give or take some hours.
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

// TestFalseAlarms simulates sources that go on as ever: how often is their
// silence declared by chance, and how soon when they do fall silent?
func TestFalseAlarms(t *testing.T) {
	const weeks = 100
	for _, kind := range []struct {
		name    string
		sources int
		new     func() source
		// most is the greatest median delay in hours, about a half more than
		// what was seen.
		most int
		// rate is the greatest rate of false alarms, in FalseAlarms.
		rate float64
	}{
		{"ten an hour", 10, steady(10), 4, 2},
		{"one an hour", 10, steady(1), 20, 2},
		{"two a day", 60, steady(2.0 / 24), 24 * 8, 2},
		{"office hours", 30, office, 24 * 4, 2}, // the weekend among them
		{"once a week", 60, weekly, baseline.Week * 4, 2},
		{"bursts", 60, bursts, baseline.Week * 4, 4},
	} {
		t.Run(kind.name, func(t *testing.T) {
			alarms, judged := 0, 0
			var delays []int
			for n := range kind.sources {
				r := rand.New(rand.NewPCG(7, uint64(n)))
				draw := kind.new()
				b := &baseline.Baseline{}
				silent, known := int64(0), false
				for hour := range weeks * baseline.Week {
					articles := draw(r, hour)
					at := int64(begin + hour)
					if known {
						judged++
						if at == silent {
							alarms++
						}
					}
					if articles > 0 {
						b.Add(at, articles)
						silent, known = b.SilentFrom()
					}
				}
				if !known {
					t.Fatalf("source %d is not known after %d weeks", n, weeks)
				}
				delays = append(delays, int(silent-b.Last))
			}
			slices.Sort(delays)
			median := delays[len(delays)/2]
			rate := float64(alarms) / (float64(judged) / baseline.Week)
			t.Logf("%.4f false alarms a source and week (%d in %d weeks); silence is declared after %d h (median; %d to %d)",
				rate, alarms, judged/baseline.Week, median, delays[0], delays[len(delays)-1])
			if rate > kind.rate*baseline.FalseAlarms {
				t.Errorf("%.4f false alarms a source and week, want at most about %.4f", rate, baseline.FalseAlarms)
			}
			if median > kind.most {
				t.Errorf("silence is declared after %d hours, want at most %d", median, kind.most)
			}
		})
	}
}

// TestWeekend: the usual silence of a weekend is none, and that of a Monday is.
func TestWeekend(t *testing.T) {
	r, draw, b := rand.New(rand.NewPCG(1, 1)), office(), &baseline.Baseline{}
	for hour := range 8 * baseline.Week {
		b.Add(int64(begin+hour), draw(r, hour))
	}
	monday := int64(begin + 8*baseline.Week)
	silent, known := b.SilentFrom()
	if !known || silent < monday+8 || silent > monday+24 {
		t.Errorf("silent from hour %d of Monday, known: %v; want a time on Monday after eight", silent-monday, known)
	}
	if day, weekend := b.Expected(monday, monday+24), b.Expected(monday-48, monday); day < 14 || day > 26 || weekend > 3 {
		t.Errorf("%.1f articles are expected on Monday and %.1f on a weekend, want about 19.5 and next to none", day, weekend)
	}
	usual := b.Usual()
	if usual[12] < 1 || usual[12] > 2.2 || usual[3] > 0.2 {
		t.Errorf("usual on Monday at noon: %.2f, at three: %.2f; want about 1.5 and 0", usual[12], usual[3])
	}
}

// TestChange: a source that comes to publish less is silent only until its new
// rhythm is known.
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
		t.Errorf("%d alarms twelve weeks after the change and later", lateAlarms)
	}
	if week := b.Expected(begin, begin+baseline.Week); week < 4 || week > 16 {
		t.Errorf("%.1f articles are expected a week, want about 8", week)
	}
}

func TestTooLittleIsKnown(t *testing.T) {
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

// TestLongest checks against closed forms.
func TestLongest(t *testing.T) {
	for name, test := range map[string]struct{ mean, square, n, chance, want float64 }{
		"exponential":       {1, 2, 1e6, 0.002, -math.Log(0.002)},
		"exponential, wide": {3, 18, 1e6, 0.01, -3 * math.Log(0.01)},
		"bursts":            {1, 20, 1e7, 0.001, 10 * math.Log(100)},
		"few were seen":     {1, 2, 2, 0.01, 2 * (10 - 1)}, // (1 + x/2)^-2 = 0.01
		"two phases":        {1, 1.5, 10, 0.01, 6.638 / 2}, // e^-y (1+y) = 0.01
	} {
		if got := baseline.Longest(test.mean, test.square, test.n, test.chance); math.Abs(got-test.want) > 0.001*test.want {
			t.Errorf("%s: %.4f, want %.4f", name, got, test.want)
		}
	}
	if even := baseline.Longest(1, 1, 100, 0.002); even > baseline.Longest(1, 2, 100, 0.002)/2 {
		t.Errorf("even gaps are waited %.2f for, not much less than those of chance", even)
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
		t.Fatalf("decoded %+v, %v; want %+v", back, err, b)
	}
	for _, bad := range [][]byte{nil, {9}, data[:len(data)-1], append(slices.Clone(data), 0), data[:20]} {
		if _, err := baseline.Parse(bad); err == nil {
			t.Errorf("%d bytes are decoded", len(bad))
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
