package article

import "time"

// Page is a page as it came from the network.
type Page struct {
	// URL is the address that the page came from, after redirects. Relative
	// links are resolved against it; it may be empty.
	URL string
	// ContentType is the Content-Type header as received; it may be empty.
	ContentType string
	// ContentEncoding is the Content-Encoding header as received, such as
	// "gzip" or "br". Empty means that Body is not compressed, or that its
	// first bytes tell how.
	ContentEncoding string
	// Body is the page's bytes as received. Extract does not change them.
	Body []byte
	// FetchTime is when the page was fetched: dates that lie more than two days
	// after it are disbelieved, and relative ones ("3 hours ago") count from it.
	// Where it is zero, the present bounds dates, and relative ones are not read.
	FetchTime time.Time
}

// Options bound what a page may cost. The zero value is the default of each.
type Options struct {
	// MaxDecodedBytes bounds the page once decompressed; 0 means 16 MiB.
	MaxDecodedBytes int
	// MaxRatio bounds how many times larger than its compressed form a page
	// may be; 0 means 200. The first mebibyte is always allowed.
	MaxRatio int
	// MaxNodes bounds the nodes of the page's tree; 0 means 400,000, which take
	// about 100 MB while the page is read.
	MaxNodes int
	// Rules are a user's rules for sites; nil means none.
	Rules *Rules
}

func (o Options) withDefaults() Options {
	if o.MaxDecodedBytes <= 0 {
		o.MaxDecodedBytes = 16 << 20
	}
	if o.MaxRatio <= 0 {
		o.MaxRatio = 200
	}
	if o.MaxNodes <= 0 {
		o.MaxNodes = 400_000
	}
	return o
}
