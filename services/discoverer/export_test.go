package discoverer

import (
	"context"
	"time"
)

// SetClock replaces the clock. It must be called before Run.
func (d *Discoverer) SetClock(now func() time.Time) { d.now = now }

// LearnOutcomes is what Run calls from time to time.
func (d *Discoverer) LearnOutcomes(ctx context.Context) error { return d.learnOutcomes(ctx) }

// AnnouncedOf is the hub that a response announces.
var AnnouncedOf = announcedOf
