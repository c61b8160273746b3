package newsroom

// Paper is one site of the newsroom.
type Paper struct {
	// Name is its short name, and that of its layout and article folder.
	Name string
	// Title is the name on its masthead, Tagline the line below that.
	Title, Tagline string
	// Lang is the language of its front page, as BCP 47 has it.
	Lang string
	// Charset is what its pages are encoded in unless an article says
	// otherwise.
	Charset string
	// Gzip is whether pages are compressed for those who accept that.
	Gzip bool
}

// papers never changes. The order is that of the loopback addresses.
var papers = []Paper{
	{Name: "ledger", Title: "The Harrow Bay Ledger", Tagline: "All the news the tide brings in", Lang: "en", Charset: "utf-8"},
	{Name: "valmere", Title: "Valmère Courier", Tagline: "Ein Tal, drei Sprachen · Une vallée, trois langues", Lang: "de", Charset: "utf-8"},
	{Name: "meridian", Title: "Meridian Dispatch", Tagline: "Correspondents at every longitude", Lang: "en", Charset: "utf-8", Gzip: true},
	{Name: "gazette", Title: "The Old Quay Gazette", Tagline: "Printed on the quay since 1871 – on the wire since 1997", Lang: "en", Charset: "windows-1252", Gzip: true},
	{Name: "wadi", Title: "صدى الوادي", Tagline: "أخبار الوادي بثلاث لغات", Lang: "ar", Charset: "utf-8"},
}

// feedPath is where each paper's RSS feed is.
const feedPath = "/feed.xml"

// subscribers is the path that each paper's robots.txt keeps crawlers out of.
const subscribers = "/subscribers/"
