package ingest

import (
	"maps"

	"github.com/dateline-news/dateline/internal/outcome"
)

// maxDamages is the maximum number of damaged places that a Summary names.
const maxDamages = 20

// Place is a place in an archive that cannot be read.
type Place struct {
	Offset int64  `json:"offset"`
	Reason string `json:"reason"`
}

// Summary counts the records of an archive by their results.
type Summary struct {
	Archive string `json:"archive"`
	// Records is the number of records that were read.
	Records int `json:"records"`
	// Published counts the pages that were published, or would be in a dry run.
	Published int `json:"published"`
	// Duplicates counts the pages that an earlier run has processed.
	Duplicates int `json:"duplicates"`
	// Rejected counts the pages that were not published, by the reason in the ledger.
	Rejected map[outcome.Reason]int `json:"rejected,omitempty"`
	// LeftOut counts the records without a page, by the reason.
	LeftOut map[string]int `json:"left_out,omitempty"`
	// Damaged counts the damaged places. Damages are the first of them.
	Damaged int     `json:"damaged"`
	Damages []Place `json:"damages,omitempty"`
	// Error is why the rest of the archive was not read.
	Error string `json:"error,omitempty"`
}

func (s *Summary) leaveOut(why string) { count(&s.LeftOut, why, 1) }

func (s *Summary) reject(reason outcome.Reason) { count(&s.Rejected, reason, 1) }

func (s *Summary) damage(offset int64, reason string) {
	if s.Damaged++; len(s.Damages) < maxDamages {
		s.Damages = append(s.Damages, Place{offset, reason})
	}
}

// Add adds the counts of another summary.
func (s *Summary) Add(other Summary) {
	s.Records += other.Records
	s.Published += other.Published
	s.Duplicates += other.Duplicates
	s.Damaged += other.Damaged
	for reason, n := range maps.All(other.Rejected) {
		count(&s.Rejected, reason, n)
	}
	for why, n := range maps.All(other.LeftOut) {
		count(&s.LeftOut, why, n)
	}
}

func count[K comparable](counts *map[K]int, key K, n int) {
	if *counts == nil {
		*counts = map[K]int{}
	}
	(*counts)[key] += n
}
