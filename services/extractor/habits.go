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

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/extractor/internal/drift"
)

const (
	// habitParts is how many entries the habits of all hosts are divided into,
	// by a hash of the host: some 20 KB each when the watch is full.
	habitParts = 16
	// habitsEvery is how often they are written; they also are when the stage
	// stops.
	habitsEvery = 5 * time.Minute
	// maxHabits bounds an entry once unpacked, in bytes.
	maxHabits = 8 << 20
)

// remember writes what is usual of each host, now and then and once more when
// ctx ends, so that a restart does not make the watch blind until it has learned
// all anew. What cannot be written is logged and tried again the next time.
func (d *driftWatch) remember(ctx context.Context) {
	ticker := time.NewTicker(habitsEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			d.saveHabits(context.WithoutCancel(ctx))
			return
		case <-ticker.C:
			d.saveHabits(ctx)
		}
	}
}

// saveHabits writes the habits of the watched hosts over those stored. Hosts
// that other replicas have seen stay, as far as there is room.
func (d *driftWatch) saveHabits(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, driftWait)
	defer cancel()
	parts := make([][]drift.Habits, habitParts)
	for _, h := range d.watch.Habits() {
		part := habitPart(h.Host)
		parts[part] = append(parts[part], h)
	}
	for part, own := range parts {
		if len(own) == 0 {
			continue
		}
		if err := d.savePart(ctx, part, own); err != nil {
			d.log.Warn("what is usual of sites could not be kept; it is tried again", "error", err)
			return
		}
	}
}

func (d *driftWatch) savePart(ctx context.Context, part int, own []drift.Habits) error {
	stored, err := d.readPart(ctx, part)
	if err != nil {
		d.log.Warn("what was usual of sites cannot be read and is written anew", "error", err)
	}
	known := make(map[string]bool, len(own))
	for _, h := range own {
		known[h.Host] = true
	}
	for _, h := range stored {
		if len(own) < maxWatched/habitParts && !known[h.Host] {
			own = append(own, h)
		}
	}
	data, err := json.Marshal(own)
	if err != nil {
		return fmt.Errorf("encoding the habits of sites: %w", err)
	}
	key := subject.DriftHabits(part)
	if _, err := d.bucket.Put(ctx, key, d.pack.EncodeAll(data, nil)); err != nil {
		return fmt.Errorf("writing %s: %w", key, err)
	}
	return nil
}

// recall takes over the habits that were written before.
func (d *driftWatch) recall(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, driftWait)
	defer cancel()
	for part := range habitParts {
		stored, err := d.readPart(ctx, part)
		if err != nil {
			d.log.Warn("what was usual of sites cannot be read; it is learned anew", "error", err)
			continue
		}
		d.watch.Restore(stored)
	}
}

// readPart reads an entry; one that is not there is empty.
func (d *driftWatch) readPart(ctx context.Context, part int) ([]drift.Habits, error) {
	key := subject.DriftHabits(part)
	entry, err := d.bucket.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxHabits))
	if err != nil {
		return nil, fmt.Errorf("preparing zstd: %w", err)
	}
	defer unpack.Close()
	data, err := unpack.DecodeAll(entry.Value(), nil)
	if err != nil {
		return nil, fmt.Errorf("unpacking %s: %w", key, err)
	}
	var all []drift.Habits
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	return slices.DeleteFunc(all, func(h drift.Habits) bool { return h.Host == "" || h.Pages < 0 || h.Articles < 0 }), nil
}

func habitPart(host string) int {
	h := fnv.New32a()
	h.Write([]byte(host))
	return int(h.Sum32() % habitParts)
}
