// Package drift detects that a site's pages yield less than they used to, because
// of a redesign, a new paywall or a consent wall.
package drift

import (
	"container/list"
	"sync"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	// Recent is the number of a host's latest pages that are compared with its
	// baseline, which is computed from the pages before them.
	Recent = 20
	// minBaseline is the number of pages that a baseline must be computed from
	// before it is used.
	minBaseline = 30
	// memory is the number of pages over which a baseline averages. An alarm also
	// lasts about as long, until the change has become the new baseline.
	memory = 300
	// significance is the probability below which the recent pages are taken for a
	// change. In a simulation of a hundred hosts with steady rates, it raised two
	// false alarms in twenty million pages (TestSteadyRatesRaiseNoAlarm, run for
	// longer).
	significance = 1e-6
	// minRate is the minimum baseline rate assumed for a signal, so that a host
	// whose thousandth page is the first without an author raises no alarm.
	minRate = 0.03
	// margin is the distance from the baseline rate within which an alarm is cleared
	// and below which none is raised.
	margin = 0.25
	// shortShare is the share of the host's mean number of words below which a body
	// is short.
	shortShare = 1.0 / 3
	// maxSamples is the number of pages saved for each alarm.
	maxSamples = 3
)

// Signals lists the signals that are watched.
var Signals = []datelinev1.DriftSignal{
	datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE, datelinev1.DriftSignal_DRIFT_SIGNAL_NO_AUTHOR,
	datelinev1.DriftSignal_DRIFT_SIGNAL_SHORT_BODY, datelinev1.DriftSignal_DRIFT_SIGNAL_NO_ARTICLE,
}

const signalCount = 4

// Page is the result of extracting one page of a host.
type Page struct {
	Host string
	// Article reports whether the page yielded an article. The fields below
	// describe it.
	Article, Dated, Authored bool
	Words                    int
}

// Change reports that an alarm was raised or cleared. Recent and Baseline are the
// signal's rates.
type Change struct {
	Signal           datelinev1.DriftSignal
	Raised           bool
	Recent, Baseline float64
}

// Sample requests that a page be saved as a sample for an alarm. Number counts the
// alarm's samples from 1.
type Sample struct {
	Signal datelinev1.DriftSignal
	Number int
}

// Watch tracks the signal rates of a bounded number of hosts. When it is full, a
// new host replaces the least recently seen one. It is safe for concurrent use.
type Watch struct {
	mu     sync.Mutex
	max    int
	hosts  map[string]*list.Element
	order  *list.List // of *host, most recently seen first
	raised [signalCount]int
}

// New returns a Watch that tracks at most maxHosts hosts.
func New(maxHosts int) *Watch {
	return &Watch{max: maxHosts, hosts: make(map[string]*list.Element), order: list.New()}
}

// Hosts returns the number of tracked hosts.
func (w *Watch) Hosts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.hosts)
}

// Raised returns the number of hosts whose alarm for a signal is raised.
func (w *Watch) Raised(signal datelinev1.DriftSignal) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.raised[signal-1]
}

// Observe records a page. It returns the alarms that the page raises or clears,
// and the alarms for which it should be saved as a sample.
func (w *Watch) Observe(p Page) ([]Change, []Sample) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.host(p.Host)
	shows := h.add(p)
	var changes []Change
	var samples []Sample
	for k, signal := range Signals {
		raised, recent := h.judge(k)
		if raised != h.raised[k] {
			changes = append(changes, Change{Signal: signal, Raised: raised, Recent: recent, Baseline: h.rates[k]})
			h.raised[k], h.samples[k] = raised, 0
			if raised {
				w.raised[k]++
			} else {
				w.raised[k]--
			}
		}
		if raised && shows[k] && h.samples[k] < maxSamples {
			h.samples[k]++
			samples = append(samples, Sample{Signal: signal, Number: h.samples[k]})
		}
	}
	return changes, samples
}

// host returns the record of a host and creates it if necessary.
func (w *Watch) host(name string) *host {
	if at, ok := w.hosts[name]; ok {
		w.order.MoveToFront(at)
		return at.Value.(*host)
	}
	if len(w.hosts) >= w.max {
		oldest := w.order.Remove(w.order.Back()).(*host)
		delete(w.hosts, oldest.name)
		for k, raised := range oldest.raised {
			if raised {
				w.raised[k]--
			}
		}
	}
	h := &host{name: name}
	w.hosts[name] = w.order.PushFront(h)
	return h
}
