package outcome

// Reasons that every stage may give. Table explains each reason.
const (
	Panic    Reason = "panic"
	Poison   Reason = "poison"
	TooLarge Reason = "too_large"
	// Unmarked is the reason of an error without a more specific one.
	Unmarked Reason = "error"
	// Unavailable leads to retries only, never to an outcome.
	Unavailable Reason = "unavailable"
	Malformed   Reason = "malformed"
)

// Reasons given by the intake.
const (
	Split Reason = "split"
	Seen  Reason = "seen"
	// Listing marks the requests for endpoints. The fetcher gives it too.
	Listing  Reason = "listing"
	BadURL   Reason = "bad_url"
	HostFull Reason = "host_full"
	URLsFull Reason = "urls_full"
)

// Reasons given by the fetcher. Other stages share some of them.
const (
	Truncated         Reason = "truncated"
	PageMissing       Reason = "page_missing"
	NotModified       Reason = "not_modified"
	RobotsDenied      Reason = "robots_denied"
	RobotsUnreachable Reason = "robots_unreachable"
	NotFound          Reason = "not_found"
	Forbidden         Reason = "forbidden"
	BadStatus         Reason = "bad_status"
	NotHTML           Reason = "not_html"
	BadRedirect       Reason = "bad_redirect"
	TooManyRedirects  Reason = "too_many_redirects"
	BlockedAddress    Reason = "blocked_address"
	BlockedPort       Reason = "blocked_port"
	HostDown          Reason = "host_down"
	HostResting       Reason = "host_resting"
	ServerError       Reason = "server_error"
	TooManyRequests   Reason = "too_many_requests"
	BadRequest        Reason = "bad_request"
	DNS               Reason = "dns"
	Connect           Reason = "connect"
	TLS               Reason = "tls"
	Timeout           Reason = "timeout"
	Reset             Reason = "reset"
	HeaderTooLarge    Reason = "header_too_large"
	Protocol          Reason = "protocol"
)

// Reasons given by the discoverer.
const (
	NotListing      Reason = "not_listing"
	FetchFailed     Reason = "fetch_failed"
	UnknownEndpoint Reason = "unknown_endpoint"
	NoNewItems      Reason = "no_new_items"
	Trial           Reason = "trial"
)

// Reasons given by the extractor. Other stages share some of them.
const (
	Empty          Reason = "empty"
	BrokenEncoding Reason = "broken_encoding"
	NoArticle      Reason = "no_article"
	NeedsRendering Reason = "needs_rendering"
	Blocked        Reason = "blocked"
	ErrorPage      Reason = "error_page"
	// Continued, Joined and NotContinued end the later pages of an article.
	Continued    Reason = "continued"
	Joined       Reason = "joined"
	NotContinued Reason = "not_continued"
	Extraction   Reason = "extraction"
	Encoding     Reason = "encoding"
	BodyGone     Reason = "body_gone"
	Body         Reason = "body"
)

// Reasons given by the indexer.
const (
	New       Reason = "new"
	Changed   Reason = "changed"
	Completed Reason = "completed"
	Outdated  Reason = "outdated"
	Unchanged Reason = "unchanged"
	Erased    Reason = "erased"
	// ErasedCopy differs from Erased: the article is known only by its text.
	ErasedCopy Reason = "erased_copy"
	Refused    Reason = "refused"
	// ExtractedAgain and Restored replace the newest revision, which was extracted again
	// from its page. Replay gives them too.
	ExtractedAgain Reason = "extracted_again"
	Restored       Reason = "restored"
	Superseded     Reason = "superseded"
)

// Reasons given by the archiver.
const (
	Revisit    Reason = "revisit"
	NoExchange Reason = "no_exchange"
)

// Reasons given when pages are read from web archives.
const (
	OriginalMissing Reason = "original_missing"
	BadTime         Reason = "bad_time"
)

// Accepted is given when a stored page without an article has one after all.
const Accepted Reason = "accepted"
