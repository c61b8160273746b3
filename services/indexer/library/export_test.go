package library

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestParquetOfHostileArticles checks that an export has what was stored, however odd.
func TestParquetOfHostileArticles(t *testing.T) {
	articles, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer articles.Close()
	fetched := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	const text, stored = "a\x00b\xff\xfec\"\\\r\n\u202e\U0010ffff", "ab\ufffdc\"\\\r\n\u202e\U0010ffff"
	seconds := map[string]int64{ // years 1, 1677, 1969, 9999
		"0": -62135596799, "1": -9223372800, "2": -1, "3": 253402300799,
		"4": math.MinInt64, "5": math.MaxInt64, "6": -62135596801, "7": 253402300800, // invalid
	}
	var all []*datelinev1.Article
	for name, second := range seconds {
		at := &datelinev1.PublicationTime{Value: &timestamppb.Timestamp{Seconds: second}}
		all = append(all, &datelinev1.Article{
			Id: "id-" + name, CanonicalUrl: "https://example.com/" + name, FinalUrl: "https://example.com/" + name,
			Host: "example.com", SiteName: text, Title: text, Summary: text, Section: text, Dateline: text, Text: text,
			Authors: []*datelinev1.Author{{Name: text}, {}}, Tags: []string{text, ""}, Language: text,
			Published: at, Modified: at, WordCount: math.MinInt32, Access: math.MaxInt32,
			ContentHash: name, FetchTime: timestamppb.New(fetched), ExtractTime: timestamppb.New(fetched),
		})
	}
	results, err := articles.Put(t.Context(), all)
	if err != nil || slices.ContainsFunc(results, func(r store.PutResult) bool { return r.Err != nil }) {
		t.Fatalf("%v, %v; want all stored", results, err)
	}
	var file bytes.Buffer
	if err := WriteParquet(&file, New(articles, nil).Walk(t.Context(), store.Query{})); err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.Read[ParquetRow](bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil || len(rows) != len(all) {
		t.Fatalf("%d rows, %v; want %d", len(rows), err, len(all))
	}
	// As numbers, because parquet.Read converts times by way of nanoseconds, which overflow.
	times, err := parquet.Read[parquetTimes](bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		texts := []string{r.SiteName, r.Title, r.Summary, r.Section, r.Dateline, r.Text, r.Authors[0], r.Tags[0]}
		for _, got := range texts {
			if got != stored {
				t.Errorf("article %s has %q, want %q", r.ID, got, stored)
			}
		}
		var want *int64
		if r.ContentHash < "4" {
			want = new(seconds[r.ContentHash] * 1_000_000)
		}
		if got := times[i]; !reflect.DeepEqual(got, parquetTimes{want, want}) {
			t.Errorf("article %s: times %s; want the second %d", r.ID, got, seconds[r.ContentHash])
		}
		if !r.FirstSeen.Equal(fetched) || r.WordCount != math.MinInt32 || r.Access != "" {
			t.Errorf("article %s: %v, %d words, access %q", r.ID, r.FirstSeen, r.WordCount, r.Access)
		}
	}
}

// parquetTimes are the times of a row in microseconds since 1970, or nil if unknown.
type parquetTimes struct {
	Published *int64 `parquet:"published_time,optional,timestamp(microsecond)"`
	Modified  *int64 `parquet:"modified_time,optional,timestamp(microsecond)"`
}

func (p parquetTimes) String() string {
	text := func(n *int64) string {
		if n == nil {
			return "unknown"
		}
		return strconv.FormatInt(*n, 10)
	}
	return text(p.Published) + " and " + text(p.Modified)
}

// TestParquetIsWholeOrUnreadable checks that an empty export is a valid file, and that
// one that ends with an error is not.
func TestParquetIsWholeOrUnreadable(t *testing.T) {
	broken := errors.New("the store is unavailable")
	for _, c := range []struct {
		name  string
		rows  int
		error error
	}{
		{"empty", 0, nil}, {"error first", 0, broken}, {"error in the second group", parquetGroup + 1, broken},
		{"error after a whole group", parquetGroup, broken}, {"whole groups", 2 * parquetGroup, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var file bytes.Buffer
			err := WriteParquet(&file, func(yield func(store.Hit, error) bool) {
				for i := range c.rows {
					if !yield(store.Hit{ID: strconv.Itoa(i), Article: &datelinev1.Article{}}, nil) {
						return
					}
				}
				if c.error != nil {
					yield(store.Hit{}, c.error)
				}
			})
			if !errors.Is(err, c.error) {
				t.Errorf("error %v, want %v", err, c.error)
			}
			rows, err := parquet.Read[ParquetRow](bytes.NewReader(file.Bytes()), int64(file.Len()))
			if whole := err == nil; whole != (c.error == nil) || whole && len(rows) != c.rows {
				t.Errorf("reading the file: %d rows, %v; want %d rows unless the export failed", len(rows), err, c.rows)
			}
		})
	}
}
