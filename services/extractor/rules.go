package extractor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// maxRules is the maximum size of the rules that are shown to users, in bytes. They must fit
// into a message.
const maxRules = 900 << 10

// saveRules stores the rules in force, for the pages of sources. Of replicas with different
// rules, the rules of the last one to start are shown. An entry of the bucket has a lifetime,
// so the rules are stored again from time to time.
func (d *driftMonitor) saveRules(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, driftTimeout)
	defer cancel()
	if err := d.putRules(ctx); err != nil {
		d.log.WarnContext(ctx, "storing the rules for sites failed, retrying at the next interval", "error", err)
	}
}

func (d *driftMonitor) putRules(ctx context.Context) error {
	data, err := json.Marshal(d.rules)
	if err != nil {
		return fmt.Errorf("encoding rules: %w", err)
	}
	if len(data) > maxRules {
		return fmt.Errorf("the rules have %d bytes, and at most %d are shown", len(data), maxRules)
	}
	if len(d.rules) == 0 {
		if _, err := d.bucket.Get(ctx, subject.DriftRules); errors.Is(err, jetstream.ErrKeyNotFound) {
			return nil // no earlier rules to replace
		}
	}
	if _, err := d.bucket.Put(ctx, subject.DriftRules, data); err != nil {
		return fmt.Errorf("writing %s: %w", subject.DriftRules, err)
	}
	return nil
}
