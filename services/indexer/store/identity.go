package store

import (
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// WithOwnIdentity returns the article with an identity on the site that it was
// fetched from. Extractors before version 1.4.0 let a page declare the URL of any
// site, and their records may still be on a stream. The id and host of such a
// record become those of its final URL. See docs/decisions/0018.
func WithOwnIdentity(a *datelinev1.Article) *datelinev1.Article {
	if a.GetId() == "" || a.GetCanonicalUrl() == "" {
		return a // invalid, which Put reports
	}
	final, err := weburl.Parse(a.GetFinalUrl())
	if err != nil || weburl.SameSite(a.GetFinalUrl(), a.GetCanonicalUrl()) {
		return a // a saved file has no final URL, and vouches for its canonical URL
	}
	own := proto.CloneOf(a)
	own.Id, own.CanonicalUrl, own.Host = final.ID(), final.String(), final.Host()
	if own.GetDeclaredCanonicalUrl() == "" {
		own.DeclaredCanonicalUrl = a.GetCanonicalUrl()
	}
	return own
}
