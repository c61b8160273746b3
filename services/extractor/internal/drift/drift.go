// Package drift notices when a site's pages yield less than they used to: a
// redesign, a new paywall, a consent wall.
package drift

import (
	"container/list"
	"math"
	"sync"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	// Recent is how many of a host's latest pages are compared with those
	// before.
	Recent = 20
	// settled is how many pages before those it takes to know what is usual.
	settled = 30
	// memory is how many pages what is usual reaches back; it also is how long
	// an alarm lasts until a change has become usual.
	memory = 300
	// chance is the probability of so many pages that show a signal, after what
	// was usual, below which it is no chance. A hundred hosts with steady habits
	// raised two false alarms in twenty million pages (TestHabitsRaiseNothing,
	// run for longer).
	chance = 1e-6
	// seldom is the least rate that is taken for usual: a first page without an
	// author in a thousand is no drift.
	seldom = 0.03
	// shortShare is how few of the usual words make a body short.
	shortShare = 1.0 / 3
	// maxSamples is how many pages are kept for each alarm.
	maxSamples = 3
)

// Signals are the signals that are watched.
var Signals = []datelinev1.DriftSignal{
	datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE, datelinev1.DriftSignal_DRIFT_SIGNAL_NO_AUTHOR,
	datelinev1.DriftSignal_DRIFT_SIGNAL_SHORT_BODY, datelinev1.DriftSignal_DRIFT_SIGNAL_NO_ARTICLE,
}

const signalCount = 4

// Page is what came of one page of a host.
type Page struct {
	Host string
	// Article says that the page yielded one; the rest is of the article.
	Article, Dated, Authored bool
	Words                    int
}

// Change is an alarm that is raised or falls.
type Change struct {
	Signal        datelinev1.DriftSignal
	Raised        bool
	Recent, Usual float64
}

// Sample asks that a page be kept as the n-th sample of an alarm.
type Sample struct {
	Signal datelinev1.DriftSignal
	Number int
}

// Watch keeps the rates of a bounded number of hosts, of which the one that was
// seen longest ago makes room. It may be used by any number of goroutines.
type Watch struct {
	mu     sync.Mutex
	max    int
	hosts  map[string]*list.Element
	order  *list.List // of *host, the latest seen first
	raised [signalCount]int
}

// host is the record of one host, some 300 bytes.
type host struct {
	name    string
	pages   [Recent]page // a ring
	next    int
	count   int // pages in the ring
	before  int // pages that have left it
	usual   [signalCount]float64
	words   float64 // the mean logarithm of the words of articles that left the ring
	worded  int
	raised  [signalCount]bool
	samples [signalCount]int
}

type page struct {
	shows    [signalCount]bool
	article  bool
	logWords float64
}

// New watches at most so many hosts.
func New(maxHosts int) *Watch {
	return &Watch{max: maxHosts, hosts: make(map[string]*list.Element), order: list.New()}
}

// Hosts is how many hosts are watched.
func (w *Watch) Hosts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.hosts)
}

// Raised is how many hosts have an alarm for a signal.
func (w *Watch) Raised(signal datelinev1.DriftSignal) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.raised[signal-1]
}

// Observe takes note of a page, and returns the alarms that change with it and
// the alarms that it is a sample for.
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
			changes = append(changes, Change{Signal: signal, Raised: raised, Recent: recent, Usual: h.usual[k]})
			h.raised[k], h.samples[k] = raised, 0
			w.raised[k] += sign(raised)
		}
		if raised && shows[k] && h.samples[k] < maxSamples {
			h.samples[k]++
			samples = append(samples, Sample{Signal: signal, Number: h.samples[k]})
		}
	}
	return changes, samples
}

func sign(up bool) int {
	if up {
		return 1
	}
	return -1
}

// host is the record of a host, a new one if need be.
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

// add puts a page into the ring, and the one that it drives out into what is
// usual. It returns the signals that the page shows.
func (h *host) add(p Page) [signalCount]bool {
	now := page{article: p.Article, logWords: math.Log(float64(max(p.Words, 1)))}
	now.shows = [signalCount]bool{p.Article && !p.Dated, p.Article && !p.Authored, p.Article && h.short(now.logWords), !p.Article}
	if h.count < Recent {
		h.count++
	} else {
		h.retire(h.pages[h.next])
	}
	h.pages[h.next] = now
	h.next = (h.next + 1) % Recent
	return now.shows
}

func (h *host) short(logWords float64) bool {
	return h.worded >= settled && logWords < h.words+math.Log(shortShare)
}

func (h *host) retire(old page) {
	h.before++
	weight := 1 / float64(min(h.before, memory))
	for k, shows := range old.shows {
		value := 0.0
		if shows {
			value = 1
		}
		h.usual[k] += (value - h.usual[k]) * weight
	}
	if old.article {
		h.worded++
		h.words += (old.logWords - h.words) / float64(min(h.worded, memory))
	}
}

// judge says whether a signal's alarm is to be raised, and its rate in the ring.
// An alarm falls once the rate is back within a quarter of what is usual.
func (h *host) judge(k int) (raised bool, recent float64) {
	n := 0
	for i := range h.count {
		if h.pages[i].shows[k] {
			n++
		}
	}
	recent = float64(n) / Recent
	if h.count < Recent || h.before < settled {
		return h.raised[k], recent // too early to tell, or after a restart too early again
	}
	if h.raised[k] {
		return recent > h.usual[k]+0.25, recent
	}
	if recent < h.usual[k]+0.25 {
		return false, recent
	}
	return tail(n, max(h.usual[k], seldom), min(h.before, memory)) < chance, recent
}

// tail is the probability that n or more of Recent pages show a signal that some
// share of so many pages before them showed: the beta-binomial distribution, with
// Jeffreys' prior for the rate behind the share (Gelman et al., "Bayesian Data
// Analysis", 3rd edition, section 2.4). Where few pages came before, more is
// chance.
func tail(n int, share float64, before int) float64 {
	a, b := share*float64(before)+0.5, (1-share)*float64(before)+0.5
	sum := 0.0
	for i := n; i <= Recent; i++ {
		k := float64(i)
		sum += math.Exp(logChoose(Recent, k) + logBeta(a+k, b+Recent-k) - logBeta(a, b))
	}
	return min(sum, 1)
}

func logBeta(a, b float64) float64 { return logGamma(a) + logGamma(b) - logGamma(a+b) }

func logChoose(n, k float64) float64 {
	return logGamma(n+1) - logGamma(k+1) - logGamma(n-k+1)
}

func logGamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}
