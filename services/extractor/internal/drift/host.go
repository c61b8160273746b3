package drift

import "math"

// host is the record of one host. It takes about 300 bytes.
type host struct {
	name     string
	recent   [Recent]page // a ring buffer
	next     int          // the index in recent of the next page
	count    int          // number of pages in recent
	retired  int          // number of pages that have left recent for the baseline
	rates    [signalCount]float64
	logWords float64 // mean logarithm of the words of the retired articles
	articles int     // number of retired articles
	raised   [signalCount]bool
	samples  [signalCount]int
}

type page struct {
	shows    [signalCount]bool
	article  bool
	logWords float64
}

// add puts a page into the ring buffer and moves the page that it displaces into
// the baseline. It returns the signals that the new page shows.
func (h *host) add(p Page) [signalCount]bool {
	now := page{article: p.Article, logWords: math.Log(float64(max(p.Words, 1)))}
	now.shows = [signalCount]bool{
		p.Article && !p.Dated,
		p.Article && !p.Authored,
		p.Article && h.short(now.logWords),
		!p.Article,
	}
	if h.count < Recent {
		h.count++
	} else {
		h.retire(h.recent[h.next])
	}
	h.recent[h.next] = now
	h.next = (h.next + 1) % Recent
	return now.shows
}

func (h *host) short(logWords float64) bool {
	return h.articles >= minBaseline && logWords < h.logWords+math.Log(shortShare)
}

// retire adds a page to the baseline.
func (h *host) retire(old page) {
	h.retired++
	weight := 1 / float64(min(h.retired, memory))
	for k, shows := range old.shows {
		value := 0.0
		if shows {
			value = 1
		}
		h.rates[k] += (value - h.rates[k]) * weight
	}
	if old.article {
		h.articles++
		h.logWords += (old.logWords - h.logWords) / float64(min(h.articles, memory))
	}
}

// judge reports whether the alarm of signal k should be raised, and the signal's
// rate among the recent pages. Until there are enough pages, which is also the case
// after a restart, the alarm stays as it is.
func (h *host) judge(k int) (raised bool, recent float64) {
	n := 0
	for i := range h.count {
		if h.recent[i].shows[k] {
			n++
		}
	}
	recent = float64(n) / Recent
	if h.count < Recent || h.retired < minBaseline {
		return h.raised[k], recent
	}
	if h.raised[k] {
		return recent > h.rates[k]+margin, recent
	}
	if recent < h.rates[k]+margin {
		return false, recent
	}
	return tail(n, max(h.rates[k], minRate), min(h.retired, memory)) < significance, recent
}

// tail returns the probability that at least n of Recent pages show a signal, given
// the share of the preceding pages that showed it and the number of those pages. It
// is the tail of a beta-binomial distribution with Jeffreys' prior for the rate
// (Gelman et al., "Bayesian Data Analysis", 3rd edition, section 2.4). With
// fewer preceding pages, a high n is less surprising.
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
