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

	intake   = "intake"
	fetch    = "fetch"
	discover = "discover"
	archive  = "archive"
	extract  = "extract"
	index    = "index"
	ingest   = "ingest"
	replay   = "replay"

	retried = true
	final   = false
)

// Meanings of reasons that several stages have.
const (
	meansUnmarked    = "An error without a more specific reason persisted until no attempts were left."
	meansPanic       = "The program panicked while processing the message; the log has the stack."
	meansPoison      = "The message was delivered many times without an outcome and probably crashes the process."
	exceedsMessage   = "exceeds the largest message that NATS accepts."
	meansTooLarge    = "The result " + exceedsMessage
	meansUnavailable = "A store or service that the stage needs is unavailable. The input waits and is never " +
		"dead-lettered for it."
)

// table is sorted by stage, in the order of the numbers, then by verdict and
// reason.
var table = []Entry{
	{intake, produced, Listing, final, "", "The URL is an endpoint that the discoverer polls."},
	{intake, produced, Split, final, "", "The message held several URLs; each became a message of its own."},
	{intake, duplicate, Seen, final, CauseDuplicates, "The URL was requested within the freshness window."},
	{intake, dead, BadURL, final, "", "The URL is not a valid http or https URL."},
	{intake, dead, Unmarked, retried, "", meansUnmarked},
	{intake, dead, HostFull, retried, "", "The queue of the URL's host is full."},
	{intake, dead, Malformed, final, "", "The message is neither a URL, a list of URLs nor a FetchRequest."},
	{intake, dead, Panic, final, "", meansPanic},
	{intake, dead, Poison, final, "", meansPoison},
	{intake, dead, TooLarge, final, "", meansTooLarge},
	{
		intake, dead, URLsFull, retried, "",
		"The URLs of the message could not be stored as messages of their own: the stream URLS is full or unavailable.",
	},
	{intake, retry, Unavailable, retried, "", meansUnavailable},
	{
		fetch, produced, Listing, final, "",
		"The response of an endpoint, or the reason for a missing body, was passed to the discoverer.",
	},
	{
		fetch, produced, PageMissing, final, "",
		"A later page of an article could not be fetched. The extractor joins the pages before it.",
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
	{fetch, dead, Unmarked, retried, CauseUnreachable, meansUnmarked},
	{fetch, dead, HeaderTooLarge, final, CauseUnreachable, "The response's headers exceed the limit."},
	{fetch, dead, HostDown, final, CauseUnreachable, "The host has failed for longer than fetcher.max-wait."},
	{fetch, dead, HostResting, final, CauseBlocked, "The host asked for a pause longer than fetcher.max-wait."},
	{fetch, dead, Malformed, final, CauseUnreachable, "The frontier entry cannot be decoded or has no valid URL."},
	{fetch, dead, Panic, final, CauseUnreachable, meansPanic},
	{fetch, dead, Poison, final, CauseUnreachable, meansPoison},
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
	{fetch, retry, Unavailable, retried, "", meansUnavailable},
	{
		extract, produced, Continued, final, "",
		"The page is one of several of an article, and the next one was requested.",
	},
	{
		extract, produced, Joined, final, "",
		"The page is the last of an article, and its pages were joined, or it is missing, and those before it were joined.",
	},
	{
		extract, rejected, Blocked, final, CauseBlocked,
		"The page is a bot check, a consent wall, a refusal or a request to log in.",
	},
	{extract, rejected, BrokenEncoding, final, CauseDrifted, "The page cannot be decompressed."},
	{extract, rejected, Empty, final, CauseDrifted, "The page has no bytes, or no text once decoded."},
	{
		extract, rejected, ErrorPage, final, CauseUnreachable,
		"The page is an error message of the site, although its status is that of a success.",
	},
	{extract, rejected, NeedsRendering, final, CauseDrifted, "The page has no text until a browser renders it."},
	{extract, rejected, NoArticle, final, CauseDrifted, "The page does not contain an article."},
	{
		extract, rejected, NotContinued, final, "",
		"The page does not continue the article that it was requested for, or an earlier page is no longer stored.",
	},
	{
		extract, rejected, NotFound, final, CauseGone,
		"The page announces that it does not exist, although its status is that of a success.",
	},
	{extract, rejected, NotHTML, final, CauseDrifted, "The bytes are not HTML."},
	{extract, rejected, TooLarge, final, CauseDrifted, "The page exceeds a limit of the extractor."},
	{extract, dead, Body, retried, CauseDrifted, "The body of the page cannot be read from the object store."},
	{extract, dead, BodyGone, final, CauseDrifted, "The body of the page has expired in the object store."},
	{extract, dead, Encoding, final, CauseDrifted, "The article record cannot be encoded."},
	{extract, dead, Unmarked, retried, CauseDrifted, meansUnmarked},
	{extract, dead, Extraction, final, CauseDrifted, "The extraction failed with an internal error."},
	{
		extract, dead, Malformed, final, CauseDrifted,
		"The message is not a Page, or its body cannot be decompressed.",
	},
	{extract, dead, Panic, final, CauseDrifted, meansPanic},
	{extract, dead, Poison, final, CauseDrifted, meansPoison},
	{extract, dead, Timeout, retried, CauseDrifted, "The extraction took longer than extractor.timeout."},
	{
		extract, dead, TooLarge, final, CauseDrifted,
		"The body of the page exceeds extractor.max-decoded-bytes, or the article record exceeds the largest message that " +
			"NATS accepts.",
	},
	{
		extract, dead, URLsFull, retried, "",
		"The next page of an article could not be requested: the stream URLS is full or unavailable.",
	},
	{extract, retry, Unavailable, retried, "", meansUnavailable},
	{index, produced, Changed, final, CauseDuplicates, "The article has a new revision."},
	{index, produced, Completed, final, "", "The text of the article's other pages was added as a new revision."},
	{
		index, produced, ExtractedAgain, final, "",
		"The newest revision was replaced by its page extracted again. The publisher changed nothing.",
	},
	{index, produced, New, final, "", "The article is new."},
	{
		index, produced, Outdated, final, CauseDuplicates,
		"The revision was fetched before the newest one and was stored as an older one.",
	},
	{
		index, produced, Restored, final, "",
		"A run that had extracted the page again was undone, and the earlier record was restored.",
	},
	{
		index, unchanged, Superseded, final, "",
		"The record was extracted again, but the article was fetched since, or the run was undone.",
	},
	{index, unchanged, Unchanged, final, CauseDuplicates, "The content is stored already."},
	{index, rejected, Erased, final, "", "The article was erased and is not stored again."},
	{
		index, rejected, ErasedCopy, final, "",
		"The article has the text of an erased article of its site and is not stored again.",
	},
	{index, dead, Unmarked, retried, "", meansUnmarked},
	{index, dead, Malformed, final, "", "The message is not an Article."},
	{index, dead, Panic, final, "", meansPanic},
	{index, dead, Poison, final, "", meansPoison},
	{index, dead, Refused, final, "", "The store cannot hold the article."},
	{index, dead, TooLarge, final, "", meansTooLarge},
	{index, retry, Unavailable, retried, "", meansUnavailable},
	{discover, unchanged, NoNewItems, final, "", "The endpoint lists nothing new, or has not changed."},
	{discover, unchanged, Trial, final, "", "The response was read for a trial of a site, which stores nothing."},
	{discover, rejected, FetchFailed, final, "", "The endpoint could not be fetched; the next poll tries again."},
	{discover, rejected, NotListing, final, "", "The response is not of the kind that the endpoint should have."},
	{discover, rejected, UnknownEndpoint, final, "", "The endpoint was removed, or somebody else requested it."},
	{discover, dead, Body, retried, "", "The body of the response cannot be read from the object store."},
	{discover, dead, BodyGone, final, "", "The body of the response has expired in the object store."},
	{discover, dead, Unmarked, retried, "", meansUnmarked},
	{discover, dead, Malformed, final, "", "The message is not a Page, or its body cannot be decompressed."},
	{discover, dead, Panic, final, "", meansPanic},
	{discover, dead, Poison, final, "", meansPoison},
	{discover, dead, TooLarge, final, "", "The body of the response exceeds 64 MiB, or the result " + exceedsMessage},
	{discover, retry, Unavailable, retried, "", meansUnavailable},
	{
		archive, produced, Revisit, final, "",
		"The body is that of an earlier capture of the URL, and was not written again.",
	},
	{archive, rejected, Erased, final, "", "The article was erased and is not archived again."},
	{archive, rejected, NoExchange, final, "", "The page was not fetched, or by a version that keeps no requests."},
	{archive, dead, Body, retried, "", "The body of the page cannot be read from the object store."},
	{archive, dead, BodyGone, final, "", "The body of the page has expired in the object store."},
	{archive, dead, Unmarked, retried, "", meansUnmarked},
	{archive, dead, Malformed, final, "", "The message is not a Page, or its body cannot be decompressed."},
	{archive, dead, Panic, final, "", meansPanic},
	{archive, dead, Poison, final, "", meansPoison},
	{archive, dead, TooLarge, final, "", "The body of the page exceeds 64 MiB, or the result " + exceedsMessage},
	{archive, retry, Unavailable, retried, "", meansUnavailable},
	{ingest, produced, Truncated, final, "", "The page is incomplete in the archive."},
	{
		ingest, rejected, BadStatus, final, "",
		"The archived response has a status that is neither a page nor a known failure.",
	},
	{ingest, rejected, BadTime, final, "", "The record states no valid time of capture, or one in the future."},
	{ingest, rejected, Empty, final, "", "The archived response has no body."},
	{ingest, rejected, Forbidden, final, "", "The archived response has the status 401, 403 or 451."},
	{ingest, rejected, Malformed, final, "", "The record has no valid HTTP response."},
	{ingest, rejected, NotFound, final, "", "The archived response has the status 404 or 410."},
	{
		ingest, rejected, OriginalMissing, final, "",
		"The record refers to an earlier capture of the same page, which was not read in the same run.",
	},
	{ingest, rejected, TooLarge, final, "", "The archived page exceeds fetcher.max-body-bytes."},
	{replay, produced, Accepted, final, "", "The page has an article now, and had none when it was fetched."},
	{replay, produced, ExtractedAgain, final, "", "The record differs from the stored one."},
	{replay, produced, Restored, final, "", "The run was undone: the record is the one that it replaced."},
	{replay, rejected, TooLarge, final, "", meansTooLarge},
	{LedgerStage, dead, Unmarked, retried, "", meansUnmarked},
	{LedgerStage, dead, Malformed, final, "", "The message is not an Outcome."},
	{LedgerStage, dead, Panic, final, "", meansPanic},
	{LedgerStage, dead, Poison, final, "", meansPoison},
	{LedgerStage, dead, TooLarge, final, "", meansTooLarge},
	{LedgerStage, retry, Unavailable, retried, "", meansUnavailable},
}
