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

func good(host string) Page {
	return Page{Host: host, Article: true, Dated: true, Authored: true, Words: 500}
}

// feed observes n pages and returns the alarms that changed, in order.
func feed(w *Watch, n int, p Page) (changes []Change, samples []Sample) {
	for range n {
		c, s := w.Observe(p)
		changes, samples = append(changes, c...), append(samples, s...)
	}
	return changes, samples
}

func TestEachSignalRaisesItsAlarm(t *testing.T) {
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
			if changes, _ := feed(w, 100, good("a.example")); len(changes) > 0 {
				t.Fatalf("alarms without a cause: %+v", changes)
			}
			bad := good("a.example")
			spoil(&bad)
			changes, samples := feed(w, 14, bad)
			if len(changes) != 1 || changes[0].Signal != signal || !changes[0].Raised || w.Raised(signal) != 1 {
				t.Fatalf("after fourteen bad pages the changes are %+v", changes)
			}
			if changes[0].Recent < 0.3 || changes[0].Usual > 0.01 {
				t.Errorf("the rates are %+v", changes[0])
			}
			if len(samples) != maxSamples || samples[2] != (Sample{signal, 3}) {
				t.Errorf("samples are %+v", samples)
			}
			changes, _ = feed(w, 30, good("a.example"))
			if len(changes) != 1 || changes[0].Raised || w.Raised(signal) != 0 {
				t.Errorf("after the repair the changes are %+v", changes)
			}
		})
	}
}

func TestAChangeThatStaysBecomesUsual(t *testing.T) {
	t.Parallel()
	w := New(10)
	feed(w, 400, good("a.example"))
	bad := good("a.example")
	bad.Authored = false
	if changes, _ := feed(w, 20, bad); len(changes) != 1 {
		t.Fatalf("changes are %+v", changes)
	}
	changes, _ := feed(w, 1000, bad)
	if len(changes) != 1 || changes[0].Raised {
		t.Errorf("after a thousand such pages the changes are %+v", changes)
	}
}

func TestHabitsRaiseNothing(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	w := New(100)
	for range 200_000 {
		p := good(fmt.Sprint(random.IntN(100)))
		p.Authored = random.Float64() < 0.6
		p.Dated = random.Float64() < 0.97
		p.Words = int(500 * math.Exp(random.NormFloat64()/2))
		if changes, _ := w.Observe(p); len(changes) > 0 {
			t.Fatalf("a false alarm: %+v", changes)
		}
	}
}

func TestHostsAreBounded(t *testing.T) {
	t.Parallel()
	w := New(50)
	feed(w, 100, good("first"))
	bad := good("first")
	bad.Dated = false
	if feed(w, 20, bad); w.Raised(noDate) != 1 {
		t.Fatal("no alarm")
	}
	for i := range 1000 {
		w.Observe(good(fmt.Sprint(i)))
	}
	if w.Hosts() != 50 || w.Raised(noDate) != 0 {
		t.Errorf("%d hosts are watched, %d alarms raised", w.Hosts(), w.Raised(noDate))
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	// By hand: after one page that showed the signal and one that did not, the
	// rate has the distribution Beta(3/2, 3/2), and twenty of twenty the
	// probability 3/6 · 5/8 · 7/10 · … · 41/44 = 0.022252.
	if got := tail(20, 0.5, 2); math.Abs(got-0.022252) > 1e-6 {
		t.Errorf("tail is %f", got)
	}
	if got := tail(0, 0.3, 50); math.Abs(got-1) > 1e-9 {
		t.Errorf("tail of none is %g", got)
	}
	if few, many := tail(12, 0.2, 30), tail(12, 0.2, 300); few < 2*many {
		t.Errorf("after few pages the tail is %g, after many %g", few, many)
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
