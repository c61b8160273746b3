package drift

// Baseline is what a Watch has learned about one host, in a form that can be
// stored across a restart. It does not include the host's recent pages: after a
// restart, the watch first observes Recent pages before it raises an alarm.
type Baseline struct {
	Host string `json:"host"`
	// Pages is the number of pages that Rates is computed from.
	Pages int `json:"pages"`
	// Rates holds the rate of each of Signals.
	Rates [signalCount]float64 `json:"usual"`
	// LogWords is the mean natural logarithm of the number of words in an article,
	// computed from Articles articles.
	LogWords float64 `json:"log_words"`
	Articles int     `json:"articles"`
	// Raised and Samples hold, for each of Signals, whether its alarm is raised and
	// the number of samples requested for it.
	Raised  [signalCount]bool `json:"raised"`
	Samples [signalCount]int  `json:"samples"`
}

// Baselines returns the baselines of the hosts that have one, the most recently
// seen host first.
func (w *Watch) Baselines() []Baseline {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Baseline
	for at := w.order.Front(); at != nil; at = at.Next() {
		h := at.Value.(*host)
		if h.retired < minBaseline {
			continue
		}
		all = append(all, Baseline{
			Host: h.name, Pages: h.retired, Rates: h.rates, LogWords: h.logWords, Articles: h.articles,
			Raised: h.raised, Samples: h.samples,
		})
	}
	return all
}

// Restore adds baselines, the most recently seen host first. It skips hosts that
// are already watched, and those for which there is no room.
func (w *Watch) Restore(all []Baseline) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range all {
		if _, ok := w.hosts[b.Host]; ok || len(w.hosts) >= w.max {
			continue
		}
		h := &host{
			name: b.Host, retired: b.Pages, rates: b.Rates, logWords: b.LogWords, articles: b.Articles,
			raised: b.Raised, samples: b.Samples,
		}
		w.hosts[h.name] = w.order.PushBack(h)
		for k, raised := range h.raised {
			if raised {
				w.raised[k]++
			}
		}
	}
}
