package sources

import (
	"encoding/binary"
	"slices"
	"time"
)

const (
	// maxDelays is the number of articles of a source whose delays are kept.
	maxDelays = 64
	// delaySize is the size of a stored delay in bytes.
	delaySize = 4
)

// addDelays adds delays to those that are stored, and drops the oldest beyond maxDelays.
func addDelays(stored []byte, delays []time.Duration) []byte {
	for _, d := range delays {
		stored = binary.LittleEndian.AppendUint32(stored, uint32(d/time.Second))
	}
	return stored[max(0, len(stored)-maxDelays*delaySize):]
}

// medianDelay returns the median of the stored delays in seconds. Without any delay, it returns nil.
func medianDelay(stored []byte) *float64 {
	var all []float64
	for delay := range slices.Chunk(stored, delaySize) {
		if len(delay) == delaySize {
			all = append(all, float64(binary.LittleEndian.Uint32(delay)))
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	median := (all[(len(all)-1)/2] + all[len(all)/2]) / 2
	return &median
}
