package store_test

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// writeRecord replaces the record of an article in the database.
func writeRecord(t *testing.T, s store.Store, id string, record []byte) {
	t.Helper()
	if _, err := s.SQL().Writer.ExecContext(t.Context(),
		`UPDATE revisions SET record = $1 WHERE article_id = $2`, record, id); err != nil {
		t.Fatal(err)
	}
}

// writeMessage replaces the record of an article by a message that is not compressed, as earlier
// versions stored it.
func writeMessage(t *testing.T, s store.Store, a *datelinev1.Article) {
	t.Helper()
	message, err := proto.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	writeRecord(t, s, a.GetId(), message)
}

// testRecords stores a long text, which is compressed, and reads the records of earlier versions,
// which are not.
func testRecords(t *testing.T, b backend) {
	s := b.open(t)
	long := article("long", "The ferry returns", strings.Repeat("The ferry returns to the island on Monday. ", 5000), noon)
	put(t, s, long, article("short", "The ferry leaves", "It leaves at noon.", noon))
	var record []byte
	const where = ` FROM revisions WHERE article_id = 'id-long'`
	if err := s.SQL().Reader.QueryRowContext(t.Context(), `SELECT record`+where).Scan(&record); err != nil {
		t.Fatal(err)
	}
	if len(record) > len(long.GetText())/50 {
		t.Errorf("a text of %d bytes that repeats a sentence takes %d", len(long.GetText()), len(record))
	}
	if hit, err := s.Article(t.Context(), "id-long"); err != nil || hit.Article.GetText() != long.GetText() {
		t.Errorf("the compressed record is read as %.200v, %v", hit.Article, err)
	}
	changed := proto.CloneOf(long)
	changed.Title = "By an earlier version"
	writeMessage(t, s, changed)
	if hit, err := s.Article(t.Context(), "id-long"); err != nil || !proto.Equal(hit.Article, changed) {
		t.Errorf("the record of an earlier version is read as %.200v, %v", hit.Article, err)
	}
	writeRecord(t, s, "id-long", record[:len(record)/2])
	if _, err := s.Article(t.Context(), "id-long"); err == nil || !strings.Contains(err.Error(), "id-long") {
		t.Errorf("half a record: %v, want an error with the id", err)
	}
	if _, err := s.Erase(t.Context(), "id-long"); err != nil {
		t.Errorf("half a record cannot be erased: %v", err)
	}
	if _, err := s.Article(t.Context(), "id-long"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after the erasure: %v, want ErrNotFound", err)
	}
}

// testPageOfLongTexts verifies that the texts of a page, not their records, are bounded.
func testPageOfLongTexts(t *testing.T, b backend) {
	s := b.open(t)
	for i := range 5 {
		text := strings.Repeat("The ferry returns to the island. ", 100_000) + numbered("text", i)
		put(t, s, article(numbered("long", i), "The ferry returns", text, noon))
	}
	page, err := s.Search(t.Context(), store.Query{Text: "ferry", Limit: 5})
	if err != nil || len(page.Hits) != 2 || page.Next == "" {
		t.Errorf("%d texts of 3.3 MB on the first page, next %q, %v; want 2 and another page", len(page.Hits), page.Next, err)
	}
}
