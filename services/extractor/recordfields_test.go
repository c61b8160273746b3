package extractor

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// addedLater lists the fields of a record that are set after toRecord.
var addedLater = []protoreflect.Name{"extract_time", "raw_page", "page_urls", "first_page_hash", "replay"}

// wholeRecord is the record of wholeArticle on wholePage. Each value occurs once, so that no two can be mixed up.
const wholeRecord = `{
	"requestedUrl": "https://www.valley.example/asked", "finalUrl": "https://www.valley.example/final",
	"canonicalUrl": "https://www.valley.example/story", "host": "www.valley.example",
	"declaredCanonicalUrl": "https://agency.example/story", "siteName": "Valley News",
	"title": "Bridge opens", "kicker": "Roads", "section": "Region", "summary": "After a year.", "dateline": "VALLEY",
	"authors": [{"name": "Ada Roe", "url": "https://www.valley.example/ada", "kind": "AUTHOR_KIND_ORGANISATION"}],
	"published": {"value": "2026-03-01T07:30:00Z", "precision": "TIME_PRECISION_MINUTE", "utcOffsetMinutes": 120},
	"modified": {"value": "2026-03-02T12:00:05Z", "precision": "TIME_PRECISION_SECOND", "utcOffsetMinutes": -210},
	"language": "ar", "direction": "DIRECTION_RTL", "access": "ACCESS_PAYWALLED", "pageKind": "PAGE_KIND_GALLERY",
	"body": [{
		"kind": "BLOCK_KIND_TABLE", "text": "The bridge opens.", "level": 3, "ordered": true, "items": ["toll", "lamp"],
		"rows": [{"cells": ["Year", "Cars"], "header": true}, {"cells": ["2026", "9"]}],
		"links": [{"start": 4, "end": 10, "url": "https://www.valley.example/bridge"}],
		"imageIndex": 7, "embedUrl": "https://video.example/1"
	}],
	"text": "The whole text.", "tags": ["roads", "rivers"], "wordCount": 5, "readingTimeMinutes": 2,
	"images": [{
		"url": "https://www.valley.example/a.jpg", "alt": "a bridge", "caption": "The bridge", "credit": "Roe", "lead": true
	}],
	"contentHash": "hash", "extractorVersion": "v1", "charset": "windows-1256", "damaged": true, "pages": 6,
	"complete": true, "provenance": {"title": {"source": "FIELD_SOURCE_RULE", "confidence": 0.5}},
	"rights": [
		{"place": "meta", "name": "robots", "value": "noarchive"}, {"place": "header", "name": "tdm-policy", "value": "no"}
	],
	"fetchTime": "2026-03-03T01:00:00Z", "dueTime": "2026-03-03T00:30:00Z", "requestId": "request",
	"labels": {"desk": "roads"}, "priority": "PRIORITY_BACKFILL",
	"origin": {"source": "https://www.valley.example/", "position": 3}
}`

// TestRecordHasEveryFact converts an article and a page that have everything. Each field of the record must
// have the value that is meant for it.
func TestRecordHasEveryFact(t *testing.T) {
	t.Parallel()
	want := &datelinev1.Article{}
	if err := protojson.Unmarshal([]byte(wholeRecord), want); err != nil {
		t.Fatal(err)
	}
	got := toRecord(wholeArticle(), wholePage())
	want.Id = got.GetId()
	if !proto.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", protojson.Format(got), protojson.Format(want))
	}
	for _, name := range unsetFields(want.ProtoReflect()) {
		if !slices.Contains(addedLater, name) {
			t.Errorf("the field %s of a record is not set: add it to the conversion, or to this test's list", name)
		}
	}
}

// unsetFields returns the names of the fields that neither a message nor a part of it has.
func unsetFields(m protoreflect.Message) (unset []protoreflect.Name) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case !m.Has(field):
			unset = append(unset, field.Name())
		case field.Name() == "origin": // copied as a whole
		case field.IsList() && field.Message() != nil:
			unset = append(unset, unsetFields(m.Get(field).List().Get(0).Message())...)
		case field.Message() != nil && !field.IsMap() && field.Message().ParentFile() == m.Descriptor().ParentFile():
			unset = append(unset, unsetFields(m.Get(field).Message())...)
		}
	}
	return unset
}

func wholeArticle() *article.Article {
	const site = "https://www.valley.example"
	day := func(day, hour, minute, second, offset int) time.Time {
		return time.Date(2026, time.March, day, hour, minute, second, 0, time.FixedZone("", offset))
	}
	return &article.Article{
		URL: site + "/as-given", CanonicalURL: site + "/story", DeclaredCanonicalURL: "https://agency.example/story",
		Host: "www.valley.example", SiteName: "Valley News", Kind: article.KindGallery, Title: "Bridge opens",
		Kicker: "Roads", Section: "Region", Summary: "After a year.", Dateline: "VALLEY",
		Authors:   []article.Author{{Name: "Ada Roe", URL: site + "/ada", Kind: article.Organisation}},
		Published: &article.Timestamp{Time: day(1, 9, 30, 0, 120*60), Precision: article.PrecisionMinute, HasZone: true},
		Modified:  &article.Timestamp{Time: day(2, 8, 30, 5, -210*60), Precision: article.PrecisionSecond, HasZone: true},
		Language:  "ar", Direction: article.RightToLeft, Access: article.AccessPaywalled,
		Body: []article.Block{{
			Kind: article.Table, Text: "The bridge opens.", Level: 3, Ordered: true, Items: []string{"toll", "lamp"},
			Rows: [][]string{{"Year", "Cars"}, {"2026", "9"}}, HeaderRow: true,
			Links: []article.Link{{Start: 4, End: 10, URL: site + "/bridge"}}, Image: 7, URL: "https://video.example/1",
		}},
		Text: "The whole text.", Tags: []string{"roads", "rivers"}, WordCount: 5, ReadingTimeMinutes: 2,
		Images: []article.Image{
			{URL: site + "/a.jpg", Alt: "a bridge", Caption: "The bridge", Credit: "Roe", Lead: true},
		},
		ContentHash: "hash", ExtractorVersion: "v1", Charset: "windows-1256", Damaged: true, Pages: 6, Page: 1,
		Complete: true, Provenance: map[string]article.Provenance{"title": {Source: article.FromRule, Confidence: 0.5}},
		Rights: []article.RightsSignal{{Name: "robots", Value: "noarchive"}},
	}
}

func wholePage() *datelinev1.Page {
	at := func(hour, minute int) *timestamppb.Timestamp {
		return timestamppb.New(time.Date(2026, time.March, 3, hour, minute, 0, 0, time.UTC))
	}
	return &datelinev1.Page{
		Id: "page", RequestedUrl: "https://www.valley.example/asked", FinalUrl: "https://www.valley.example/final",
		FetchTime: at(1, 0), Headers: []*datelinev1.Header{{Name: "tdm-policy", Value: "no"}},
		Request: &datelinev1.FetchRequest{
			Url: "https://www.valley.example/published", RequestId: "request", Priority: datelinev1.Priority_PRIORITY_BACKFILL,
			Labels: map[string]string{"desk": "roads"}, RequestTime: at(0, 15), NotBeforeTime: at(0, 30),
			Origin: &datelinev1.Origin{Source: "https://www.valley.example/", Position: 3},
		},
	}
}
