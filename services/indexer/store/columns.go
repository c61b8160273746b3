package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// column is a column of the articles table, under the same name in both
// databases.
type column struct {
	name         string
	postgresType string // to cast an array of its values
	emptyIsNull  bool   // whether the empty string is stored as NULL
	// field returns a pointer to the column's field in a row.
	field func(*articleRow) any
	// array returns the fields of all rows as a typed slice.
	array func([]*articleRow) any
}

type columns []column

// newColumn declares a column, given its field in a row.
func newColumn[T any](name, postgresType string, field func(*articleRow) *T) column {
	return column{
		name: name, postgresType: postgresType,
		field: func(r *articleRow) any { return field(r) },
		array: func(rows []*articleRow) any {
			values := make([]T, len(rows))
			for i, r := range rows {
				values[i] = *field(r)
			}
			return values
		},
	}
}

// articleColumns are the columns of the articles table, except for the row's
// number and PostgreSQL's index of words. All statements derive from it.
var articleColumns = columns{
	newColumn("id", "text", func(r *articleRow) *string { return &r.id }),
	newColumn("canonical_url", "text", func(r *articleRow) *string { return &r.canonicalURL }),
	newColumn("host", "text", func(r *articleRow) *string { return &r.host }),
	newColumn("title", "text", func(r *articleRow) *string { return &r.title }),
	newColumn("language", "text", func(r *articleRow) *string { return &r.language }),
	newColumn("section", "text", func(r *articleRow) *string { return &r.section }),
	newColumn("access", "int", func(r *articleRow) *datelinev1.Access { return &r.access }),
	newColumn("authors", "text", func(r *articleRow) *string { return &r.authors }),
	newColumn("tags", "text", func(r *articleRow) *string { return &r.tags }),
	newColumn("published_time", "timestamptz", func(r *articleRow) **time.Time { return &r.published }),
	newColumn("sort_time", "timestamptz", func(r *articleRow) *time.Time { return &r.sortTime }),
	newColumn("content_hash", "text", func(r *articleRow) *string { return &r.contentHash }),
	newColumn("first_page_hash", "text", func(r *articleRow) *string { return &r.firstPageHash }),
	newColumn("replaced_hash", "text", func(r *articleRow) *string { return &r.replacedHash }),
	newColumn("joined_pages", "int", func(r *articleRow) *int { return &r.joinedPages }),
	newColumn("words_hash", "text", func(r *articleRow) *string { return &r.wordsHash }),
	newColumn("fetch_time", "timestamptz", func(r *articleRow) *time.Time { return &r.fetched }),
	newColumn("extract_time", "timestamptz", func(r *articleRow) *time.Time { return &r.extracted }),
	newColumn("first_seen", "timestamptz", func(r *articleRow) *time.Time { return &r.firstSeen }),
	newColumn("last_seen", "timestamptz", func(r *articleRow) *time.Time { return &r.lastSeen }),
	newColumn("revision", "int", func(r *articleRow) *int { return &r.revision }),
	newColumn("revisions", "int", func(r *articleRow) *int { return &r.revisions }),
	newColumn("own_page", "boolean", func(r *articleRow) *bool { return &r.ownPage }),
	nullable(newColumn("story", "text", func(r *articleRow) *string { return &r.story })),
	newColumn("sketch", "bytea", func(r *articleRow) *[]byte { return &r.sketch }),
}

// nullable returns the column with its empty string stored as NULL.
func nullable(c column) column {
	c.emptyIsNull = true
	return c
}

// The columns that each query reads.
var (
	hitColumns       = articleColumns.named("id", "story", "sort_time", "first_seen", "last_seen", "revisions")
	candidateColumns = articleColumns.named("id", "story", "first_seen", "sketch")
	facetColumns     = articleColumns.named(
		"host", "language", "section", "access", "authors", "tags", "sort_time", "story")
	listColumns   = articleColumns.named("id", "story", "sort_time")
	rankColumns   = articleColumns.named("id", "story", "title", "language", "section", "authors", "tags")
	memberColumns = articleColumns.named(
		"id", "canonical_url", "host", "title", "language", "sort_time", "first_seen", "revisions")
)

// named returns the columns with the given names, in that order.
func (c columns) named(names ...string) columns {
	all := make(columns, len(names))
	for i, name := range names {
		at := slices.IndexFunc(c, func(one column) bool { return one.name == name })
		if at < 0 {
			panic(fmt.Sprintf("the articles table has no column %s", name))
		}
		all[i] = c[at]
	}
	return all
}

// list formats each column and joins the results with commas.
func (c columns) list(format func(column) string) string {
	all := make([]string, len(c))
	for i, one := range c {
		all[i] = format(one)
	}
	return strings.Join(all, ", ")
}

// names returns the list of the columns' names.
func (c columns) names() string {
	return c.list(func(one column) string { return one.name })
}

// selected returns the list of expressions to read the columns, given a prefix
// for their names, such as "a.".
func (c columns) selected(prefix string) string {
	return c.list(func(one column) string {
		if one.emptyIsNull {
			return "coalesce(" + prefix + one.name + ", '')"
		}
		return prefix + one.name
	})
}

// stored returns an expression that turns a value of the column's field into
// the column's value.
func (c column) stored(value string) string {
	if c.emptyIsNull {
		return "nullif(" + value + ", '')"
	}
	return value
}

// fields returns pointers to the columns' fields in a row.
func (c columns) fields(r *articleRow) []any {
	all := make([]any, len(c))
	for i, one := range c {
		all[i] = one.field(r)
	}
	return all
}
