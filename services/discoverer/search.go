package discoverer

import (
	"context"
	"time"

	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// searchInterval is the time between two looks for sources whose endpoints have died or
	// that are silent.
	searchInterval = 15 * time.Minute
	// searchPause is the shortest time between two searches for the endpoints of a source.
	searchPause = 24 * time.Hour
	// searchBatch is the maximum number of searches that begin at once.
	searchBatch = 100
)

// searchAgain begins a search for the endpoints of the sources none of whose endpoints works,
// and of those that publish much less than usual.
func (d *Discoverer) searchAgain(ctx context.Context) error {
	now := d.now()
	before := now.Add(-searchPause)
	ids, err := d.sources.Dead(ctx, before, searchBatch)
	if err == nil {
		var silent []string
		silent, err = d.silent(ctx, now)
		ids = append(ids, silent...)
	}
	for _, id := range ids {
		var begun bool
		if begun, err = d.sources.SearchAgain(ctx, id, now, before, sources.HintHome, sources.HintIndex); err != nil {
			break
		}
		if begun {
			d.metrics.searches.Inc()
			d.log.Info("searching for endpoints again", "stage", "discover", "source", id)
		}
	}
	if err != nil && ctx.Err() == nil {
		d.log.Warn("searching for endpoints failed, retrying", "stage", "discover", "error", err)
	}
	return nil
}

// silent returns the ids of the sources on silent hosts, at most searchBatch hosts
// in each call: it continues where the last call ended.
func (d *Discoverer) silent(ctx context.Context, now time.Time) ([]string, error) {
	hosts, err := d.hosts.Sources(ctx, store.SourceQuery{
		Since: now.Add(-24 * time.Hour), At: now, Silent: true, After: d.lastSilent, Limit: searchBatch,
	})
	if err != nil {
		return nil, err
	}
	d.lastSilent = ""
	if len(hosts) == searchBatch {
		d.lastSilent = hosts[len(hosts)-1].Host
	}
	var ids []string
	for _, host := range hosts {
		some, err := d.sources.OnHost(ctx, host.Host)
		if err != nil {
			return nil, err
		}
		ids = append(ids, some...)
	}
	return ids, nil
}
