package article

import (
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Version identifies the extraction rules. It changes whenever the same page may
// yield a different record, so that stored records can be told apart and extracted
// again.
const Version = "1.7.0"

// Article is the content of a page, with one field per fact. A field that the page
// does not state is zero. Provenance has an entry for each field that it states.
type Article struct {
	// URL is the address of the page as the caller gave it.
	URL string `json:"url"`
	// CanonicalURL is the article's own address: the address that the page declares,
	// if it is credible and on the site of URL, or URL without its fragment. A site is
	// a registrable domain, or the host if it has no registrable domain.
	CanonicalURL string `json:"canonical_url"`
	// DeclaredCanonicalURL is an address on another site that the page declares as its
	// own, by rel=canonical or og:url. It is a hint at where the text was published
	// first, not an identity, because any page can declare any address.
	DeclaredCanonicalURL string `json:"declared_canonical_url,omitempty"`
	// Host is the host of CanonicalURL, in lower case and without port.
	Host string `json:"host"`
	// SiteName is the name of the site or publication, such as "The New Region".
	SiteName string `json:"site_name,omitempty"`
	// Kind is the kind of the page. Extract returns an Article only for
	// KindArticle, KindLiveBlog, KindVideo and KindGallery.
	Kind PageKind `json:"page_kind"`
	// Title is the headline without the site's name.
	Title string `json:"title"`
	// Kicker is the short line over the headline, unless that is the section.
	Kicker string `json:"kicker,omitempty"`
	// Section is the part of the site that the article belongs to.
	Section string `json:"section,omitempty"`
	// Summary is the standfirst. If it is directly before the text, it is also the
	// first block of Body. Otherwise Body does not repeat it.
	Summary string `json:"summary,omitempty"`
	// Authors are the people and organisations that wrote the article, in page
	// order.
	Authors []Author `json:"authors,omitempty"`
	// Dateline is the place that opens the text, such as "ERBIL, Kurdistan Region
	// of Iraq". It also remains in the text.
	Dateline string `json:"dateline,omitempty"`
	// Published is when the article was published, nil if the page does not say.
	// If the page gives only the time of the last change, Published is that time,
	// with a confidence of little more than a half.
	Published *Timestamp `json:"published,omitempty"`
	// Modified is when the article was last changed, nil if the page does not say.
	Modified *Timestamp `json:"modified,omitempty"`
	// Language is the language of the text as a BCP 47 tag such as "en", or "und"
	// if it could not be determined.
	Language string `json:"language"`
	// Direction is the direction of the text's script.
	Direction Direction `json:"direction"`
	// Body is the text in reading order, without the headline. It opens with the
	// standfirst only if that is directly before the text.
	Body []Block `json:"body"`
	// Text is Body as plain text, with blank lines between the blocks.
	Text string `json:"text"`
	// Images are the article's images, the lead image first.
	Images []Image `json:"images,omitempty"`
	// Tags are the keywords that the page gives.
	Tags []string `json:"tags,omitempty"`
	// Access is who can read the whole text.
	Access Access `json:"access"`
	// WordCount is the number of words in Text. In scripts without spaces between
	// words, each ideograph counts as one.
	WordCount int `json:"word_count"`
	// ReadingTimeMinutes is the reading time that the page states, or the time to read
	// WordCount words at 230 words a minute, rounded up (Brysbaert, "How many words do
	// we read per minute?", 2019: 238 for English non-fiction).
	ReadingTimeMinutes int `json:"reading_time_minutes"`
	// ContentHash is the SHA-256, in hexadecimal, of headline and text in
	// normalised form. It is equal if nothing of substance changed.
	ContentHash string `json:"content_hash"`
	// Provenance has the source and the confidence of each field that the page states,
	// by the field's JSON name.
	Provenance map[string]Provenance `json:"provenance"`
	// Charset is the character encoding that the page was read as.
	Charset string `json:"charset"`
	// Damaged reports that the page's bytes were incomplete or had errors, so that
	// the text may be incomplete.
	Damaged bool `json:"damaged,omitempty"`
	// Pages is the number of pages that the article is spread over, by the links on the
	// page, and at least 1.
	Pages int `json:"pages"`
	// Page is the number of this page.
	Page int `json:"page"`
	// NextPage is the absolute address of the page after this one, on the same host, or
	// "". Join adds its text.
	NextPage string `json:"next_page,omitempty"`
	// Complete reports that Body is the text of all pages.
	Complete bool `json:"complete"`
	// Rights are the statements of the page's metadata about use by machines, as
	// the page makes them. The server's headers are not included.
	Rights []RightsSignal `json:"rights,omitempty"`
	// ExtractorVersion is Version.
	ExtractorVersion string `json:"extractor_version"`
}

// Timestamp is a time as precise as the page gives it.
type Timestamp struct {
	// Value is the time in RFC 3339 form if a time of day was given
	// ("2025-04-20T09:30:00+03:00"; without offset if the page gives none), else the
	// date ("2025-04-20").
	Value string `json:"value"`
	// Time is Value as a time.Time. Without a zone it is in UTC. For a date without a
	// time of day it is the start of the day.
	Time time.Time `json:"-"`
	// Precision is how much of the time was given.
	Precision Precision `json:"precision"`
	// HasZone reports that an offset from UTC was given. If the page gives a moment
	// in UTC, but dates it one day earlier or later by its own clock, Value is the
	// same moment on that day, with an offset that the page need not have given.
	HasZone bool `json:"has_zone"`
}

// Precision is how much of a time was given.
type Precision string

// The precisions of a Timestamp.
const (
	PrecisionDay    Precision = "day"
	PrecisionMinute Precision = "minute"
	PrecisionSecond Precision = "second"
)

// Provenance is the source and the confidence of a value.
type Provenance struct {
	// Source is the part of the page that the value came from.
	Source Source `json:"source"`
	// Confidence estimates the chance that the value is right, from 0 to 1. For the body,
	// it estimates the F1 of the text: how much of it is right, and how much is missing.
	Confidence float64 `json:"confidence"`
}

// Source is the part of a page that a value came from.
type Source = record.Source

// The sources of a value.
const (
	FromJSONLD    = record.FromJSONLD
	FromMicrodata = record.FromMicrodata
	FromOpenGraph = record.FromOpenGraph
	FromMeta      = record.FromMeta
	FromStructure = record.FromStructure
	FromText      = record.FromText
	FromURL       = record.FromURL
	// FromDataIsland is data that the page carries for a script to render.
	FromDataIsland = record.FromDataIsland
	// FromRule is an element that a site's rules select.
	FromRule = record.FromRule
	// FromFeed and FromSitemap are lists of articles in which the page was found.
	FromFeed    = record.FromFeed
	FromSitemap = record.FromSitemap
)

// RightsSignal is a statement of a page about indexing, mining or training: the
// Name of a meta element, in lower case, and its Value. The element is the robots
// meta element or one of the TDM Reservation Protocol (W3C Community Group, 2024,
// section 5).
type RightsSignal = record.RightsSignal

// Author is a person or organisation that wrote an article: the Name without "By",
// role or handle, the absolute URL of the author's page if the page links one, and
// the Kind.
type Author = record.Author

// AuthorKind distinguishes people from organisations.
type AuthorKind = record.AuthorKind

// The kinds of author.
const (
	Person = record.Person
	// Organisation is an agency, a desk or the publication itself.
	Organisation = record.Organisation
)

// Direction is the direction of a script.
type Direction = record.Direction

// The directions of a text.
const (
	LeftToRight = record.LeftToRight
	RightToLeft = record.RightToLeft
)

// Access is who can read the whole text.
type Access = record.Access

// The kinds of access.
const (
	AccessUnknown   = record.AccessUnknown
	AccessFree      = record.AccessFree
	AccessPaywalled = record.AccessPaywalled
)

// PageKind is what a page is.
type PageKind = record.PageKind

// The kinds of page.
const (
	KindArticle  = record.KindArticle
	KindLiveBlog = record.KindLiveBlog
	KindVideo    = record.KindVideo
	KindGallery  = record.KindGallery
	KindList     = record.KindList
	KindOther    = record.KindOther
)

// Kinds are all kinds of page.
var Kinds = []PageKind{KindArticle, KindLiveBlog, KindVideo, KindGallery, KindList, KindOther}
