package extractor

import (
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/stage"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// TestListedItemsAreHints extracts a page that lacks a section, found in endpoints that
// state one.
func TestListedItemsAreHints(t *testing.T) {
	e, _ := newExtractor(t, DefaultConfig())
	for purpose, want := range map[datelinev1.Purpose]datelinev1.FieldSource{
		datelinev1.Purpose_PURPOSE_FEED:        datelinev1.FieldSource_FIELD_SOURCE_FEED,
		datelinev1.Purpose_PURPOSE_SITEMAP:     datelinev1.FieldSource_FIELD_SOURCE_SITEMAP,
		datelinev1.Purpose_PURPOSE_LINKS:       datelinev1.FieldSource_FIELD_SOURCE_UNSPECIFIED,
		datelinev1.Purpose_PURPOSE_UNSPECIFIED: datelinev1.FieldSource_FIELD_SOURCE_UNSPECIFIED,
	} {
		page := storyPage(t)
		page.Body = []byte(`<h1>The ferry sails again</h1><p>The ferry between the two islands sails again from
			Monday, after a winter in which the harbour was closed and the post came by helicopter.</p><p>Until June
			it sails twice a day, said the new captain, and in summer it sails every two hours.</p>`)
		page.Request.Origin = &datelinev1.Origin{EndpointPurpose: purpose}
		page.Request.Listed = &datelinev1.ListedItem{Section: "Islands"}
		result := e.handle(t.Context(), []*stage.Input{input(t, page)})[0]
		if result.Err != nil || len(result.Publish) != 1 {
			t.Fatalf("%s: published %d messages, error %v", purpose, len(result.Publish), result.Err)
		}
		record := &datelinev1.Article{}
		if err := proto.Unmarshal(result.Publish[0].Data, record); err != nil {
			t.Fatal(err)
		}
		if got := record.GetProvenance()["section"].GetSource(); got != want {
			t.Errorf("found by %s: the source of the section %q is %s, want %s", purpose, record.GetSection(), got, want)
		}
	}
}

// TestHintsHaveEveryStatement converts a listed item that states everything. Each statement must be the one that is
// meant.
func TestHintsHaveEveryStatement(t *testing.T) {
	published, modified := time.Unix(1e9, 0).UTC(), time.Unix(2e9, 0).UTC()
	got := hints(&datelinev1.FetchRequest{
		Origin: &datelinev1.Origin{EndpointPurpose: datelinev1.Purpose_PURPOSE_FEED},
		Listed: &datelinev1.ListedItem{
			Title: "title", Summary: "summary", Section: "section", Language: "ku", ImageUrl: "https://a.example/a.jpg",
			Authors: []string{"author"}, Keywords: []string{"keyword"},
			PublishedTime: timestamppb.New(published), ModifiedTime: timestamppb.New(modified),
		},
	})
	want := article.Hints{
		Source: article.FromFeed, Title: "title", Summary: "summary", Section: "section", Language: "ku",
		ImageURL: "https://a.example/a.jpg", Authors: []string{"author"}, Keywords: []string{"keyword"},
		Published: published, Modified: modified,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for field := range reflect.TypeFor[article.Hints]().NumField() {
		if reflect.ValueOf(want).Field(field).IsZero() {
			t.Errorf("the test lacks the statement %s", reflect.TypeFor[article.Hints]().Field(field).Name)
		}
	}
	damaged := &datelinev1.FetchRequest{
		Listed: &datelinev1.ListedItem{PublishedTime: &timestamppb.Timestamp{Nanos: -1}},
	}
	if got := hints(damaged).Published; !got.IsZero() {
		t.Errorf("an invalid time is %s", got)
	}
}
