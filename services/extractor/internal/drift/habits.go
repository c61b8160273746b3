package drift

// Habits is what a watch has learned of one host, to be kept over a restart. The
// latest pages themselves are not in it: the next Recent ones take their place.
type Habits struct {
	Host string `json:"host"`
	// Pages is how many pages the rates and the length are made from.
	Pages int `json:"pages"`
	// Usual is the rate of each of Signals.
	Usual [signalCount]float64 `json:"usual"`
	// LogWords is the mean natural logarithm of the words of Articles articles.
	LogWords float64 `json:"log_words"`
	Articles int     `json:"articles"`
	// Raised and Samples are the alarms and how many pages were kept for each.
	Raised  [signalCount]bool `json:"raised"`
	Samples [signalCount]int  `json:"samples"`
}

// Habits returns what is known of the hosts that have any habits yet, the latest
// seen first.
func (w *Watch) Habits() []Habits {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Habits
	for at := w.order.Front(); at != nil; at = at.Next() {
		if h := at.Value.(*host); h.before >= settled {
			all = append(all, Habits{h.name, h.before, h.usual, h.words, h.worded, h.raised, h.samples})
		}
	}
	return all
}

// Restore takes over habits, the latest seen first, of hosts that the watch does
// not know yet, as far as it has room for them.
func (w *Watch) Restore(all []Habits) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, known := range all {
		if _, ok := w.hosts[known.Host]; ok || len(w.hosts) >= w.max {
			continue
		}
		h := &host{name: known.Host, before: known.Pages, usual: known.Usual, words: known.LogWords, worded: known.Articles, raised: known.Raised, samples: known.Samples}
		w.hosts[h.name] = w.order.PushBack(h)
		for k, raised := range h.raised {
			if raised {
				w.raised[k]++
			}
		}
	}
}
