package replay_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// numberedWords returns different words, of which the first has a number.
func numberedWords(first, n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("word%d", first+i)
	}
	return strings.Join(words, " ")
}

// TestCompare changes a record at the bounds of each field.
func TestCompare(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	dated := func(at time.Time) *datelinev1.PublicationTime {
		return &datelinev1.PublicationTime{Value: timestamppb.New(at)}
	}
	before := &datelinev1.Article{
		Id: "a", Title: "Title", Text: numberedWords(0, 100), Published: dated(at), ExtractorVersion: "1.0.0",
		Authors: []*datelinev1.Author{{Name: "Ann Lee"}}, Language: "en", ContentHash: "1", WordCount: 100,
	}
	for name, test := range map[string]struct {
		change func(*datelinev1.Article)
		want   string
	}{
		"nothing": {func(*datelinev1.Article) {}, ""},
		"bookkeeping": {func(a *datelinev1.Article) {
			a.ExtractorVersion, a.ExtractTime, a.Replay = "2.0.0", timestamppb.Now(), &datelinev1.Replay{Run: "run"}
			a.RawPage = &datelinev1.RawPage{Stream: "PAGES", Sequence: 1}
		}, ""},
		"title":        {func(a *datelinev1.Article) { a.Title, a.ContentHash = "Other", "2" }, "title"},
		"a day":        {func(a *datelinev1.Article) { a.Published = dated(at.Add(24 * time.Hour)) }, "published"},
		"more":         {func(a *datelinev1.Article) { a.Published = dated(at.Add(-24*time.Hour - time.Second)) }, "date"},
		"no date":      {func(a *datelinev1.Article) { a.Published = nil }, "date"},
		"author's URL": {func(a *datelinev1.Article) { a.Authors[0].Url = "https://example.com/ann" }, "authors"},
		"language":     {func(a *datelinev1.Article) { a.Language = "de" }, "language"},
		"five words":   {func(a *datelinev1.Article) { a.Text, a.WordCount = numberedWords(0, 105), 105 }, "text"},
		"six words":    {func(a *datelinev1.Article) { a.Text, a.WordCount = numberedWords(0, 106), 106 }, "text gained"},
		"five less":    {func(a *datelinev1.Article) { a.Text = numberedWords(0, 95) }, "text"},
		"six less":     {func(a *datelinev1.Article) { a.Text = numberedWords(0, 94) }, "text lost"},
		"replaced":     {func(a *datelinev1.Article) { a.Text = numberedWords(10, 100) }, "text lost"},
		"another order": {func(a *datelinev1.Article) {
			a.Text = numberedWords(50, 50) + " " + numberedWords(0, 50)
		}, "text"},
		"another number": {func(a *datelinev1.Article) { a.WordCount = 99 }, "word_count"},
		"provenance": {func(a *datelinev1.Article) {
			a.Provenance = map[string]*datelinev1.Provenance{"title": {Confidence: 0.5}}
		}, "provenance"},
	} {
		after := proto.CloneOf(before)
		test.change(after)
		if got := fieldsOf(replay.Compare(before, after)); got != test.want {
			t.Errorf("%s: %q differs, want %q", name, got, test.want)
		}
	}
}

func fieldsOf(all []replay.Difference) string {
	names := make([]string, len(all))
	for i, d := range all {
		names[i] = d.Field
	}
	return strings.Join(names, ", ")
}

// TestSamplesAreReadable compares fields whose values are messages, enums, lists and maps.
func TestSamplesAreReadable(t *testing.T) {
	t.Parallel()
	at := timestamppb.New(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC))
	for field, test := range map[string]struct {
		record *datelinev1.Article
		want   string
	}{
		"modified": {
			&datelinev1.Article{Modified: &datelinev1.PublicationTime{Value: at, UtcOffsetMinutes: proto.Int32(60)}},
			"2026-03-04T06:06:07+01:00",
		},
		"fetch_time": {&datelinev1.Article{FetchTime: at}, "2026-03-04T05:06:07Z"},
		"access":     {&datelinev1.Article{Access: datelinev1.Access_ACCESS_PAYWALLED}, "ACCESS_PAYWALLED"},
		"page_kind":  {&datelinev1.Article{PageKind: 4711}, "4711"},
		"tags":       {&datelinev1.Article{Tags: []string{"sea", "port"}}, "sea\nport"},
		"labels":     {&datelinev1.Article{Labels: map[string]string{"b": "2", "a": "1"}}, "a: 1\nb: 2"},
		"images": {
			&datelinev1.Article{Images: []*datelinev1.Image{{Url: "https://example.com/1"}, {Url: "https://example.com/2"}}},
			"url: https://example.com/1\nurl: https://example.com/2",
		},
		"provenance": {
			&datelinev1.Article{Provenance: map[string]*datelinev1.Provenance{
				"title": {Source: datelinev1.FieldSource_FIELD_SOURCE_META, Confidence: 0.5},
			}},
			"title: source: FIELD_SOURCE_META, confidence: 0.5",
		},
	} {
		all := replay.Compare(&datelinev1.Article{}, test.record)
		if len(all) != 1 || all[0].Field != field || all[0].After != test.want {
			t.Errorf("%s: %q, want %q", field, all, test.want)
		}
	}
}
