package outcome

import datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"

// Short names for the columns of the table.
const (
	produced  = datelinev1.Verdict_VERDICT_PRODUCED
	duplicate = datelinev1.Verdict_VERDICT_DUPLICATE
	unchanged = datelinev1.Verdict_VERDICT_UNCHANGED
	rejected  = datelinev1.Verdict_VERDICT_REJECTED
	dead      = datelinev1.Verdict_VERDICT_DEAD
	retry     = datelinev1.Verdict_VERDICT_UNSPECIFIED

	intake  = "intake"
	fetch   = "fetch"
	extract = "extract"
	index   = "index"

	retried = true
	final   = false
)

// table is sorted by stage, in the order of the pipeline, then by verdict and
// reason.
var table = []Entry{
	{intake, produced, Split, final, "", "The message held several URLs; each became a message of its own."},
	{intake, duplicate, Seen, final, CauseDuplicates, "The URL was requested within the freshness window."},
	{intake, dead, BadURL, final, "", "The URL is not a valid http or https URL."},
	{
		intake, dead, Unmarked, retried, "",
		"An error without a more specific reason persisted until no attempts were left.",
	},
	{intake, dead, HostFull, retried, "", "The queue of the URL's host is full."},
	{intake, dead, Malformed, final, "", "The message is neither a URL, a list of URLs nor a FetchRequest."},
	{intake, dead, Panic, final, "", "The program panicked while processing the message; the log has the stack."},
	{
		intake, dead, Poison, final, "",
		"The message was delivered many times without an outcome and probably crashes the process.",
	},
	{intake, dead, TooLarge, final, "", "The result exceeds the largest message that NATS accepts."},
	{
		intake, dead, URLsFull, retried, "",
		"The URLs of the message could not be stored as messages of their own: the stream URLS is full or unavailable.",
	},
	{
		intake, retry, Unavailable, retried, "",
		"A store or service that the stage needs is unavailable. The input waits and is never dead-lettered for it.",
	},
	{fetch, produced, Truncated, final, "", "The page exceeds fetcher.max-body-bytes or always ends early, and was cut."},
	{
		fetch, unchanged, NotModified, final, CauseDuplicates,
		"The site reports that the page has not changed since the last fetch.",
	},
	{fetch, rejected, BadRedirect, final, CauseGone, "The page redirects to an unusable URL."},
	{
		fetch, rejected, BadStatus, final, CauseGone,
		"The site answered with a status that is neither a page nor a known failure.",
	},
	{
		fetch, rejected, BlockedAddress, final, CauseUnreachable,
		"The host has an address that is not public and not allowed by fetcher.allow-nets.",
	},
	{fetch, rejected, BlockedPort, final, CauseUnreachable, "The port is not allowed by fetcher.allow-ports."},
	{fetch, rejected, Forbidden, final, CauseBlocked, "The site answered 401, 403 or 451."},
	{fetch, rejected, NotFound, final, CauseGone, "The site answered 404 or 410."},
	{fetch, rejected, NotHTML, final, CauseDrifted, "The response is not an HTML page."},
	{fetch, rejected, RobotsDenied, final, CauseRobots, "The robots.txt of the site disallows the page."},
	{
		fetch, rejected, TooManyRedirects, final, CauseGone,
		"The page redirects more often than fetcher.max-redirects allows, or to itself.",
	},
	{fetch, dead, BadRequest, final, CauseUnreachable, "The request cannot be sent for this URL."},
	{fetch, dead, Connect, retried, CauseUnreachable, "No connection to the host could be made."},
	{fetch, dead, DNS, retried, CauseUnreachable, "The host name does not resolve."},
	{
		fetch, dead, Unmarked, retried, CauseUnreachable,
		"An error without a more specific reason persisted until no attempts were left.",
	},
	{fetch, dead, HeaderTooLarge, final, CauseUnreachable, "The response's headers exceed the limit."},
	{fetch, dead, HostDown, final, CauseUnreachable, "The host has failed for longer than fetcher.max-wait."},
	{fetch, dead, HostResting, final, CauseBlocked, "The host asked for a pause longer than fetcher.max-wait."},
	{fetch, dead, Malformed, final, CauseUnreachable, "The frontier entry cannot be decoded or has no valid URL."},
	{
		fetch, dead, Panic, final, CauseUnreachable,
		"The program panicked while processing the message; the log has the stack.",
	},
	{
		fetch, dead, Poison, final, CauseUnreachable,
		"The message was delivered many times without an outcome and probably crashes the process.",
	},
	{fetch, dead, Protocol, final, CauseUnreachable, "The response is not valid HTTP."},
	{fetch, dead, Reset, retried, CauseUnreachable, "The connection was closed before the response was complete."},
	{
		fetch, dead, RobotsUnreachable, retried, CauseRobots,
		"The robots.txt of the site is unavailable, so nothing may be fetched from it.",
	},
	{fetch, dead, ServerError, retried, CauseUnreachable, "The site answered 408 or 5xx."},
	{fetch, dead, Timeout, retried, CauseUnreachable, "The site did not respond in time."},
	{
		fetch, dead, TLS, retried, CauseUnreachable,
		"The TLS handshake failed or the site's certificate is not valid.",
	},
	{fetch, dead, TooLarge, final, CauseUnreachable, "The page exceeds the largest message that NATS accepts."},
	{fetch, dead, TooManyRequests, retried, CauseBlocked, "The site answered 429."},
	{
		fetch, retry, Unavailable, retried, "",
		"A store or service that the stage needs is unavailable. The input waits and is never dead-lettered for it.",
	},
	{extract, rejected, Blocked, final, CauseBlocked, "The page is a bot check, a consent wall or a refusal."},
	{extract, rejected, BrokenEncoding, final, CauseDrifted, "The page cannot be decompressed."},
	{extract, rejected, Empty, final, CauseDrifted, "The page has no bytes, or no text once decoded."},
	{extract, rejected, NeedsRendering, final, CauseDrifted, "The page has no text until a browser renders it."},
	{extract, rejected, NoArticle, final, CauseDrifted, "The page does not contain an article."},
	{extract, rejected, NotHTML, final, CauseDrifted, "The bytes are not HTML."},
	{extract, rejected, TooLarge, final, CauseDrifted, "The page exceeds a limit of the extractor."},
	{extract, dead, Body, retried, CauseDrifted, "The body of the page cannot be read from the object store."},
	{extract, dead, BodyGone, final, CauseDrifted, "The body of the page has expired in the object store."},
	{extract, dead, Encoding, final, CauseDrifted, "The article record cannot be encoded."},
	{
		extract, dead, Unmarked, retried, CauseDrifted,
		"An error without a more specific reason persisted until no attempts were left.",
	},
	{extract, dead, Extraction, final, CauseDrifted, "The extraction failed with an internal error."},
	{
		extract, dead, Malformed, final, CauseDrifted,
		"The message is not a Page, or its body cannot be decompressed.",
	},
	{
		extract, dead, Panic, final, CauseDrifted,
		"The program panicked while processing the message; the log has the stack.",
	},
	{
		extract, dead, Poison, final, CauseDrifted,
		"The message was delivered many times without an outcome and probably crashes the process.",
	},
	{extract, dead, Timeout, retried, CauseDrifted, "The extraction took longer than extractor.timeout."},
	{
		extract, dead, TooLarge, final, CauseDrifted,
		"The article record exceeds the largest message that NATS accepts.",
	},
	{
		extract, retry, Unavailable, retried, "",
		"A store or service that the stage needs is unavailable. The input waits and is never dead-lettered for it.",
	},
	{index, produced, Changed, final, CauseDuplicates, "The article has a new revision."},
	{index, produced, New, final, "", "The article is new."},
	{
		index, produced, Outdated, final, CauseDuplicates,
		"The revision was fetched before the newest one and was stored as an older one.",
	},
	{index, unchanged, Unchanged, final, CauseDuplicates, "The content is stored already."},
	{index, rejected, Erased, final, "", "The article was erased and is not stored again."},
	{
		index, dead, Unmarked, retried, "",
		"An error without a more specific reason persisted until no attempts were left.",
	},
	{index, dead, Malformed, final, "", "The message is not an Article."},
	{index, dead, Panic, final, "", "The program panicked while processing the message; the log has the stack."},
	{
		index, dead, Poison, final, "",
		"The message was delivered many times without an outcome and probably crashes the process.",
	},
	{index, dead, Refused, final, "", "The store cannot hold the article."},
	{index, dead, TooLarge, final, "", "The result exceeds the largest message that NATS accepts."},
	{
		index, retry, Unavailable, retried, "",
		"A store or service that the stage needs is unavailable. The input waits and is never dead-lettered for it.",
	},
	{
		LedgerStage, dead, Unmarked, retried, "",
		"An error without a more specific reason persisted until no attempts were left.",
	},
	{LedgerStage, dead, Malformed, final, "", "The message is not an Outcome."},
	{
		LedgerStage, dead, Panic, final, "",
		"The program panicked while processing the message; the log has the stack.",
	},
	{
		LedgerStage, dead, Poison, final, "",
		"The message was delivered many times without an outcome and probably crashes the process.",
	},
	{LedgerStage, dead, TooLarge, final, "", "The result exceeds the largest message that NATS accepts."},
	{
		LedgerStage, retry, Unavailable, retried, "",
		"A store or service that the stage needs is unavailable. The input waits and is never dead-lettered for it.",
	},
}
