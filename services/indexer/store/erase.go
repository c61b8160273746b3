package store

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
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
		e.Host = u.Host
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
		e.Pages = append(e.Pages, page)
	}
	for _, u := range []string{article.GetCanonicalUrl(), article.GetFinalUrl(), article.GetRequestedUrl()} {
		if u != "" {
			e.addURL(u)
		}
	}
}

func (e *Erasure) addURL(u string) {
	if !slices.Contains(e.URLs, u) {
		e.URLs = append(e.URLs, u)
	}
}
