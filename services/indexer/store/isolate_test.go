package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func testPoison(t *testing.T, b backend) {
	s := b.open(t)
	good := article("good", "Good", "x", noon)
	noID, noURL, noHash := proto.CloneOf(good), proto.CloneOf(good), proto.CloneOf(good)
	noID.Id, noURL.CanonicalUrl, noHash.ContentHash = "", "", ""
	longID := proto.CloneOf(good)
	longID.Id = strings.Repeat("i", 300)
	results, err := s.Put(t.Context(), []*datelinev1.Article{nil, noID, good, noURL, noHash, longID})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"no article", "no id", "", "no canonical URL", "no content hash", "300 bytes"} {
		switch err := results[i].Err; {
		case want == "" && (err != nil || results[i].Status != store.New):
			t.Errorf("record %d: status %v, error %v; want it stored as new", i, results[i].Status, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("record %d: error %v, want it to contain %q", i, err, want)
		}
	}
	wantStats(t, s, 1, 1)
}

func testRefusal(t *testing.T, b backend) {
	for name, statement := range b.refusePoison {
		t.Run(name, func(t *testing.T) {
			dsn := b.newDSN(t)
			s := reopen(t, dsn)
			b.execute(t, dsn, statement)
			results, err := s.Put(t.Context(), []*datelinev1.Article{
				article("a", "A", "x", noon), article("p", "poison", "x", noon), article("z", "Z", "x", noon),
			})
			if err != nil {
				t.Fatal(err)
			}
			if results[0].Status != store.New || results[2].Status != store.New || results[1].Status != 0 {
				t.Errorf("results %v, want only the second record refused", results)
			}
			err = results[1].Err
			if err == nil || !strings.Contains(err.Error(), "id-p") || !strings.Contains(err.Error(), "poison") {
				t.Errorf("the refused record has the error %v, want it to contain its id and poison", err)
			}
			wantStats(t, s, 2, 2)
		})
	}
}

func testBrokenText(t *testing.T, b backend) {
	s := b.open(t)
	a := article("broken", "Nul\x00l and broken\xff title", "Body with \x00 and \xc3( in it.", noon)
	a.Host, a.Tags = "exa\x00mple.com", []string{"plain", "t\x00ag", "\xfe"}
	a.Authors = []*datelinev1.Author{{Name: "Jo\x00e"}}
	a.Labels = map[string]string{"k\x00ey": "val\xffue"}
	a.Body = []*datelinev1.Block{{Text: "Block\x00"}}
	a.RequestedUrl = "https://example.com/\x00broken"
	want := proto.CloneOf(a)
	wantStatuses(t, put(t, s, a), store.New)
	if !proto.Equal(a, want) {
		t.Error("Put modified the caller's record")
	}
	want.Title, want.Text = "Null and broken\uFFFD title", "Body with  and \uFFFD( in it."
	want.Host = "example.com"
	want.Tags, want.Authors[0].Name = []string{"plain", "tag", "\uFFFD"}, "Joe"
	want.Labels = map[string]string{"key": "val\uFFFDue"}
	want.Body[0].Text, want.RequestedUrl = "Block", "https://example.com/broken"
	wantArticle(t, s, "id-broken", want)
	wantArticle(t, s, "https://example.com/\x00broken", want)
	wantNames(t, "null", find(t, s, "null"), "broken")
	wantNames(t, "nul\x00l \xff", find(t, s, "nul\x00l \xff"), "broken")
	if _, err := s.Article(t.Context(), "\xff\x00"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("reading a name of invalid UTF-8: error %v, want ErrNotFound", err)
	}
}

func testLargeText(t *testing.T, b backend) {
	s := b.open(t)
	var text strings.Builder
	text.WriteString("beginning ")
	for i := 0; text.Len() < 5<<20; i++ {
		fmt.Fprintf(&text, "word%d 東京 ", i%200000)
	}
	large := article("large", strings.Repeat("headline ", 100000), text.String(), noon)
	oneWord := article("one-word", "One word", strings.Repeat("x", 5<<20), noon)
	wantStatuses(t, put(t, s, large, oneWord), store.New, store.New)
	wantArticle(t, s, "id-large", large)
	wantNames(t, "beginning word7", find(t, s, "beginning word7"), "large")
	wantNames(t, "the long word", find(t, s, strings.Repeat("x", 5<<20)), "one-word")
}
