package indexer

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// watchInterval is the time between two looks at the sources.
	watchInterval = time.Minute
	// watchTimeout bounds one look.
	watchTimeout = 10 * time.Minute
	// watchPage is how many silent sources are diagnosed at once, and maxTold
	// how many of one look are told of one by one in the log.
	watchPage = 500
	maxTold   = 20
)

// sourceWatch keeps the sources' baselines up to date, and tells in metrics and
// in the log which sources have fallen silent, and why.
type sourceWatch struct {
	store   store.Writer
	library *library.Library
	hosts   *prometheus.GaugeVec
	silent  *prometheus.GaugeVec
	log     *slog.Logger
	now     func() time.Time
	// told is until when silences have been told of in the log.
	told time.Time
}

func newSourceWatch(articles store.Writer, l *library.Library, reg prometheus.Registerer, log *slog.Logger, now func() time.Time) *sourceWatch {
	w := &sourceWatch{store: articles, library: l, log: log, now: now, told: now(),
		hosts: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dateline_source_hosts", Help: "Hosts that have brought articles in the last 90 days, by whether they publish as usual.",
		}, []string{"state"}),
		silent: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dateline_source_silent_hosts", Help: "Hosts that have brought nothing new for longer than chance explains, by why.",
		}, []string{"cause"}),
	}
	reg.MustRegister(w.hosts, w.silent)
	for _, state := range library.States() {
		w.hosts.WithLabelValues(state)
	}
	for _, cause := range outcome.Causes() {
		w.silent.WithLabelValues(string(cause))
	}
	return w
}

// run looks at the sources again and again until ctx ends. What goes wrong is
// logged, and tried again: the articles come first.
func (w *sourceWatch) run(ctx context.Context) error {
	return loop.Every(ctx, watchInterval, func(ctx context.Context) error {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("the sources could not be looked at; it is tried again", "error", err)
		}
		return nil
	})
}

// look brings the baselines up to date and counts the sources.
func (w *sourceWatch) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	now := w.now()
	for more := true; more; {
		var err error
		if more, err = w.store.RollUp(ctx, now); err != nil {
			return err
		}
	}
	states, err := w.library.SourceStates(ctx, now)
	if err != nil {
		return err
	}
	causes := map[outcome.Cause]int{}
	told := 0
	query := store.SourceQuery{Since: now, At: now, Silent: true, Limit: watchPage}
	for {
		page, err := w.library.SourcesHealth(ctx, query)
		if err != nil {
			return err
		}
		for _, one := range page {
			if one.Silence == nil {
				continue // it has just brought something
			}
			causes[one.Cause]++
			if one.Silence.From.After(w.told) {
				if told++; told <= maxTold {
					w.log.Warn("a source has fallen silent", "host", one.Host, "since", one.Silence.Since, "cause", one.Cause, "evidence", one.Evidence)
				}
			}
		}
		if len(page) < watchPage {
			break
		}
		query.After = page[len(page)-1].Host
	}
	if told > maxTold {
		w.log.Warn("more sources have fallen silent", "hosts", told-maxTold)
	}
	w.told = now
	w.hosts.WithLabelValues(library.StateLearning).Set(float64(states.Learning))
	w.hosts.WithLabelValues(library.StatePublishing).Set(float64(states.Publishing))
	w.hosts.WithLabelValues(library.StateSilent).Set(float64(states.Silent))
	for _, cause := range outcome.Causes() {
		w.silent.WithLabelValues(string(cause)).Set(float64(causes[cause]))
	}
	return nil
}
