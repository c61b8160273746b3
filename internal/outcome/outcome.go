// Package outcome lists every way in which a stage can end an input. Metrics,
// the diagnosis of silent sources and the documentation read its table.
package outcome

import (
	"slices"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Reason is a short machine-readable token that qualifies a verdict. It serves
// as a metric's label and as a token of a dead letter's subject.
type Reason string

// Cause is what an outcome suggests about the source that it belongs to: why no
// new articles come from it. It serves as a metric's label.
type Cause string

// The causes.
const (
	// CauseBlocked: the site refuses the crawler (401, 403, 429, 451, or a wall
	// in place of the page).
	CauseBlocked Cause = "blocked"
	// CauseRobots: robots.txt forbids what it used to allow, or is unavailable.
	CauseRobots Cause = "robots"
	// CauseUnreachable: the site gives no usable response.
	CauseUnreachable Cause = "unreachable"
	// CauseGone: the requested pages do not exist (404, 410).
	CauseGone Cause = "gone"
	// CauseDrifted: pages arrive, but no articles are extracted from them.
	CauseDrifted Cause = "drifted"
	// CauseDuplicates: every requested page is known already.
	CauseDuplicates Cause = "duplicates"
	// CauseWaiting: the requested URLs have not been fetched yet.
	CauseWaiting Cause = "waiting"
	// CauseNothingPublished: hardly any URLs of the source were requested.
	CauseNothingPublished Cause = "nothing_published"
)

// Causes returns all causes.
func Causes() []Cause {
	return []Cause{
		CauseBlocked, CauseRobots, CauseUnreachable, CauseGone, CauseDrifted, CauseDuplicates, CauseWaiting,
		CauseNothingPublished,
	}
}

// LedgerStage names the loop that stores outcomes, which is not a stage: its
// inputs have no outcomes, only dead letters and metrics.
const LedgerStage = "ledger"

// Entry is one way in which a stage ends an input.
type Entry struct {
	// Stage is the name of the stage, see subject.StageName, or LedgerStage.
	Stage string
	// Verdict is unspecified for a reason that is only ever retried.
	Verdict datelinev1.Verdict
	Reason  Reason
	// Retried means that the input is retried first, and ends with the reason
	// once its attempts are used up.
	Retried bool
	// Cause is empty if the outcome says nothing against the source.
	Cause Cause
	// Meaning is a sentence for people.
	Meaning string
}

// Table returns all entries, sorted by stage, verdict and reason.
func Table() []Entry { return slices.Clone(table) }

// OfStage returns the entries of a stage.
func OfStage(stage string) []Entry {
	return slices.DeleteFunc(Table(), func(e Entry) bool { return e.Stage != stage })
}

// CauseOf returns what an outcome suggests about its source. It is empty if the
// input went on to the next stage or brought something new.
func CauseOf(stage datelinev1.Stage, verdict datelinev1.Verdict, reason Reason) Cause {
	if entry, ok := find(subject.StageName(stage), verdict, reason); ok {
		return entry.Cause
	}
	// The outcome has no reason, or one of another version.
	switch {
	case verdict == duplicate || verdict == unchanged:
		return CauseDuplicates
	case verdict == produced && stage == datelinev1.Stage_STAGE_INDEX:
		return CauseDuplicates
	case verdict == produced:
		return ""
	case stage == datelinev1.Stage_STAGE_FETCH:
		return CauseUnreachable
	case stage == datelinev1.Stage_STAGE_EXTRACT:
		return CauseDrifted
	}
	return ""
}

func find(stage string, verdict datelinev1.Verdict, reason Reason) (Entry, bool) {
	i := slices.IndexFunc(table, func(e Entry) bool {
		return e.Reason == reason && e.Verdict == verdict && e.Stage == stage
	})
	if i < 0 {
		return Entry{}, false
	}
	return table[i], true
}

// urlIDLength is how many characters of a URL's id are part of a fetch's id:
// enough to tell the URLs of one request apart.
const urlIDLength = 12

// FetchID returns the id of a fetch, by which every stage from the fetcher on
// names its input. It consists of the request's id and part of the id of the
// requested URL, because a sender may give all URLs the same request id.
func FetchID(requestID string, requested weburl.URL) string {
	return requestID + "." + requested.ID()[:urlIDLength]
}
