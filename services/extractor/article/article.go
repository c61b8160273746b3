package article

import "time"

// Version names the extraction rules. It changes whenever the same page may
// yield another record, so that stored records can be told apart and made
// again.
const Version = "1.2.0"

// Article is what a page says, one field a fact. A field that the page does
// not give is zero; Provenance has an entry for each field that it does give.
type Article struct {
	// URL is the page's address as the caller gave it.
	URL string `json:"url"`
	// CanonicalURL is the article's own address: what the page declares where
	// that is credible, else URL without its fragment.
	CanonicalURL string `json:"canonical_url"`
	// Host is the host of CanonicalURL, in lower case and without port.
	Host string `json:"host"`
	// SiteName is the name of the site or publication, such as "The New Region".
	SiteName string `json:"site_name,omitempty"`
	// Kind says what the page is; Extract returns an Article only for
	// KindArticle, KindLiveBlog, KindVideo and KindGallery.
	Kind PageKind `json:"page_kind"`
	// Title is the headline without the site's name.
	Title string `json:"title"`
	// Kicker is the short line over the headline, where it is not the section.
	Kicker string `json:"kicker,omitempty"`
	// Section is the part of the site that the article stands in.
	Section string `json:"section,omitempty"`
	// Summary is the standfirst, which is not repeated in Body.
	Summary string `json:"summary,omitempty"`
	// Authors are the people and organisations that wrote it, in page order.
	Authors []Author `json:"authors,omitempty"`
	// Dateline is the place line that opens the text, such as "ERBIL,
	// Kurdistan Region of Iraq"; it stays in the text as well.
	Dateline string `json:"dateline,omitempty"`
	// Published is when the article came out; nil where the page does not say.
	// Where it gives the time of the last change alone, that is it, with a
	// confidence of little more than a half.
	Published *Timestamp `json:"published,omitempty"`
	// Modified is when the article was last changed; nil where the page does
	// not say.
	Modified *Timestamp `json:"modified,omitempty"`
	// Language is the language of the text as a BCP 47 tag such as "en", or
	// "und" where it could not be told.
	Language string `json:"language"`
	// Direction is the direction of the text's script.
	Direction Direction `json:"direction"`
	// Body is the text in reading order, without headline and standfirst.
	Body []Block `json:"body"`
	// Text is Body as plain text, its blocks parted by blank lines.
	Text string `json:"text"`
	// Images are the article's images, the lead image first.
	Images []Image `json:"images,omitempty"`
	// Tags are the keywords that the page gives.
	Tags []string `json:"tags,omitempty"`
	// Access says whether the whole text can be read without paying.
	Access Access `json:"access"`
	// WordCount counts the words of Text; in scripts without spaces between
	// words each ideograph counts as one.
	WordCount int `json:"word_count"`
	// ReadingTimeMinutes is what the page states, else WordCount at 230 words
	// a minute, rounded up (Brysbaert, "How many words do we read per minute?",
	// 2019: 238 for English non-fiction).
	ReadingTimeMinutes int `json:"reading_time_minutes"`
	// ContentHash is the SHA-256 in hexadecimal of headline and text in
	// normalised form: equal where nothing of substance changed.
	ContentHash string `json:"content_hash"`
	// Provenance says for each field given, by its JSON name, where it was
	// found and how sure that is.
	Provenance map[string]Provenance `json:"provenance"`
	// Charset is the character encoding that the page was read as.
	Charset string `json:"charset"`
	// Damaged says that the page's bytes broke off or held errors, so that the
	// text may be incomplete.
	Damaged bool `json:"damaged,omitempty"`
	// Rights is what the page's metadata says about use by machines, as it says
	// it; what the server's headers say is not here.
	Rights []RightsSignal `json:"rights,omitempty"`
	// ExtractorVersion is Version.
	ExtractorVersion string `json:"extractor_version"`
}

// RightsSignal is what a page says about indexing, mining or training in one
// place: the robots meta element, or the TDM Reservation Protocol's (W3C Community
// Group, 2024, section 5).
type RightsSignal struct {
	Name  string `json:"name"` // of the meta element, in lower case
	Value string `json:"value"`
}

// Author is a person or organisation that wrote an article.
type Author struct {
	// Name is the name alone, without "By", role or handle.
	Name string `json:"name"`
	// URL is the absolute address of the author's page, if the page links one.
	URL string `json:"url,omitempty"`
	// Kind tells people from organisations.
	Kind AuthorKind `json:"kind"`
}

// AuthorKind tells people from organisations.
type AuthorKind string

// The kinds of author.
const (
	Person       AuthorKind = "person"
	Organisation AuthorKind = "organisation" // an agency, a desk or the publication itself
)

