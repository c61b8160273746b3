package api

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// Filters are the parameters by which articles are chosen. The page of a search
// has the same ones.
type Filters struct {
	Q        string   `query:"q" maxLength:"2000" doc:"Words, in any form that the language gives them, and \"phrases\" as they are written, all of which have to occur; -word must not occur, of \"one OR another\" one has to, and elect* stands for every word that begins so. Without it, all articles."`
	Host     []string `query:"host,explode" maxItems:"50" doc:"A host, or a domain for all of its hosts. Of several values of a parameter one has to be met."`
	Language []string `query:"language,explode" maxItems:"50" doc:"A BCP 47 tag; en is met by en-GB as well."`
	Section  []string `query:"section,explode" maxItems:"50" doc:"A section."`
	Author   []string `query:"author,explode" maxItems:"50" doc:"An author's name."`
	Tag      []string `query:"tag,explode" maxItems:"50" doc:"A tag of the page."`
	Label    []string `query:"label,explode" maxItems:"50" doc:"A label of the request, as key=value."`
	Access   []string `query:"access,explode" enum:"free,paywalled" doc:"Who can read the whole text."`
	From     string   `query:"from" maxLength:"40" doc:"A day (2026-11-25) or time (RFC 3339): only articles from then on, by the time of publication or else of the first fetch."`
	Before   string   `query:"before" maxLength:"40" doc:"A day or time: only articles from before it."`
	Order    string   `query:"order" enum:"time,rank" default:"time" doc:"Newest first, or best matches first."`
}

// Query is the filters as the store takes them.
func (f Filters) Query() (store.Query, error) {
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
	}{{"from", f.From, &q.Filter.From}, {"before", f.Before, &q.Filter.Before}} {
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
			return q, fmt.Errorf("label: %q has no =; write key=value", label)
		}
	}
	return q, nil
}

// Values are the filters as the parameters of a URL.
func (f Filters) Values() url.Values {
	v := url.Values{}
	for name, values := range map[string][]string{
		"q": {f.Q}, "host": f.Host, "language": f.Language, "section": f.Section, "author": f.Author, "tag": f.Tag,
		"label": f.Label, "access": f.Access, "from": {f.From}, "before": {f.Before},
	} {
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

// query reads the filters, or answers what is wrong with them.
func (f Filters) query() (store.Query, error) {
	q, err := f.Query()
	if err != nil {
		return q, huma.Error400BadRequest(err.Error())
	}
	return q, nil
}
