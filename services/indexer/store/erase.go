package store

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/internal/weburl"
)

// erasureOf returns the erasure of an article that was erased before. aliases
// are those that lead to its tombstone, the canonical URL first. If there are
// none, the error is ErrNotFound.
func erasureOf(name string, aliases []aliasRow) (Erasure, error) {
	var e Erasure
	for _, a := range aliases {
		e.ID = strings.TrimPrefix(a.articleID, tombstone)
		if a.url != e.ID {
			e.URLs = append(e.URLs, a.url)
		}
	}
	if len(e.URLs) == 0 {
		return Erasure{}, fmt.Errorf("article %.200q: %w", name, ErrNotFound)
	}
	if u, err := url.Parse(e.URLs[0]); err == nil {
		e.Host, e.fetchedURL = u.Host, e.URLs[0]
	}
	return e, nil
}

// addRevision counts a revision, and adds its page and URLs.
func (e *Erasure) addRevision(record []byte) {
	e.Revisions++
	article, err := decodeArticle(e.ID, record)
	if err != nil {
		return // a damaged record is erased nevertheless
	}
	if page := article.GetRawPage(); page.GetStream() != "" {
		e.Pages = append(e.Pages, PageReference{page, article.GetFinalUrl()})
	}
	e.addText(article)
	if at := timeOf(article.GetExtractTime()); e.FirstExtracted.IsZero() || at.Before(e.FirstExtracted) {
		e.FirstExtracted = at
	}
	final, canonical := article.GetFinalUrl(), article.GetCanonicalUrl()
	if e.fetchedURL == "" || weburl.SameSite(final, canonical) {
		e.fetchedURL = final
	}
	for _, u := range []string{canonical, final, article.GetRequestedUrl()} {
		if u != "" {
			e.addURL(u)
		}
	}
}

// IsForeign reports whether a URL that led to the article is on another site than
// the article. The site is that from which the article was fetched, even if an
// extractor before version 1.4.0 stored it under the name of another site. The
// tombstone of a foreign URL is not canonical, so that the other site's own article
// can be stored there.
func (e *Erasure) IsForeign(u string) bool {
	own := e.ownURL()
	_, badURL := weburl.Parse(u)
	_, badOwn := weburl.Parse(own) // of a saved file, which has no site
	return badURL == nil && badOwn == nil && !weburl.SameSite(u, own)
}

// ownURL returns a URL on the site that the article was fetched from.
func (e *Erasure) ownURL() string { return cmp.Or(e.fetchedURL, "https://"+e.Host) }

// ownHost returns the host that the article was fetched from.
func (e *Erasure) ownHost() string {
	if u, err := weburl.Parse(e.ownURL()); err == nil {
		return u.Host()
	}
	return e.Host
}

// foreignURLs returns the URLs for which IsForeign is true.
func (e *Erasure) foreignURLs() []string {
	return slices.DeleteFunc(slices.Clone(e.URLs), func(u string) bool { return !e.IsForeign(u) })
}

func (e *Erasure) addURL(u string) {
	if !slices.Contains(e.URLs, u) {
		e.URLs = append(e.URLs, u)
	}
}

func setOf(urls []string) map[string]bool {
	set := make(map[string]bool, len(urls))
	for _, url := range urls {
		set[url] = true
	}
	return set
}
