package drift

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	noDate    = datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE
	noAuthor  = datelinev1.DriftSignal_DRIFT_SIGNAL_NO_AUTHOR
	shortBody = datelinev1.DriftSignal_DRIFT_SIGNAL_SHORT_BODY
	noArticle = datelinev1.DriftSignal_DRIFT_SIGNAL_NO_ARTICLE
)

// good returns a page that shows no signal.
func good(host string) Page {
	return Page{Host: host, Article: true, Dated: true, Authored: true, Words: 500}
}

// observe records the same page n times and returns all changes and samples.
func observe(w *Watch, n int, p Page) (changes []Change, samples []Sample) {
	for range n {
		c, s := w.Observe(p)
		changes, samples = append(changes, c...), append(samples, s...)
	}
	return changes, samples
}

func TestObserveRaisesAndClearsEachAlarm(t *testing.T) {
	t.Parallel()
	for signal, spoil := range map[datelinev1.DriftSignal]func(*Page){
		noDate:    func(p *Page) { p.Dated = false },
		noAuthor:  func(p *Page) { p.Authored = false },
		shortBody: func(p *Page) { p.Words = 120 },
		noArticle: func(p *Page) { p.Article = false },
	} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			w := New(10)
			if changes, _ := observe(w, 100, good("a.example")); len(changes) > 0 {
				t.Fatalf("changes after good pages = %+v, want none", changes)
			}
			bad := good("a.example")
			spoil(&bad)
			changes, samples := observe(w, 14, bad)
			if len(changes) != 1 || changes[0].Signal != signal || !changes[0].Raised || w.Raised(signal) != 1 {
				t.Fatalf("changes after fourteen bad pages = %+v, want one raised alarm", changes)
			}
			if changes[0].Recent < 0.3 || changes[0].Baseline > 0.01 {
				t.Errorf("rates = %+v, want recent at least 0.3, baseline at most 0.01", changes[0])
			}
			if len(samples) != maxSamples || samples[2] != (Sample{signal, 3}) {
				t.Errorf("samples = %+v, want %d numbered from 1", samples, maxSamples)
			}
			changes, _ = observe(w, 30, good("a.example"))
			if len(changes) != 1 || changes[0].Raised || w.Raised(signal) != 0 {
				t.Errorf("changes after good pages again = %+v, want one cleared alarm", changes)
			}
		})
	}
}

func TestLastingChangeBecomesBaseline(t *testing.T) {
	t.Parallel()
	w := New(10)
	observe(w, 400, good("a.example"))
	bad := good("a.example")
	bad.Authored = false
	if changes, _ := observe(w, 20, bad); len(changes) != 1 {
		t.Fatalf("changes = %+v, want one", changes)
	}
	changes, _ := observe(w, 1000, bad)
	if len(changes) != 1 || changes[0].Raised {
		t.Errorf("changes after a thousand bad pages = %+v, want one cleared alarm", changes)
	}
}

func TestSteadyRatesRaiseNoAlarm(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	w := New(100)
	for range 200_000 {
		p := good(fmt.Sprint(random.IntN(100)))
		p.Authored = random.Float64() < 0.6
		p.Dated = random.Float64() < 0.97
		p.Words = int(500 * math.Exp(random.NormFloat64()/2))
		if changes, _ := w.Observe(p); len(changes) > 0 {
			t.Fatalf("false alarm: %+v", changes)
		}
	}
}

func TestHostsAreBounded(t *testing.T) {
	t.Parallel()
	w := New(50)
	observe(w, 100, good("first"))
	bad := good("first")
	bad.Dated = false
	if observe(w, 20, bad); w.Raised(noDate) != 1 {
		t.Fatalf("Raised = %d, want 1", w.Raised(noDate))
	}
	for i := range 1000 {
		w.Observe(good(fmt.Sprint(i)))
	}
	if w.Hosts() != 50 || w.Raised(noDate) != 0 {
		t.Errorf("Hosts = %d, Raised = %d, want 50 and 0", w.Hosts(), w.Raised(noDate))
	}
}

