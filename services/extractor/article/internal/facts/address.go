package facts

import (
	"net/url"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// addressesOf returns the address that the page was fetched from and the address that it
// declares, each in the form in which they are compared.
func addressesOf(p *page.Page) []string {
	var addresses []string
	if p.Base != nil {
		addresses = append(addresses, normalAddress(p.Base.String()))
	}
	if p.Canonical != "" {
		addresses = append(addresses, normalAddress(p.Resolve(p.Canonical)))
	}
	return slices.DeleteFunc(addresses, func(a string) bool { return a == "" })
}

// normalAddress returns an address without scheme, "www", fragment and slash at its
// end. It returns "" for an address without a path: many objects of a page refer to the
// home page.
func normalAddress(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return ""
	}
	u.Host = strings.ToLower(strings.TrimPrefix(u.Host, "www."))
	return u.Host + strings.TrimRight(u.Path, "/") + "?" + u.RawQuery
}

// addressed reports whether an object gives the address of the page as its own.
func (f *Facts) addressed(o jsonld.Object) bool {
	own := []string{jsonld.String(o["url"]), jsonld.String(o["@id"])}
	switch entity := o["mainEntityOfPage"].(type) {
	case map[string]any:
		own = append(own, jsonld.String(entity["@id"]), jsonld.String(entity["url"]))
	default:
		own = append(own, jsonld.String(entity))
	}
	return slices.ContainsFunc(own, func(address string) bool {
		at := normalAddress(address)
		return at != "" && slices.Contains(f.addresses, at)
	})
}
