package article

import "time"

// onOwnDay is a declared moment in the zone that the page itself goes by, as far
// as that can be told: systems declare UTC, where it may be the day before or
// after the one that readers are shown.
func (r *reader) onOwnDay(declared, shown *Timestamp) *Timestamp {
	if !inUTC(declared) {
		return declared
	}
	if shown != nil && shown.Precision != PrecisionDay {
		if ts := inZoneOf(declared, shown); ts != declared {
			return ts
		}
	}
	if ts := onDayOf(declared, r.urlDate()); ts != declared {
		return ts
	}
	if local := r.scriptDate(true); local != nil {
		if local.Precision != PrecisionDay {
			return inZoneOf(declared, local)
		}
		return onDayOf(declared, local)
	}
	return declared
}

// inUTC says that a moment is given in UTC. Midnight there is how systems write a
// day, and no moment.
func inUTC(ts *Timestamp) bool {
	_, offset := ts.Time.Zone()
	return ts.HasZone && offset == 0 && ts.Precision != PrecisionDay && !ts.Time.Equal(startOfDay(ts.Time))
}

func startOfDay(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// inZoneOf is a moment that is declared in UTC, in the zone in which the page
// shows it: the page gives the same minute by a clock that differs by a zone's
// offset.
func inZoneOf(declared, shown *Timestamp) *Timestamp {
	ahead := shown.Time.Sub(declared.Time.Truncate(time.Minute))
	if shown.HasZone || ahead == 0 || ahead%(15*time.Minute) != 0 || ahead < -12*time.Hour || ahead > 14*time.Hour {
		return declared
	}
	return inZone(declared, ahead)
}

// The zones that are home to many run from Hawaii's to New Zealand's summer time.
const (
	westernmost = -10 * time.Hour
	easternmost = 13 * time.Hour
)

// onDayOf is a moment that is declared in UTC, on the day before or after where
// the page has it on that one, by the least offset in whole hours that brings it
// there: the moment stays as it is, and its day is the page's.
func onDayOf(declared, day *Timestamp) *Timestamp {
	if day == nil {
		return declared
	}
	midnight := startOfDay(declared.Time)
	since := declared.Time.Sub(midnight)
	switch startOfDay(day.Time).Sub(midnight) {
	case -24 * time.Hour:
		if ahead := -since.Truncate(time.Hour) - time.Hour; ahead >= westernmost {
			return inZone(declared, ahead)
		}
	case 24 * time.Hour:
		if ahead := 24*time.Hour - since.Truncate(time.Hour); ahead <= easternmost {
			return inZone(declared, ahead)
		}
	}
	return declared
}

func inZone(ts *Timestamp, ahead time.Duration) *Timestamp {
	local := *ts
	local.Time = ts.Time.In(time.FixedZone("", int(ahead.Seconds())))
	local.Value = local.Time.Format(time.RFC3339)
	return &local
}

// sameClock says that two moments, both given in UTC, are one, which a system has
// once written by its own clock: they differ by a zone's offset.
func sameClock(a, b *Timestamp) bool {
	apart := a.Time.Sub(b.Time).Truncate(time.Minute).Abs()
	return inUTC(a) && inUTC(b) && apart != 0 && apart%(15*time.Minute) == 0 && apart <= 14*time.Hour
}
