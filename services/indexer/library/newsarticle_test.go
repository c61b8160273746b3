package library

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// formattedArticle returns a record with a value in every field that the formats contain.
func formattedArticle() *datelinev1.Article {
	at := func(day int) *datelinev1.PublicationTime {
		return &datelinev1.PublicationTime{Value: timestamppb.New(time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC))}
	}
	return &datelinev1.Article{
		Id: "id-a", CanonicalUrl: "https://example.com/a", SiteName: "The Ledger", Title: "Ferry returns",
		Summary: "It sails again.", Text: "The ferry sails.\n\nIt is <new>.", WordCount: 3, Section: "Coast",
		Dateline: "HARROW BAY", Language: "en", Tags: []string{"ferry", "coast"}, Published: at(4), Modified: at(5),
		FetchTime: timestamppb.New(time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)),
		Access:    datelinev1.Access_ACCESS_PAYWALLED,
		Authors: []*datelinev1.Author{
			{Name: "Ada Roe", Url: "https://example.com/ada", Kind: datelinev1.AuthorKind_AUTHOR_KIND_PERSON},
			{Name: "News Agency", Kind: datelinev1.AuthorKind_AUTHOR_KIND_ORGANISATION},
			{Name: "Cy Poe"},
		},
		Images: []*datelinev1.Image{{}, {Url: "https://example.com/i.jpg", Caption: "The pier", Credit: "Cy Poe"}},
	}
}

// wantJSON checks that a document has exactly the wanted properties.
func wantJSON(t *testing.T, document []byte, err error, want string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var got, wanted any
	if err := json.Unmarshal(document, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, wanted) {
		t.Errorf("got\n%s, want\n%s", document, want)
	}
}

func TestNewsArticle(t *testing.T) {
	document, err := NewsArticle(formattedArticle())
	wantJSON(t, document, err, `{
		"@context": "https://schema.org", "@type": "NewsArticle", "@id": "https://example.com/a",
		"url": "https://example.com/a", "mainEntityOfPage": "https://example.com/a", "headline": "Ferry returns",
		"description": "It sails again.", "articleBody": "The ferry sails.\n\nIt is <new>.", "wordCount": 3,
		"articleSection": "Coast", "dateline": "HARROW BAY", "inLanguage": "en", "keywords": ["ferry", "coast"],
		"datePublished": "2026-03-04T12:00:00Z", "dateModified": "2026-03-05T12:00:00Z",
		"publisher": {"@type": "Organization", "name": "The Ledger"},
		"author": [
			{"@type": "Person", "name": "Ada Roe", "url": "https://example.com/ada"},
			{"@type": "Organization", "name": "News Agency"},
			{"@type": "Person", "name": "Cy Poe"}
		],
		"image": [{"@type": "ImageObject", "url": "https://example.com/i.jpg", "caption": "The pier",
			"creditText": "Cy Poe"}],
		"isAccessibleForFree": false
	}`)
	// Properties of which the article says nothing are absent.
	document, err = NewsArticle(&datelinev1.Article{CanonicalUrl: "https://example.com/a", Language: "und"})
	wantJSON(t, document, err, `{
		"@context": "https://schema.org", "@type": "NewsArticle", "@id": "https://example.com/a",
		"url": "https://example.com/a", "mainEntityOfPage": "https://example.com/a", "headline": "", "articleBody": "",
		"wordCount": 0
	}`)
	document, err = NewsArticle(&datelinev1.Article{Access: datelinev1.Access_ACCESS_FREE})
	if err != nil || !strings.Contains(string(document), `"isAccessibleForFree":true`) {
		t.Errorf("a free article: %s, %v", document, err)
	}
}

func TestNinjs(t *testing.T) {
	document, err := Ninjs(store.Hit{
		Article: formattedArticle(), Revisions: 2, FirstSeen: time.Date(2026, 3, 4, 13, 0, 0, 0, time.UTC),
	})
	wantJSON(t, document, err, `{
		"uri": "https://example.com/a", "standard": {"name": "ninjs", "version": "3.0"}, "type": "text", "version": "2",
		"firstCreated": "2026-03-04T13:00:00Z", "versionCreated": "2026-03-06T12:00:00Z",
		"contentCreated": "2026-03-04T12:00:00Z", "language": "en", "by": "Ada Roe, News Agency, Cy Poe",
		"located": "HARROW BAY", "headlines": [{"role": "main", "value": "Ferry returns"}],
		"descriptions": [{"role": "summary", "contentType": "text/plain", "value": "It sails again."}],
		"bodies": [
			{"role": "main", "contentType": "text/plain", "charCount": 30, "wordCount": 3,
				"value": "The ferry sails.\n\nIt is <new>."},
			{"role": "richtext", "contentType": "application/xhtml+xml",
				"value": "<p>The ferry sails.</p><p>It is &lt;new&gt;.</p>"}
		],
		"subjects": [{"name": "ferry"}, {"name": "coast"}],
		"associations": [{"name": "image2", "uri": "https://example.com/i.jpg", "type": "picture", "by": "Cy Poe",
			"descriptions": [{"role": "caption", "contentType": "text/plain", "value": "The pier"}]}]
	}`)
}
