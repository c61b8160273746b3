package captures

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/outcome"
)

// Filter selects captures. The zero value selects all.
type Filter struct {
	// URL selects the captures of a URL, and of those with the same key.
	URL string
	// Host selects a host and its subdomains.
	Host string
	// Pages selects the captures of pages, with the redirects that led to them.
	Pages bool
	// AfterKey selects the captures whose keys are greater.
	AfterKey string
	// Since selects captures at this time or later.
	Since time.Time
}

// conditions returns the conditions of the filter, and their arguments.
func (f Filter) conditions() (conditions []string, args []any) {
	add := func(text string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			text = strings.Replace(text, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		conditions = append(conditions, text)
	}
	conditions = []string{live}
	if f.URL != "" {
		add("c.url_key = ?", boundKey(Key(f.URL)))
	}
	if f.Host != "" {
		// "com,example" is followed by ")" or ":" in the keys of the host, and by "," in
		// those of its subdomains. All three are between "(" and ";".
		key := HostKey(f.Host)
		add("c.url_key > ? AND c.url_key < ?", key+"(", key+";")
		add("(c.url_key < ? OR c.url_key >= ?)", key+"-", key+":")
	}
	if f.Pages {
		add("(c.page_id < ? OR c.page_id >= ?)", outcome.FirstExchangeID, outcome.EndExchangeID)
	}
	if f.AfterKey != "" {
		add("c.url_key > ?", f.AfterKey)
	}
	if !f.Since.IsZero() {
		add("c.time >= ?", f.Since.UnixMicro())
	}
	return conditions, args
}

// Recent returns the captures that match a filter, newest first, at most limit.
func (x *Index) Recent(ctx context.Context, filter Filter, limit int) ([]Capture, error) {
	conditions, args := filter.conditions()
	order := "c.file_id DESC, c.place DESC" // nearly the order of time
	if filter.URL != "" || filter.Host != "" {
		order = "c.time DESC, c.page_id, c.position DESC"
	}
	args = append(args, limit)
	return x.read(ctx, "listing captures", "WHERE "+strings.Join(conditions, " AND ")+
		fmt.Sprintf(" ORDER BY %s LIMIT $%d", order, len(args)), args...)
}

// chunk is the number of captures in one query of Sorted.
const chunk = 1000

// Sorted yields the captures that match a filter with their keys, ordered by key and time.
// It ends after an error.
func (x *Index) Sorted(ctx context.Context, filter Filter) iter.Seq2[Capture, error] {
	return func(yield func(Capture, error) bool) {
		var last *Capture
		for {
			conditions, args := filter.conditions()
			if last != nil {
				n := len(args)
				conditions = append(conditions, fmt.Sprintf("(c.url_key, c.time, c.page_id, c.position) > ($%d, $%d, $%d, $%d)",
					n+1, n+2, n+3, n+4))
				args = append(args, last.Key(), last.Time.UnixMicro(), last.PageID, last.Position)
			}
			page, err := x.read(ctx, "reading the index of the archive", "WHERE "+strings.Join(conditions, " AND ")+
				fmt.Sprintf(" ORDER BY c.url_key, c.time, c.page_id, c.position LIMIT %d", chunk), args...)
			if err != nil {
				yield(Capture{}, err)
				return
			}
			for _, c := range page {
				if !yield(c, nil) {
					return
				}
			}
			if len(page) < chunk {
				return
			}
			last = &page[len(page)-1]
		}
	}
}
