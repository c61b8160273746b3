package topology_test

import (
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// TestRetention checks how long the server keeps what is stored. Messages of the pipeline are kept until they are
// processed, and a URL counts as seen at least for the freshness window, however long that is.
func TestRetention(t *testing.T) {
	const day = 24 * time.Hour
	for _, freshness := range []time.Duration{time.Hour, 31 * day, 90 * day} {
		js := server(t)
		natstest.Reconcile(t, js, topology.Limits{Freshness: freshness})
		want := map[string]time.Duration{
			subject.StreamRevisions:                    31 * day,
			subject.KVStream(subject.BucketLeases):     30 * time.Second,
			subject.KVStream(subject.BucketHosts):      31 * day,
			subject.KVStream(subject.BucketDrift):      31 * day,
			subject.KVStream(subject.BucketHealth):     time.Hour,
			subject.KVStream(subject.BucketSeen):       max(31*day, freshness),
			subject.ObjectStream(subject.BucketBodies): 7 * day,
		}
		for name, config := range configs(t, js) {
			if config.MaxAge != want[name] {
				t.Errorf("freshness %s: %s keeps messages for %s, want %s (0: until they are processed)",
					freshness, name, config.MaxAge, want[name])
			}
			delete(want, name)
		}
		for name := range want {
			t.Errorf("there is no stream %s", name)
		}
	}
}