func TestRestoreKeepsBaselinesAndAlarms(t *testing.T) {
	t.Parallel()
	w := New(10)
	observe(w, 100, good("a.example"))
	observe(w, 10, good("new.example")) // too few pages for a baseline
	bad := good("b.example")
	bad.Dated = false
	observe(w, 100, good("b.example"))
	observe(w, 20, bad)
	stored := w.Baselines()
	if len(stored) != 2 || stored[0].Host != "b.example" || !stored[0].Raised[0] {
		t.Fatalf("Baselines = %+v, want b.example with an alarm, then a.example", stored)
	}

	restored := New(1) // has room only for the most recently seen host
	restored.Restore(stored)
	restored.Restore(stored)
	if restored.Hosts() != 1 || restored.Raised(noDate) != 1 {
		t.Errorf("Hosts = %d, Raised = %d, want 1 and 1", restored.Hosts(), restored.Raised(noDate))
	}
	if got := restored.Baselines(); len(got) != 1 || got[0] != stored[0] {
		t.Errorf("Baselines after Restore = %+v, want %+v", got, stored[:1])
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	// Computed by hand: after one page that showed the signal and one that did not,
	// the rate has the distribution Beta(3/2, 3/2). Twenty of twenty pages then have
	// the probability 3/6 · 5/8 · 7/10 · … · 41/44 = 0.022252.
	if got := tail(20, 0.5, 2); math.Abs(got-0.022252) > 1e-6 {
		t.Errorf("tail(20, 0.5, 2) = %f, want 0.022252", got)
	}
	if got := tail(0, 0.3, 50); math.Abs(got-1) > 1e-9 {
		t.Errorf("tail(0, 0.3, 50) = %g, want 1", got)
	}
	if few, many := tail(12, 0.2, 30), tail(12, 0.2, 300); few < 2*many {
		t.Errorf("tail after 30 pages = %g, want at least twice that after 300 pages, %g", few, many)
	}
}

func BenchmarkObserve(b *testing.B) {
	w := New(20_000)
	hosts := make([]string, 30_000)
	for i := range hosts {
		hosts[i] = fmt.Sprintf("host%d.example", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.Observe(good(hosts[i%len(hosts)]))
	}
}

// A baseline has the pages before the most recent ones. Alarms are raised only if there are enough pages of both.
func TestBaselineNeedsPages(t *testing.T) {
	t.Parallel()
	w := New(10)
	observe(w, minBaseline+Recent-1, good("a.example"))
	if got := w.Baselines(); len(got) != 0 {
		t.Errorf("one page too few has the baseline %+v", got)
	}
	observe(w, 1, good("a.example"))
	if got := w.Baselines(); len(got) != 1 || got[0].Pages != minBaseline || got[0].Articles != minBaseline {
		t.Errorf("enough pages have the baselines %+v, want one of %d pages", got, minBaseline)
	}
	for _, c := range []struct {
		retired, recent int
		want            bool
	}{
		{minBaseline, Recent, true},
		{minBaseline - 1, Recent, false},
		{minBaseline, Recent - 1, false},
	} {
		h := &host{retired: c.retired, articles: c.retired, logWords: math.Log(500)}
		for range c.recent {
			h.recent[h.next] = page{article: true, shows: [signalCount]bool{1: true}}
			h.next, h.count = (h.next+1)%Recent, h.count+1
		}
		if got, _ := h.judge(1); got != c.want {
			t.Errorf("after %d pages and %d bad ones, the alarm is raised: %v", c.retired, c.recent, got)
		}
		if got := h.short(math.Log(500*shortShare) - 1e-9); got != (c.retired == minBaseline) {
			t.Errorf("after %d articles, a short one counts as short: %v", c.retired, got)
		}
	}
}

// The host that was seen least recently is replaced, also after a restart.
func TestTheLeastRecentHostIsReplaced(t *testing.T) {
	t.Parallel()
	w := New(2)
	for _, host := range []string{"a.example", "b.example"} {
		observe(w, minBaseline+Recent, good(host))
	}
	w.Observe(good("a.example"))
	stored := w.Baselines()
	if len(stored) != 2 || stored[0].Host != "a.example" {
		t.Fatalf("baselines %+v, want that of a.example first", stored)
	}
	restored := New(2)
	restored.Restore(stored)
	for name, one := range map[string]*Watch{"watched": w, "restored": restored} {
		one.Observe(good("c.example"))
		if left := one.Baselines(); len(left) != 1 || left[0].Host != "a.example" || one.Hosts() != 2 {
			t.Errorf("%s: %d hosts with the baselines %+v, want those of a.example and c.example", name, one.Hosts(),
				left)
		}
	}
}

// An alarm is cleared at the margin of the baseline, and raised only beyond it.
func TestMarginOfAlarms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bad           int
		want, cleared bool // whether an alarm is raised, and whether a raised one is cleared
	}{
		{0, false, true}, {5, false, true}, {6, false, false}, {20, true, false},
	} {
		for _, raised := range []bool{false, true} {
			h := &host{count: Recent, retired: memory}
			h.raised[0] = raised
			for i := range c.bad {
				h.recent[i].shows[0] = true
			}
			want := c.want
			if raised {
				want = !c.cleared
			}
			if got, rate := h.judge(0); got != want || rate != float64(c.bad)/Recent {
				t.Errorf("%d bad pages, raised %v: judged %v at the rate %v, want %v", c.bad, raised, got, rate, want)
			}
		}
	}
}
