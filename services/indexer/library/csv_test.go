package library

import (
	"encoding/csv"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func TestWriteCSV(t *testing.T) {
	published := time.Date(2026, 11, 25, 8, 30, 0, 0, time.UTC)
	hit := store.Hit{ID: "65695434", Article: &datelinev1.Article{
		CanonicalUrl: "https://example.com/a", Title: `=HYPERLINK("https://evil.example","a, b")`, Language: "ku",
		Authors: []*datelinev1.Author{{Name: "Aram"}, {Name: "Nora"}}, Text: "One.\n\nTwo, \"three\".", WordCount: 3,
		Published: &datelinev1.PublicationTime{Value: timestamppb.New(published)},
	}}
	var out strings.Builder
	if err := WriteCSV(&out, func(yield func(store.Hit, error) bool) { yield(hit, nil) }); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v:\n%s", len(rows), err, out.String())
	}
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
	}
	for name, want := range map[string]string{
		"id": "65695434", "url": "https://example.com/a", "title": `'=HYPERLINK("https://evil.example","a, b")`,
		"authors": "Aram; Nora", "language": "ku", "published_time": "2026-11-25T08:30:00Z", "modified_time": "",
		"word_count": "3", "text": "One.\n\nTwo, \"three\".",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

// TestCSVIsThatOfTheStandard compares the bytes of rows with what RFC 4180 defines.
func TestCSVIsThatOfTheStandard(t *testing.T) {
	cells := []string{"a", "", "b,c", `say "no"`, "one\ntwo\r\nthree", "ü 東"}
	want := "a,,\"b,c\",\"say \"\"no\"\"\",\"one\ntwo\r\nthree\",ü 東\r\n"
	if got := string(appendRecord(nil, cells)); got != want {
		t.Errorf("the record is %q, want %q", got, want)
	}
	for _, cell := range []string{"=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠a"} {
		row := csvRow(ParquetRow{Title: cell, Text: "a" + cell})
		if row[4] != "'"+cell || row[len(row)-1] != "a"+cell {
			t.Errorf("the cells %q and %q are %q and %q", cell, "a"+cell, row[4], row[len(row)-1])
		}
	}
}

// TestCSVHasTheColumnsOfParquet keeps the columns of all formats the same.
func TestCSVHasTheColumnsOfParquet(t *testing.T) {
	var columns []string
	for _, path := range parquet.SchemaOf(ParquetRow{}).Columns() {
		columns = append(columns, path[0])
	}
	if !slices.Equal(columns, csvHeader) || len(csvRow(ParquetRow{})) != len(csvHeader) {
		t.Errorf("CSV has the columns %v and %d cells, Parquet %v", csvHeader, len(csvRow(ParquetRow{})), columns)
	}
}

// TestCSVHasEveryField checks each column of an article that has all fields, with another value in each.
func TestCSVHasEveryField(t *testing.T) {
	a := formattedArticle()
	a.Host, a.ContentHash = "example.com", "hash"
	hit := store.Hit{
		ID: "id-a", Article: a, Revisions: 2, Story: "id-story",
		FirstSeen: time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC), LastSeen: time.Date(2026, 3, 7, 12, 0, 0, 0, time.UTC),
	}
	want := map[string]string{
		"id": "id-a", "url": "https://example.com/a", "host": "example.com", "site_name": "The Ledger",
		"title": "Ferry returns", "summary": "It sails again.", "section": "Coast",
		"authors": "Ada Roe; News Agency; Cy Poe", "tags": "ferry; coast", "language": "en", "access": "paywalled",
		"dateline": "HARROW BAY", "published_time": "2026-03-04T12:00:00Z", "modified_time": "2026-03-05T12:00:00Z",
		"first_seen": "2026-03-06T12:00:00Z", "last_seen": "2026-03-07T12:00:00Z", "revisions": "2", "word_count": "3",
		"story": "id-story", "content_hash": "hash", "text": "The ferry sails.\n\nIt is <new>.",
	}
	got := map[string]string{}
	for i, cell := range csvRow(parquetRow(hit)) {
		got[csvHeader[i]] = cell
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
