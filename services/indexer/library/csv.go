package library

import (
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
// spreadsheet would run as a formula starts with an apostrophe. Line breaks within a text
// stay as they are, which encoding/csv would change.
func WriteCSV(w io.Writer, hits func(yield func(store.Hit, error) bool)) error {
	if _, err := w.Write(appendRecord(nil, csvHeader)); err != nil {
		return err
	}
	var line []byte
	for hit, err := range hits {
		if err != nil {
			return err
		}
		line = appendRecord(line[:0], csvRow(parquetRow(hit)))
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// appendRecord appends a record of CSV to a buffer.
func appendRecord(to []byte, cells []string) []byte {
	for i, cell := range cells {
		if i > 0 {
			to = append(to, ',')
		}
		if !strings.ContainsAny(cell, ",\"\r\n") {
			to = append(to, cell...)
			continue
		}
		to = append(to, '"')
		to = append(to, strings.ReplaceAll(cell, `"`, `""`)...)
		to = append(to, '"')
	}
	return append(to, '\r', '\n')
}

// formulaStarts are the characters that make a spreadsheet run a cell, or what it makes of
// the cell when it drops white space or narrows the signs of East Asian scripts.
const formulaStarts = "=+-@\t\r\n＝＋－＠"

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
		if strings.IndexAny(cell, formulaStarts) == 0 {
			cells[i] = "'" + cell
		}
	}
	return cells
}
