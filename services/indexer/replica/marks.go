package replica

import (
	"slices"
	"time"
)

// maxMarks bounds the memory for marks. If a replica stands still for long, every other of them is
// dropped, so that the lag is only known less exactly.
const maxMarks = 1024

// marks are positions of the primary's log, with the times when the primary was there, oldest first.
// The lag is derived from them, so that it does not depend on clocks of other machines and is
// zero if nothing is written.
type marks []mark

type mark struct {
	at       time.Time
	position uint64
}

// add adds where the primary is at a time.
func (m *marks) add(at time.Time, position uint64) {
	list := *m
	if n := len(list); n > 0 && position < list[n-1].position {
		list = nil // another server became the primary, without the end of the log
	}
	if len(list) == maxMarks {
		half := list[:0]
		for i := 0; i < maxMarks; i += 2 {
			half = append(half, list[i])
		}
		list = half
	}
	list = append(list, mark{at, position})
	*m = list
}

// reached returns the time of the newest mark that a replica has reached, and forgets the older
// ones. The time is zero if the replica has not reached any.
func (m *marks) reached(position uint64) time.Time {
	list := *m
	i, _ := slices.BinarySearchFunc(list, position, func(one mark, position uint64) int {
		if one.position <= position {
			return -1
		}
		return 1
	})
	if i == 0 {
		return time.Time{}
	}
	*m = list[i-1:]
	return list[i-1].at
}
