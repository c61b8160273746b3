package api

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// Filters are the query parameters that select articles. The search page uses
// the same parameters.
type Filters struct {
	Q        string   `query:"q" maxLength:"2000" doc:"Search text. Words match in any grammatical form and \"phrases\" exactly; an article must contain all of them. -word excludes articles, one OR another requires either, and elect* matches words that start with elect. If empty, all articles match."`
	Host     []string `query:"host,explode" maxItems:"50" doc:"Host, or a domain for all of its hosts. If a parameter is repeated, one of its values must match."`
	Language []string `query:"language,explode" maxItems:"50" doc:"BCP 47 tag. en also matches en-GB."`
	Section  []string `query:"section,explode" maxItems:"50" doc:"Section."`
	Author   []string `query:"author,explode" maxItems:"50" doc:"Name of an author."`
	Tag      []string `query:"tag,explode" maxItems:"50" doc:"Tag of the page."`
	Label    []string `query:"label,explode" maxItems:"50" doc:"Label of the request, as key=value."`
	Access   []string `query:"access,explode" enum:"free,paywalled" doc:"Whether the full text is free or paywalled."`
	Since    string   `query:"since" maxLength:"40" doc:"Date (2026-11-25) or time (RFC 3339). Only articles published since then; for articles without a time of publication, the first fetch counts."`
	From     string   `query:"from" maxLength:"40" deprecated:"true" doc:"The former name of since."`
	Before   string   `query:"before" maxLength:"40" doc:"Date or time. Only articles published before it."`
	Order    string   `query:"order" enum:"time,rank" default:"time" doc:"time orders by newest first. rank takes the newest 2,000 matching articles and orders them by best match first."`
}

// FiltersOf returns the filters in a query string.
func FiltersOf(v url.Values) Filters {
	return Filters{
		Q: v.Get("q"), Host: given(v["host"]), Language: given(v["language"]), Section: given(v["section"]),
		Author: given(v["author"]), Tag: given(v["tag"]), Label: given(v["label"]), Access: given(v["access"]),
		Since: cmp.Or(v.Get("since"), v.Get("from")), Before: v.Get("before"), Order: v.Get("order"),
	}
}

// given removes empty values, which forms send for empty fields.
func given(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return strings.TrimSpace(v) == "" })
}

const (
	// maxFilterValues is the maximum number of values of all filters together. The
	// search page has a link for each, which repeats all others.
	maxFilterValues = 50
	// maxFilterBytes is the maximum size of all filters together: that of the longest
	// search text, 2,000 characters of up to four bytes.
	maxFilterBytes = 8000
)

// check returns an error if there are too many filters, or if they are too long, so that
// answering them would take far more memory than sending them. It bounds the API and the search page
// alike; the tags of Filters only describe the API.
func (f Filters) check() error {
	count, bytes := 0, 0
	for _, values := range f.fields() {
		for _, value := range values {
			if value != "" {
				count++
			}
			bytes += len(value)
		}
	}
	if count > maxFilterValues {
		return fmt.Errorf("the search has %d filters: use at most %d", count, maxFilterValues)
	}
	if bytes > maxFilterBytes {
		return fmt.Errorf("the filters have %d bytes: use at most %d", bytes, maxFilterBytes)
	}
	return nil
}

// Query converts the filters to a query of the store.
func (f Filters) Query() (store.Query, error) {
	if err := f.check(); err != nil {
		return store.Query{}, err
	}
	q := store.Query{Text: f.Q, ByRank: f.Order == "rank", Filter: store.Filter{
		Hosts: f.Host, Languages: f.Language, Sections: f.Section, Authors: f.Author, Tags: f.Tag, Labels: f.Label,
	}}
	for _, word := range f.Access {
		access, err := store.ParseAccess(word)
		if err != nil {
			return q, fmt.Errorf("access: %w", err)
		}
		q.Filter.Access = append(q.Filter.Access, access)
	}
	for _, bound := range []struct {
		name, text string
		at         *time.Time
	}{{"since", cmp.Or(f.Since, f.From), &q.Filter.From}, {"before", f.Before, &q.Filter.Before}} {
		if bound.text == "" {
			continue
		}
		at, err := store.ParseTime(bound.text)
		if err != nil {
			return q, fmt.Errorf("%s: %w", bound.name, err)
		}
		*bound.at = at
	}
	for _, label := range f.Label {
		if !strings.Contains(label, "=") {
			return q, fmt.Errorf("label: %q contains no =: write key=value", label)
		}
	}
	return q, nil
}

// Values returns the filters as URL query parameters.
func (f Filters) Values() url.Values {
	v := url.Values{}
	for name, values := range f.fields() {
		for _, value := range values {
			if value != "" {
				v.Add(name, value)
			}
		}
	}
	if f.Order == "rank" {
		v.Set("order", f.Order)
	}
	return v
}

// fields returns the values of the filters by parameter.
func (f Filters) fields() map[string][]string {
	return map[string][]string{
		"q": {f.Q}, "host": f.Host, "language": f.Language, "section": f.Section, "author": f.Author, "tag": f.Tag,
		"label": f.Label, "access": f.Access, "since": {cmp.Or(f.Since, f.From)}, "before": {f.Before},
	}
}

// query is like Query, but returns an error response.
func (f Filters) query() (store.Query, error) {
	q, err := f.Query()
	if err != nil {
		return q, huma.Error400BadRequest(err.Error())
	}
	return q, nil
}
