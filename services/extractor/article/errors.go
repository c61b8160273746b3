package article

import "errors"

// Reason is a machine token that says why a page yielded no article. Tokens
// are stable: they serve as metric labels and in stored outcomes.
type Reason string

// The reasons of an *Error, each with what a caller can do about it.
const (
	// ReasonEmpty: the body has no bytes, or no text once decoded. Fetch again.
	ReasonEmpty Reason = "empty"
	// ReasonNotHTML: the bytes are of another kind (an image, a PDF, JSON, a
	// feed), whatever the Content-Type header calls them. Permanent.
	ReasonNotHTML Reason = "not_html"
	// ReasonBrokenEncoding: the content encoding is unknown, or nothing could
	// be decoded under it. Fetch again, or without compression.
	ReasonBrokenEncoding Reason = "broken_encoding"
	// ReasonTooLarge: the page exceeds a bound of Options. Permanent unless the
	// bound is raised.
	ReasonTooLarge Reason = "too_large"
	// ReasonNoArticle: the page was read and holds no article; Kind says what
	// it seems to be. Permanent.
	ReasonNoArticle Reason = "no_article"
	// ReasonNeedsRendering: the page is a script's empty shell or a frameset.
	// Fetch it with a browser, or the frame that holds the text.
	ReasonNeedsRendering Reason = "needs_rendering"
	// ReasonBlocked: a bot check, consent wall or access refusal stands in the
	// article's place. Fetch again later, or with permission.
	ReasonBlocked Reason = "blocked"
)

// Reasons are all of them.
var Reasons = []Reason{
	ReasonEmpty, ReasonNotHTML, ReasonBrokenEncoding, ReasonTooLarge, ReasonNoArticle, ReasonNeedsRendering, ReasonBlocked,
}

// Error says why a page yielded no article. Extract returns no other kind of
// error, save the context's own.
type Error struct {
	// Reason is the machine token.
	Reason Reason
	// Kind is what the page seems to be, for ReasonNoArticle.
	Kind PageKind
	// Message is a sentence for people: what was seen, and what to do.
	Message string
	// Err is the cause, where another error is it.
	Err error
}

// Error is the message, with the cause where there is one.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// ReasonOf is the reason that err carries, or "" where it carries none.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}
