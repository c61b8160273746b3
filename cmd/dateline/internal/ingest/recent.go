package ingest

import "crypto/sha256"

// maxRecent is how many of the last inputs of a run are remembered at least. The ledger
// knows the earlier ones.
const maxRecent = 50_000

// recent remembers the last inputs of a run, whose outcomes may not be in the ledger yet.
type recent struct{ current, previous map[[16]byte]bool }

func newRecent() *recent { return &recent{current: map[[16]byte]bool{}} }

// add remembers an input, and reports whether it is new.
func (r *recent) add(id string) bool {
	sum := sha256.Sum256([]byte(id))
	key := [16]byte(sum[:16])
	if r.current[key] || r.previous[key] {
		return false
	}
	if len(r.current) == maxRecent {
		r.current, r.previous = map[[16]byte]bool{}, r.current
	}
	r.current[key] = true
	return true
}
