package webapi

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Facets counts the values of fields in the articles that match a query, like the store
// does. The step of the histogram is not set.
func (c Client) Facets(ctx context.Context, query store.Query) (store.Facets, error) {
	var answer struct {
		Facets struct {
			Articles int                           `json:"articles"`
			Stories  int                           `json:"stories"`
			Complete bool                          `json:"complete"`
			Fields   map[string][]store.FacetValue `json:"fields"`
			Times    []struct {
				From   time.Time `json:"from"`
				Before time.Time `json:"before"`
				Count  int       `json:"count"`
			} `json:"times"`
		} `json:"facets"`
	}
	values := parameters(query)
	values.Set("facets", "true")
	values.Set("limit", "1")
	if err := c.Get(ctx, "/articles?"+values.Encode(), &answer); err != nil {
		return store.Facets{}, err
	}
	f := answer.Facets
	facets := store.Facets{
		Articles: f.Articles, Stories: f.Stories, Complete: f.Complete,
		Hosts: f.Fields["host"], Languages: f.Fields["language"], Sections: f.Fields["section"],
		Authors: f.Fields["author"], Tags: f.Fields["tag"], Access: f.Fields["access"],
	}
	for _, bar := range f.Times {
		facets.Times.Bars = append(facets.Times.Bars, store.Bar{From: bar.From, Before: bar.Before, Count: bar.Count})
	}
	return facets, nil
}

// SourcesHealth returns the sources that match a query, each with its health. The period
// of the query ends now, whatever its end is.
func (c Client) SourcesHealth(ctx context.Context, query store.SourceQuery) ([]library.SourceHealth, error) {
	type source struct {
		Host      string    `json:"host"`
		Articles  int64     `json:"articles"`
		Revisions int64     `json:"revisions"`
		FirstSeen time.Time `json:"first_seen"`
		LastSeen  time.Time `json:"last_seen"`
		LastNew   time.Time `json:"last_new"`
		library.Health
	}
	var page []source
	values := url.Values{"hours": {strconv.Itoa(int(query.At.Sub(query.Since).Hours()))}}
	if query.Host != "" {
		page = make([]source, 1)
		err := c.Get(ctx, "/sources/"+url.PathEscape(query.Host)+"?"+values.Encode(), &page[0])
		if errors.Is(err, ErrNotFound) || err == nil && query.Silent && page[0].SilentSince == nil {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	} else {
		values.Set("limit", strconv.Itoa(query.Limit))
		values.Set("silent", strconv.FormatBool(query.Silent))
		values.Set("after", query.After)
		if err := c.Get(ctx, "/sources?"+values.Encode(), &page); err != nil {
			return nil, err
		}
	}
	var all []library.SourceHealth
	for _, one := range page {
		all = append(all, library.SourceHealth{Health: one.Health, Source: store.Source{
			Host: one.Host, Articles: one.Articles, Revisions: one.Revisions, FirstSeen: one.FirstSeen,
			LastSeen: one.LastSeen, LastNew: one.LastNew,
		}})
	}
	return all, nil
}
