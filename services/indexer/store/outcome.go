package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Count is the number of outcomes that have the same stage, verdict and reason.
type Count struct {
	Stage   datelinev1.Stage
	Verdict datelinev1.Verdict
	Reason  string
	Count   int64
}

// Hour is a count of the outcomes of one hour.
type Hour struct {
	// Begin is the start of the hour.
	Begin time.Time
	Count
}

// Outstanding counts the inputs of a stage that have no outcome.
type Outstanding struct {
	Count int64
	// First is when the preceding stage produced the first of them. It is zero
	// if there are none.
	First time.Time
}

// outcomeRow is a row of the ledger.
type outcomeRow struct {
	outcome *datelinev1.Outcome
	inputID string
	time    time.Time
	record  []byte
}

// newOutcomeRows prepares outcomes to be stored, one for each input. The ledger
// rejects nothing: an outcome without an input id is stored under its own digest.
func newOutcomeRows(outcomes []*datelinev1.Outcome) ([]outcomeRow, error) {
	type input struct {
		stage datelinev1.Stage
		id    string
	}
	rows := make([]outcomeRow, 0, len(outcomes))
	at := make(map[input]int, len(outcomes))
	for _, outcome := range outcomes {
		if outcome == nil {
			continue
		}
		row, err := newOutcomeRow(outcome)
		if err != nil {
			return nil, err
		}
		in := input{row.outcome.GetStage(), row.inputID}
		i, known := at[in]
		switch {
		case !known:
			at[in] = len(rows)
			rows = append(rows, row)
		case rows[i].yieldsTo(row):
			rows[i] = row
		}
	}
	return rows, nil
}

func newOutcomeRow(outcome *datelinev1.Outcome) (outcomeRow, error) {
	outcome = scrubbed(outcome)
	record, err := proto.MarshalOptions{Deterministic: true}.Marshal(outcome)
	if err != nil {
		return outcomeRow{}, fmt.Errorf("encoding the outcome of %s: %w", outcome.GetInputId(), err)
	}
	inputID := outcome.GetInputId()
	if inputID == "" {
		sum := sha256.Sum256(record)
		inputID = "sha256:" + hex.EncodeToString(sum[:])
	}
	return outcomeRow{outcome, inputID, timeOf(outcome.GetTime()), record}, nil
}

// yieldsTo reports whether a later outcome of the same input replaces this one.
// It does if this one is dead, because the input was sent through the pipeline
// again.
func (r outcomeRow) yieldsTo(later outcomeRow) bool {
	return r.outcome.GetVerdict() == datelinev1.Verdict_VERDICT_DEAD && later.time.After(r.time)
}

func decodeOutcome(record []byte) (*datelinev1.Outcome, error) {
	outcome := new(datelinev1.Outcome)
	if err := proto.Unmarshal(record, outcome); err != nil {
		return nil, fmt.Errorf("decoding a stored outcome: %w", err)
	}
	return outcome, nil
}

// hourKey is the primary key of the hourly counts of outcomes.
type hourKey struct {
	host    string
	hour    int64 // since 1970
	stage   datelinev1.Stage
	verdict datelinev1.Verdict
	reason  string
}

func (k hourKey) compare(other hourKey) int {
	return cmp.Or(
		cmp.Compare(k.host, other.host), cmp.Compare(k.hour, other.hour), cmp.Compare(k.stage, other.stage),
		cmp.Compare(k.verdict, other.verdict), cmp.Compare(k.reason, other.reason),
	)
}

// hourCounts are the changes that a batch makes to the hourly counts.
type hourCounts map[hourKey]int

func (h hourCounts) add(r outcomeRow, n int) {
	o := r.outcome
	h[hourKey{o.GetHost(), hourOf(r.time), o.GetStage(), o.GetVerdict(), o.GetReason()}] += n
}

// hourRow is a row of the hourly counts of outcomes.
type hourRow struct {
	hourKey
	count int
}

// sorted returns the counts that are not zero in the order of their keys. All
// writers use the same order, which avoids deadlocks.
func (h hourCounts) sorted() []hourRow {
	var rows []hourRow
	for _, k := range slices.SortedFunc(maps.Keys(h), hourKey.compare) {
		if h[k] != 0 {
			rows = append(rows, hourRow{k, h[k]})
		}
	}
	return rows
}

const secondsPerHour = 3600

// hourOf returns the number of the hour since 1970 that contains a time.
func hourOf(t time.Time) int64 { return t.Unix() / secondsPerHour }

// startOfHour returns the start of an hour, given its number since 1970.
func startOfHour(hour int64) time.Time { return time.Unix(hour*secondsPerHour, 0).UTC() }
