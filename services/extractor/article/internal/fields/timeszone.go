package fields

import (
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
)

// onOwnDay returns a declared time in the zone of the page, if that zone is known.
// Systems declare times in UTC, in which the day can be one earlier or later than the
// day that readers see.
func onOwnDay(v *View, declared, shown *dates.Date) *dates.Date {
	if !inUTC(declared) {
		return declared
	}
	if shown != nil && shown.Precision != dates.Day {
		if date := inZoneOf(declared, shown); date != declared {
			return date
		}
	}
	if date := onDayOf(declared, urlDate(v)); date != declared {
		return date
	}
	if shown != nil && declared.Time.Equal(declared.Time.Truncate(time.Hour)) {
		// A system that stores days writes midnight in its zone.
		if date := onDayOf(declared, shown); date != declared && atMidnight(date.Time) {
			return date
		}
	}
	local := localScriptDate(v)
	if local != nil && local.Precision != dates.Day {
		return inZoneOf(declared, local)
	}
	return onDayOf(declared, local)
}

// inUTC reports whether a time is given in UTC. Midnight in UTC does not count: it is the
// form in which systems write a date without a time.
func inUTC(d *dates.Date) bool {
	_, offset := d.Time.Zone()
	return d.HasZone && offset == 0 && d.Precision != dates.Day && !d.Time.Equal(startOfDay(d.Time))
}

func atMidnight(t time.Time) bool {
	h, m, s := t.Clock()
	return h == 0 && m == 0 && s == 0
}

func startOfDay(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

const (
	// zoneStep is the smallest difference between two zones.
	zoneStep = 15 * time.Minute
	// minOffset and maxOffset are the offsets of the extreme zones.
	minOffset = -12 * time.Hour
	maxOffset = 14 * time.Hour
	// westernmost and easternmost are the offsets of the extreme zones with a large
	// population: Hawaii, and New Zealand in summer.
	westernmost = -10 * time.Hour
	easternmost = 13 * time.Hour

	wholeDay = 24 * time.Hour
)

// inZoneOf converts a time that is declared in UTC to the zone in which the page shows
// it, if the page shows the same minute by a clock that differs by the offset of a zone.
func inZoneOf(declared, shown *dates.Date) *dates.Date {
	ahead := shown.Time.Sub(declared.Time.Truncate(time.Minute))
	if shown.HasZone || ahead == 0 || ahead%zoneStep != 0 || ahead < minOffset || ahead > maxOffset {
		return declared
	}
	return inZone(declared, ahead)
}

// onDayOf converts a time that is declared in UTC to the day that the page shows, if that
// is the day before or after. It uses the smallest offset in whole hours that suffices.
// The moment stays the same.
func onDayOf(declared, shown *dates.Date) *dates.Date {
	if shown == nil {
		return declared
	}
	midnight := startOfDay(declared.Time)
	since := declared.Time.Sub(midnight)
	switch startOfDay(shown.Time).Sub(midnight) {
	case -wholeDay:
		if ahead := -since.Truncate(time.Hour) - time.Hour; ahead >= westernmost {
			return inZone(declared, ahead)
		}
	case wholeDay:
		if ahead := wholeDay - since.Truncate(time.Hour); ahead <= easternmost {
			return inZone(declared, ahead)
		}
	}
	return declared
}

func inZone(d *dates.Date, ahead time.Duration) *dates.Date {
	local := *d
	local.Time = d.Time.In(time.FixedZone("", int(ahead.Seconds())))
	return &local
}

// sameClock reports whether two times that are both declared as UTC are probably the
// same time, of which the system wrote one by its own clock: they differ by the
// offset of a zone.
func sameClock(a, b *dates.Date) bool {
	apart := a.Time.Sub(b.Time).Truncate(time.Minute).Abs()
	return inUTC(a) && inUTC(b) && apart != 0 && apart%zoneStep == 0 && apart <= maxOffset
}
