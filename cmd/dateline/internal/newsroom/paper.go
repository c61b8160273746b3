package newsroom

// Paper is one site of the newsroom.
type Paper struct {
	// Name is its short name, which is also that of its layout and article folder.
	Name string
	// Title is the name on the masthead, and Tagline the line below.
	Title, Tagline string
	// Lang is the language of the front page, as a BCP 47 tag.
	Lang string
	// Charset is the encoding of its pages, unless an article has another.
	Charset string
	// Gzip reports whether pages are compressed for clients that accept it.
	Gzip bool
}

// papers lists the papers in the order of their loopback addresses.
var papers = []Paper{
	{
		Name: "ledger", Title: "The Harrow Bay Ledger", Tagline: "All the news the tide brings in",
		Lang: "en", Charset: "utf-8",
	},
	{
		Name: "valmere", Title: "Valmère Courier", Tagline: "Ein Tal, drei Sprachen · Une vallée, trois langues",
		Lang: "de", Charset: "utf-8",
	},
	{
		Name: "meridian", Title: "Meridian Dispatch", Tagline: "Correspondents at every longitude",
		Lang: "en", Charset: "utf-8", Gzip: true,
	},
	{
		Name: "gazette", Title: "The Old Quay Gazette", Tagline: "Printed on the quay since 1871 – on the wire since 1997",
		Lang: "en", Charset: "windows-1252", Gzip: true,
	},
	{
		Name: "wadi", Title: "صدى الوادي", Tagline: "أخبار الوادي بثلاث لغات",
		Lang: "ar", Charset: "utf-8",
	},
}

// feedPath is the path of each paper's RSS feed.
const feedPath = "/feed.xml"

// subscribers is the path that each paper's robots.txt disallows.
const subscribers = "/subscribers/"
