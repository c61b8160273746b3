package library

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// csvHeader names the columns of WriteCSV, which are those of ParquetRow.
var csvHeader = []string{
	"id", "url", "host", "site_name", "title", "summary", "section", "authors", "tags", "language", "access", "dateline",
	"published_time", "modified_time", "first_seen", "last_seen", "revisions", "word_count", "story", "content_hash",
	"text",
}

// WriteCSV writes the articles as CSV (RFC 4180) with a header. Times are in RFC 3339 and
// empty if unknown, authors and tags are separated by semicolons. A cell that a
// spreadsheet would run as a formula starts with an apostrophe.
func WriteCSV(w io.Writer, hits func(yield func(store.Hit, error) bool)) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHeader); err != nil {
		return err
	}
	for hit, err := range hits {
		if err != nil {
			return err
		}
		if err := out.Write(csvRow(parquetRow(hit))); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func csvRow(row ParquetRow) []string {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	number := func(n int32) string { return strconv.Itoa(int(n)) }
	cells := []string{
		row.ID, row.URL, row.Host, row.SiteName, row.Title, row.Summary, row.Section, strings.Join(row.Authors, "; "),
		strings.Join(row.Tags, "; "), row.Language, row.Access, row.Dateline, at(row.PublishedTime), at(row.ModifiedTime),
		at(row.FirstSeen), at(row.LastSeen), number(row.Revisions), number(row.WordCount), row.Story, row.ContentHash,
		row.Text,
	}
	for i, cell := range cells {
		if strings.IndexAny(cell, "=+-@\t\r") == 0 {
			cells[i] = "'" + cell
		}
	}
	return cells
}
