// Package outcome lists every way in which a stage can end an input. Metrics,
// the diagnosis of silent sources and the documentation read its table.
package outcome

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Reason is a short machine-readable token that qualifies a verdict. It serves
// as a metric's label and as a token of a dead letter's subject.
type Reason string

// Cause is a reason why a source is silent. The set is closed, so it is suitable
// as a metric's label.
type Cause string

// The causes.
const (
	// CauseBlocked means that the site refuses the crawler: with status 401, 403,
	// 429 or 451, or with a page that refuses access.
	CauseBlocked Cause = "blocked"
	// CauseRobots means that robots.txt now disallows pages that it used to allow,
	// or is unavailable.
	CauseRobots Cause = "robots"
	// CauseUnreachable means that the site gives no usable response.
	CauseUnreachable Cause = "unreachable"
	// CauseGone means that the requested pages do not exist (404, 410) or have
	// moved.
	CauseGone Cause = "gone"
	// CauseDrifted means that pages are fetched but no articles are extracted from
	// them.
	CauseDrifted Cause = "drifted"
	// CauseDuplicates means that everything requested is already known.
	CauseDuplicates Cause = "duplicates"
	// CauseWaiting means that the requested URLs have not been fetched yet.
	CauseWaiting Cause = "waiting"
	// CauseNothingPublished means that almost nothing was requested.
	CauseNothingPublished Cause = "nothing_published"
	// CauseEndpointsGone means that no endpoint of discovery works that used to bring
	// articles.
	CauseEndpointsGone Cause = "endpoints_gone"
	// CauseFeedFrozen means that the feeds and sitemaps list nothing new, but the home page
	// does.
	CauseFeedFrozen Cause = "feed_frozen"
)

// Causes returns all causes.
func Causes() []Cause {
	return []Cause{
		CauseBlocked, CauseRobots, CauseUnreachable, CauseGone, CauseDrifted, CauseDuplicates, CauseWaiting,
		CauseNothingPublished, CauseEndpointsGone, CauseFeedFrozen,
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
	// Cause is the cause of silence that the outcome suggests, if any.
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

// CauseOf returns the cause of silence that an outcome suggests. It returns "" if
// the input went on to the next stage or produced something new.
func CauseOf(stage datelinev1.Stage, verdict datelinev1.Verdict, reason Reason) Cause {
	if entry, ok := find(subject.StageName(stage), verdict, reason); ok {
		return entry.Cause
	}
	// The outcome has no reason, or its reason comes from another version.
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

// IsBeside reports whether a stage is beside the path from a URL to its article, so that
// its outcomes do not tell how a request has ended.
func IsBeside(stage datelinev1.Stage) bool { return stage == datelinev1.Stage_STAGE_ARCHIVE }

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

// FetchID returns the id of a fetch, which the fetcher and all later stages use as
// the id of their input. It consists of the request's id and part of the requested
// URL's id, because a sender may use the same request id for all URLs.
func FetchID(requestID string, requested weburl.URL) string {
	return requestID + "." + requested.ID()[:urlIDLength]
}

// exchangePrefix is the start of the ids of exchanges that are not pages.
const exchangePrefix = "exchange:"

// The range of the ids of exchanges that are not pages, without the second one.
const (
	FirstExchangeID = exchangePrefix
	EndExchangeID   = "exchange;"
)

// ExchangeID returns the id of an exchange that is not a page, from the request that led to it,
// the URL and the time.
func ExchangeID(requestID, url string, at time.Time) string {
	sum := sha256.Sum256([]byte(url))
	return exchangePrefix + requestID + "." + hex.EncodeToString(sum[:])[:urlIDLength] + "." +
		strconv.FormatInt(at.UnixMicro(), 10)
}

// IsExchangeID reports whether an id is that of an exchange that is not a page.
func IsExchangeID(id string) bool { return strings.HasPrefix(id, exchangePrefix) }