// Timestamp is a time as precise as the page gives it.
type Timestamp struct {
	// Value is the time in RFC 3339 form where a time of day was given
	// ("2025-04-20T09:30:00+03:00"; without offset where the page gives none),
	// else the date ("2025-04-20").
	Value string `json:"value"`
	// Time is the same as a time; where the page gives no zone it reads as
	// UTC, and for a date alone as the start of that day.
	Time time.Time `json:"-"`
	// Precision says what of the time was given.
	Precision Precision `json:"precision"`
	// HasZone says that an offset from UTC was given. Where the page gives a moment
	// in UTC, and goes by a day before or after by its own clock, Value has the same
	// moment on that day, with an offset that the page need not have given.
	HasZone bool `json:"has_zone"`
}

// Block is one piece of the body.
type Block struct {
	// Kind says which of the other fields are set.
	Kind BlockKind `json:"kind"`
	// Text is the block's text; for a list or table its items or rows joined
	// by new lines; empty for an image or embed.
	Text string `json:"text,omitempty"`
	// Level is a heading's level, 1 to 6.
	Level int `json:"level,omitempty"`
	// Ordered says that a list is numbered.
	Ordered bool `json:"ordered,omitempty"`
	// Items are the texts of a list's items.
	Items []string `json:"items,omitempty"`
	// Rows are the texts of a table's cells, row by row.
	Rows [][]string `json:"rows,omitempty"`
	// HeaderRow says that a table's first row heads it.
	HeaderRow bool `json:"header_row,omitempty"`
	// Links are the links within Text, in order, never overlapping.
	Links []Link `json:"links,omitempty"`
	// Image is the position in Article.Images of an image block's image; it is
	// meaningful for that kind alone.
	Image int `json:"image,omitempty"`
	// URL is the absolute address of what an embed shows, or of the post that a
	// quote embeds.
	URL string `json:"url,omitempty"`
}

// Link is a hyperlink within a block's text.
type Link struct {
	// Start and End bound the link's text in Block.Text, in bytes.
	Start int `json:"start"`
	End   int `json:"end"`
	// URL is the absolute address that it leads to.
	URL string `json:"url"`
}

// Image is a picture of the article.
type Image struct {
	// URL is the picture's absolute address; empty where the page holds it
	// inline.
	URL string `json:"url,omitempty"`
	// Alt is the text alternative.
	Alt string `json:"alt,omitempty"`
	// Caption is the caption without the credit.
	Caption string `json:"caption,omitempty"`
	// Credit is who made or owns the picture, without "Photo:" and the like.
	Credit string `json:"credit,omitempty"`
	// Lead marks the picture that leads the article.
	Lead bool `json:"lead,omitempty"`
}

// Provenance says where a value was found and how sure that is.
type Provenance struct {
	// Source is the part of the page that the value came from.
	Source Source `json:"source"`
	// Confidence estimates the chance that the value is right, from 0 to 1.
	Confidence float64 `json:"confidence"`
}

// Precision says how much of a time was given.
type Precision string

// The precisions of a Timestamp.
const (
	PrecisionDay    Precision = "day"
	PrecisionMinute Precision = "minute"
	PrecisionSecond Precision = "second"
)

// Direction is the direction of a script.
type Direction string

// The directions of a text.
const (
	LeftToRight Direction = "ltr"
	RightToLeft Direction = "rtl"
)

// Access says who can read the whole text.
type Access string

// The kinds of access.
const (
	AccessUnknown   Access = "unknown"
	AccessFree      Access = "free"
	AccessPaywalled Access = "paywalled"
)

// BlockKind is the kind of a Block.
type BlockKind string

// The kinds of block.
const (
	Paragraph BlockKind = "paragraph"
	Heading   BlockKind = "heading"
	Quote     BlockKind = "quote"
	List      BlockKind = "list"
	Table     BlockKind = "table"
	Picture   BlockKind = "image"
	Code      BlockKind = "code"
	Embed     BlockKind = "embed"
)

// PageKind says what a page is.
type PageKind string

// The kinds of page.
const (
	KindArticle  PageKind = "article"
	KindLiveBlog PageKind = "live_blog"
	KindVideo    PageKind = "video"
	KindGallery  PageKind = "gallery"
	KindList     PageKind = "list"
	KindOther    PageKind = "other"
)

// Kinds are all of them.
var Kinds = []PageKind{KindArticle, KindLiveBlog, KindVideo, KindGallery, KindList, KindOther}

// Source is the part of a page that a value came from.
type Source string

// The sources of a value.
const (
	FromJSONLD    Source = "json-ld"
	FromMicrodata Source = "microdata"
	FromOpenGraph Source = "opengraph"
	FromMeta      Source = "meta"
	FromStructure Source = "structure"
	FromText      Source = "text"
	FromURL       Source = "url"
	// FromDataIsland is data that the page carries for a script to render.
	FromDataIsland Source = "data-island"
	// FromRule is an element that a site's rules select.
	FromRule Source = "rule"
)
