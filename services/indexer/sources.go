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
	// sourcesInterval is the interval at which the sources are examined, and
	// sourcesTimeout the maximum duration of one examination.
	sourcesInterval = time.Minute
	sourcesTimeout  = 10 * time.Minute
	// sourcesPage is the number of silent sources diagnosed at once.
	sourcesPage = 500
	// maxLoggedSources is the maximum number of sources logged individually in
	// one examination.
	maxLoggedSources = 20
)

// sourceWatch keeps the sources' baselines up to date. It reports in metrics and
// in the log which sources have become silent, and why.
type sourceWatch struct {
	store   store.Writer
	library *library.Library
	log     *slog.Logger
	now     func() time.Time
	list    *sourceList

	hosts  *prometheus.GaugeVec
	silent *prometheus.GaugeVec
	// loggedUntil is the time up to which silences have been logged.
	loggedUntil time.Time
}

// newSourceWatch completes w, of which only the dependencies are set, and registers
// its metrics.
func newSourceWatch(w sourceWatch, reg prometheus.Registerer) *sourceWatch {
	w.loggedUntil = w.now()
	w.hosts = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "dateline_source_hosts",
		Help: "Hosts with articles in the last 90 days, by whether they publish as usual.",
	}, []string{"state"})
	w.silent = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "dateline_source_silent_hosts",
		Help: "Hosts that have published nothing new for longer than chance explains, by cause.",
	}, []string{"cause"})
	reg.MustRegister(w.hosts, w.silent)
	for _, state := range library.States() {
		w.hosts.WithLabelValues(state)
	}
	for _, cause := range outcome.Causes() {
		w.silent.WithLabelValues(string(cause))
	}
	return &w
}

// run examines the sources until ctx ends. Errors are logged and do not end it,
// because storing articles is more important.
func (w *sourceWatch) run(ctx context.Context) error {
	return loop.Every(ctx, sourcesInterval, func(ctx context.Context) error {
		if err := w.examine(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("examining sources failed, retrying", "error", err)
		}
		return nil
	})
}

// examine updates the baselines and counts the sources by state and cause.
func (w *sourceWatch) examine(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sourcesTimeout)
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
	causes, err := w.diagnose(ctx, now)
	if err != nil {
		return err
	}
	if err := w.list.update(ctx, now); err != nil {
		return err
	}
	w.loggedUntil = now
	w.hosts.WithLabelValues(library.StateLearning).Set(float64(states.Learning))
	w.hosts.WithLabelValues(library.StatePublishing).Set(float64(states.Publishing))
	w.hosts.WithLabelValues(library.StateSilent).Set(float64(states.Silent))
	for _, cause := range outcome.Causes() {
		w.silent.WithLabelValues(string(cause)).Set(float64(causes[cause]))
	}
	return nil
}

// diagnose counts the silent sources by cause, and logs those that have become
// silent since the last examination.
func (w *sourceWatch) diagnose(ctx context.Context, now time.Time) (map[outcome.Cause]int, error) {
	causes := map[outcome.Cause]int{}
	newlySilent := 0
	query := store.SourceQuery{Since: now, At: now, Silent: true, Limit: sourcesPage}
	for {
		page, err := w.library.SourcesHealth(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, source := range page {
			if source.Silence == nil {
				continue // it has published something since the query
			}
			causes[source.Cause]++
			if !source.Silence.From.After(w.loggedUntil) {
				continue
			}
			if newlySilent++; newlySilent <= maxLoggedSources {
				w.log.Warn("source is silent", "host", source.Host, "since", source.Silence.Since,
					"cause", source.Cause, "evidence", source.Evidence)
			}
		}
		if len(page) < sourcesPage {
			break
		}
		query.After = page[len(page)-1].Host
	}
	if newlySilent > maxLoggedSources {
		w.log.Warn("more sources are silent", "hosts", newlySilent-maxLoggedSources)
	}
	return causes, nil
}
