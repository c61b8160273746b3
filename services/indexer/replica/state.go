package replica

import (
	"fmt"
	"log/slog"
	"time"
)

// Reading tells which server answers the reads that may come from the replica.
type Reading struct {
	// From is Primary or Replica.
	From string `json:"from" enum:"primary,replica" doc:"Server that answers reads of articles and sources."`
	// Lag is how many seconds the replica was behind at the last check. It is nil if that is not known.
	Lag *float64 `json:"lag_seconds,omitempty" doc:"How many seconds the replica is behind, measured every second. Absent if that is not known."`
	// PrimaryProblem and ReplicaProblem are empty if all is well.
	PrimaryProblem string `json:"primary_problem,omitempty" doc:"Why the primary cannot be read. Everything is then read from the replica, and nothing can be changed."`
	ReplicaProblem string `json:"replica_problem,omitempty" doc:"Why the replica is not read."`
}

// State returns the state at the last check.
func (s *Store) State() Reading {
	seen := s.current.Load()
	state := Reading{From: Primary}
	if seen == nil {
		return state
	}
	behind := seen.lag(seen.time)
	if behind.known {
		seconds := behind.Seconds()
		state.Lag = &seconds
	}
	down, unusable := s.primary.failure(), s.standby.failure()
	if down != nil {
		state.PrimaryProblem = oneLine(down)
	}
	switch {
	case unusable != nil:
		state.ReplicaProblem = oneLine(unusable)
	case down != nil || behind.within(s.maxLag):
		state.From = Replica
	case !behind.known:
		state.ReplicaProblem = "the replica has not caught up since the program started, so that its lag is not known yet"
	default:
		state.ReplicaProblem = fmt.Sprintf("the replica is %s behind, and store.replica-max-lag is %s",
			behind.Round(time.Second), s.maxLag)
	}
	return state
}

// changeLog logs when a server becomes unavailable and available again.
type changeLog struct{ *slog.Logger }

func (l changeLog) change(before, now error, lost, found string) {
	switch {
	case now != nil && (before == nil || oneLine(before) != oneLine(now)):
		l.Warn(lost, "error", oneLine(now))
	case now == nil && before != nil:
		l.Info(found)
	}
}
