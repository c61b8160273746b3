package extractor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/extractor/internal/drift"
)

const (
	// baselineShards is the number of bucket entries over which the baselines are
	// spread, by a hash of the host. A shard takes about 20 KB when the watch is full.
	baselineShards = 16
	// baselineInterval is the time between two saves. The baselines are also saved
	// when the stage stops.
	baselineInterval = 5 * time.Minute
	// maxBaselineBytes bounds a shard after decompression.
	maxBaselineBytes = 8 << 20
)

// saveBaselinesUntil saves the baselines of all hosts periodically until ctx ends,
// and then a last time. Without them, a restarted extractor could raise no alarm
// until it had learned every baseline again.
func (d *driftMonitor) saveBaselinesUntil(ctx context.Context) {
	_ = loop.Tick(ctx, baselineInterval, func(ctx context.Context) error {
		d.saveBaselines(ctx)
		d.saveRules(ctx)
		return nil
	})
	d.saveBaselines(context.WithoutCancel(ctx))
}

// saveBaselines replaces the stored baselines of the watched hosts. It keeps the
// baselines of hosts that only other replicas watch, up to the limit of a shard.
func (d *driftMonitor) saveBaselines(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, driftTimeout)
	defer cancel()
	shards := make([][]drift.Baseline, baselineShards)
	for _, b := range d.watch.Baselines() {
		shard := baselineShard(b.Host)
		shards[shard] = append(shards[shard], b)
	}
	for shard, own := range shards {
		if len(own) == 0 {
			continue
		}
		if err := d.saveShard(ctx, shard, own); err != nil {
			d.log.WarnContext(ctx, "saving drift baselines failed, retrying at the next interval", "error", err)
			return
		}
	}
}

func (d *driftMonitor) saveShard(ctx context.Context, shard int, own []drift.Baseline) error {
	stored, err := d.readShard(ctx, shard)
	if err != nil {
		d.log.WarnContext(ctx, "stored drift baselines are unreadable, replacing them", "shard", shard, "error", err)
	}
	watched := make(map[string]bool, len(own))
	for _, b := range own {
		watched[b.Host] = true
	}
	for _, b := range stored {
		if len(own) < maxWatched/baselineShards && !watched[b.Host] {
			own = append(own, b)
		}
	}
	data, err := json.Marshal(own)
	if err != nil {
		return fmt.Errorf("encoding drift baselines: %w", err)
	}
	key := subject.DriftBaselines(shard)
	if _, err := d.bucket.Put(ctx, key, d.zstd.EncodeAll(data, nil)); err != nil {
		return fmt.Errorf("writing %s: %w", key, err)
	}
	return nil
}

// loadBaselines restores the stored baselines.
func (d *driftMonitor) loadBaselines(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, driftTimeout)
	defer cancel()
	for shard := range baselineShards {
		stored, err := d.readShard(ctx, shard)
		if err != nil {
			d.log.WarnContext(ctx, "stored drift baselines are unreadable, learning them again", "shard", shard, "error", err)
			continue
		}
		d.watch.Restore(stored)
	}
}

// readShard reads the stored baselines of a shard. A shard that was never written
// has none.
func (d *driftMonitor) readShard(ctx context.Context, shard int) ([]drift.Baseline, error) {
	key := subject.DriftBaselines(shard)
	entry, err := d.bucket.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBaselineBytes))
	if err != nil {
		return nil, fmt.Errorf("creating zstd decoder: %w", err)
	}
	defer decoder.Close()
	data, err := decoder.DecodeAll(entry.Value(), nil)
	if err != nil {
		return nil, fmt.Errorf("decompressing %s: %w", key, err)
	}
	var stored []drift.Baseline
	if err := json.Unmarshal(data, &stored); err != nil {
		return nil, fmt.Errorf("decoding %s: %w", key, err)
	}
	return slices.DeleteFunc(stored, func(b drift.Baseline) bool {
		return b.Host == "" || b.Pages < 0 || b.Articles < 0
	}), nil
}

func baselineShard(host string) int {
	h := fnv.New32a()
	h.Write([]byte(host))
	return int(h.Sum32() % baselineShards)
}
