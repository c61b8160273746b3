package library

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

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
