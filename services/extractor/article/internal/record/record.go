// Package record defines the values that an article record is made of. The
// stages of the extraction produce them, and package article exports them.
package record

// Source is the part of a page that a value came from.
type Source string

// The sources of a value.
const (
	FromJSONLD     Source = "json-ld"
	FromMicrodata  Source = "microdata"
	FromOpenGraph  Source = "opengraph"
	FromMeta       Source = "meta"
	FromStructure  Source = "structure"
	FromText       Source = "text"
	FromURL        Source = "url"
	FromDataIsland Source = "data-island"
	FromRule       Source = "rule"
	FromFeed       Source = "feed"
	FromSitemap    Source = "sitemap"
)

// RuleConfidence is the confidence of values that a site's rules select. The rules were
// tested on pages of the site, but the site may have changed since.
const RuleConfidence = 0.97

// Field is a value of the record with its provenance. A field that the page does not
// state is the zero Field, with an empty Source.
type Field[T any] struct {
	Value      T
	Source     Source
	Confidence float64
}

// NewField returns a field.
func NewField[T any](value T, source Source, confidence float64) Field[T] {
	return Field[T]{Value: value, Source: source, Confidence: confidence}
}

// Found reports whether the page gives the field.
func (f Field[T]) Found() bool { return f.Source != "" }

// Author is a person or organisation that wrote an article.
type Author struct {
	// Name is the name without "By", role or handle.
	Name string `json:"name"`
	// URL is the absolute address of the author's page, if the page links one.
	URL string `json:"url,omitempty"`
	// Kind distinguishes people from organisations.
	Kind AuthorKind `json:"kind"`
}

// AuthorKind distinguishes people from organisations.
type AuthorKind string

// The kinds of author.
const (
	Person       AuthorKind = "person"
	Organisation AuthorKind = "organisation"
)

// RightsSignal is a statement of a page about indexing, mining or training.
type RightsSignal struct {
	// Name is the name of the meta element, in lower case.
	Name string `json:"name"`
	// Value is its content.
	Value string `json:"value"`
}

// Block is one piece of an article's body.
type Block struct {
	// Kind determines which of the other fields are set.
	Kind BlockKind `json:"kind"`
	// Text is the block's text. For a list or table it is the items or rows,
	// joined by line breaks; for an image or embed it is empty.
	Text string `json:"text,omitempty"`
	// Level is the level of a heading, 1 to 6.
	Level int `json:"level,omitempty"`
	// Ordered reports that a list is numbered.
	Ordered bool `json:"ordered,omitempty"`
	// Items are the texts of a list's items.
	Items []string `json:"items,omitempty"`
	// Rows are the texts of a table's cells, row by row.
	Rows [][]string `json:"rows,omitempty"`
	// HeaderRow reports that a table's first row is its header.
	HeaderRow bool `json:"header_row,omitempty"`
	// Links are the links within Text, in order and without overlap.
	Links []Link `json:"links,omitempty"`
	// Image is the index in Article.Images of an image block's image. It has no
	// meaning for other kinds.
	Image int `json:"image,omitempty"`
	// URL is the absolute address of the content of an embed, or of the post that
	// a quote embeds.
	URL string `json:"url,omitempty"`
}

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

// Link is a hyperlink within a block's text.
type Link struct {
	// Start and End delimit the link's text in Block.Text, in bytes.
	Start int `json:"start"`
	End   int `json:"end"`
	// URL is the absolute address of the link's target.
	URL string `json:"url"`
}

// Image is a picture of an article.
type Image struct {
	// URL is the picture's absolute address, empty if the page contains the
	// picture inline.
	URL string `json:"url,omitempty"`
	// Alt is the text alternative.
	Alt string `json:"alt,omitempty"`
	// Caption is the caption without the credit.
	Caption string `json:"caption,omitempty"`
	// Credit is the maker or owner of the picture, without "Photo:" and the like.
	Credit string `json:"credit,omitempty"`
	// Lead marks the picture that leads the article.
	Lead bool `json:"lead,omitempty"`
}

// Direction is the direction of a script.
type Direction string

// The directions of a text.
const (
	LeftToRight Direction = "ltr"
	RightToLeft Direction = "rtl"
)

// Access is who can read the whole text.
type Access string

// The kinds of access.
const (
	AccessUnknown   Access = "unknown"
	AccessFree      Access = "free"
	AccessPaywalled Access = "paywalled"
)

// PageKind is what a page is.
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

// Reason is why a page yields no article.
type Reason string

// The reasons.
const (
	ReasonEmpty          Reason = "empty"
	ReasonNotHTML        Reason = "not_html"
	ReasonBrokenEncoding Reason = "broken_encoding"
	ReasonTooLarge       Reason = "too_large"
	ReasonNoArticle      Reason = "no_article"
	ReasonNeedsRendering Reason = "needs_rendering"
	ReasonBlocked        Reason = "blocked"
	ReasonNotFound       Reason = "not_found"
	ReasonErrorPage      Reason = "error_page"
)
