package store

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// A record with the field replay was extracted again from a stored page, or is the record
// from before that. It is not a revision: it takes the place of the record from the same
// fetch, and the number and the times of the revision stay. The replaced record is kept.

// replacement is a record that a run has replaced.
type replacement struct {
	run, articleID string
	number         int
	extracted      time.Time // when the record that replaced it was extracted
	restored       bool      // whether the run was undone
	wasNew         bool      // whether there was no record before
	// record is the replaced record, unless it is stored.
	record []byte
}

// replayOf returns the run that a record comes from, or nil, and the record as it is stored.
func replayOf(a *datelinev1.Article) (*datelinev1.Replay, *datelinev1.Article) {
	replay := a.GetReplay()
	if !replay.GetUndo() {
		return replay, a
	}
	restored := proto.CloneOf(a)
	restored.Replay = replay.GetRestored()
	return replay, restored
}

// applyReplay adds an arrival that was extracted again, or that restores the record from
// before that. A redelivered arrival changes nothing and has the same result.
func (c *change) applyReplay(a arrival) PutResult {
	result := PutResult{ID: a.row.id, Status: Superseded}
	run := a.replay.GetRun()
	earlier, found := c.replacementOf(run)
	isCurrent := found && earlier.number == c.row.revision && earlier.extracted.Equal(c.row.extracted)
	sameFetch := a.row.fetched.Equal(c.row.fetched)
	switch {
	case a.replay.GetUndo() && found && earlier.restored:
		if sameFetch && a.row.extracted.Equal(c.row.extracted) {
			result.Status = Restored
		}
	case a.replay.GetUndo():
		if isCurrent && sameFetch {
			result.Status = Restored
			earlier.restored = true
			c.replacements = append(c.replacements, earlier)
			c.replaceRecord(a, "")
		}
	case isCurrent && !earlier.restored:
		if result.Status = ExtractedAgain; earlier.wasNew {
			result.Status = New
		}
	case !found && sameFetch && !a.row.extracted.Before(c.row.extracted):
		result.Status = ExtractedAgain
		c.replacements = append(c.replacements, replacement{
			run: run, articleID: c.row.id, number: c.row.revision, extracted: a.row.extracted, record: c.pendingRecord(),
		})
		c.replaceRecord(a, c.row.contentHash)
	}
	if result.Status != Superseded {
		result.Revision = c.row.revision
	}
	return result
}

// replacementOf returns what a run has replaced of the article.
func (c *change) replacementOf(run string) (replacement, bool) {
	for _, all := range [][]replacement{c.replacements, c.stored.replacements} {
		for _, r := range all {
			if r.run == run {
				return r, true
			}
		}
	}
	return replacement{}, false
}

// pendingRecord returns the record of the newest revision if this batch writes it, otherwise
// nil.
func (c *change) pendingRecord() []byte {
	for _, r := range c.revisions {
		if r.number == c.row.revision {
			return r.record
		}
	}
	return nil
}

// replaceRecord makes the arrival the record of the newest revision. replacedHash is the
// content hash by which records of the earlier extractor are recognised.
func (c *change) replaceRecord(a arrival, replacedHash string) {
	c.replaceRow(a)
	if a.row.published == nil {
		c.row.sortTime = c.row.firstSeen.Truncate(time.Second)
		if !c.row.sortTime.Equal(c.before.sortTime) {
			c.words = &a.words // the row moves
		}
	}
	if c.row.replacedHash = replacedHash; replacedHash == a.row.contentHash {
		c.row.replacedHash = ""
	}
	for i := range c.stored.revisions {
		if c.stored.revisions[i].number == c.row.revision {
			c.stored.revisions[i].contentHash = a.row.contentHash
		}
	}
	c.refreshRevision(a)
}

// replacementSteps are the statements that keep the replaced records of a batch. They have
// to run before the revisions are written. Both databases have the same statements.
func replacementSteps(changes []*change) []step {
	var steps []step
	for _, c := range changes {
		for _, r := range c.replacements {
			switch key := []any{r.run, c.row.id, r.number}; {
			case r.restored:
				steps = append(steps, step{`UPDATE replaced_records SET restored = true
					WHERE run = $1 AND article_id = $2 AND number = $3`, key})
			case r.record == nil && !r.wasNew:
				steps = append(steps, step{`INSERT INTO replaced_records
					(run, article_id, number, extract_time, restored, record)
					SELECT $1, article_id, number, $2, false, record FROM revisions WHERE article_id = $3 AND number = $4`,
					[]any{r.run, r.extracted.UnixMicro(), c.row.id, r.number}})
			default:
				steps = append(steps, step{`INSERT INTO replaced_records
					(run, article_id, number, extract_time, restored, record) VALUES ($1, $2, $3, $4, false, $5)`,
					append(key, r.extracted.UnixMicro(), nonNil(r.record))})
			}
		}
	}
	return steps
}

// loadReplacements is the query for what a run has replaced of an article.
const loadReplacements = `SELECT run, number, extract_time, restored, length(record) FROM replaced_records
	WHERE run = $1 AND article_id = $2 ORDER BY number DESC LIMIT 1`

// scanReplacement reads a row of loadReplacements.
func scanReplacement(scan func(...any) error) (r replacement, err error) {
	var extracted, length int64
	err = scan(&r.run, &r.number, &extracted, &r.restored, &length)
	r.extracted, r.wasNew = fromMicros(extracted), length == 0
	return r, err
}

// replaysOf returns the runs of the arrivals that were extracted again.
func replaysOf(arrivals []arrival) []string {
	var runs []string
	for _, a := range arrivals {
		if a.replay != nil {
			runs = append(runs, a.replay.GetRun())
		}
	}
	slices.Sort(runs)
	return slices.Compact(runs)
}
