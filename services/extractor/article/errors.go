package article

import (
	"errors"

	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Reason identifies why a page yielded no article. The values are stable: they are
// used as metric labels and in stored outcomes.
type Reason = record.Reason

// The reasons of an *Error, and what a caller can do about each.
const (
	// ReasonEmpty: the body has no bytes, or no text after decoding. Fetch again.
	ReasonEmpty = record.ReasonEmpty
	// ReasonNotHTML: the bytes are of another kind (an image, a PDF, JSON, a feed),
	// whatever the Content-Type header says. Permanent.
	ReasonNotHTML = record.ReasonNotHTML
	// ReasonBrokenEncoding: the content encoding is unknown, or nothing could be
	// decoded with it. Fetch again, or without compression.
	ReasonBrokenEncoding = record.ReasonBrokenEncoding
	// ReasonTooLarge: the page exceeds a bound of Options. Permanent unless the bound
	// is raised.
	ReasonTooLarge = record.ReasonTooLarge
	// ReasonNoArticle: the page was read and has no article; Kind is what the page
	// seems to be. Permanent.
	ReasonNoArticle = record.ReasonNoArticle
	// ReasonNeedsRendering: the page is the empty shell of a script, or a frameset.
	// Fetch it with a browser, or fetch the frame with the text.
	ReasonNeedsRendering = record.ReasonNeedsRendering
	// ReasonBlocked: a bot check, consent wall, access refusal or request to log in is
	// shown in place of the article. Fetch again later, or with permission.
	ReasonBlocked = record.ReasonBlocked
	// ReasonNotFound: the text announces a missing page, although the status was that
	// of a success. Permanent.
	ReasonNotFound = record.ReasonNotFound
	// ReasonErrorPage: the page is an error message of the site, although its status was
	// that of a success. Fetch again later.
	ReasonErrorPage = record.ReasonErrorPage
)

// Reasons are all reasons.
var Reasons = []Reason{
	ReasonEmpty, ReasonNotHTML, ReasonBrokenEncoding, ReasonTooLarge, ReasonNoArticle, ReasonNeedsRendering,
	ReasonBlocked, ReasonNotFound, ReasonErrorPage,
}

// Error is why a page yielded no article. Extract returns no other kind of error,
// except that of the context and, in a broken build, that of the classifier.
type Error struct {
	// Reason identifies the reason.
	Reason Reason
	// Kind is the probable kind of the page, for ReasonNoArticle.
	Kind PageKind
	// Message is a sentence for people: what was seen, and what to do.
	Message string
	// Err is the cause, if there is one.
	Err error
}

// Error returns the message, with the cause if there is one.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ReasonOf returns the reason of err, or "" if err is not an *Error.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}
