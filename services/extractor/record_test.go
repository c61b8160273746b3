package extractor

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestToRecordCollectsRightsSignals(t *testing.T) {
	t.Parallel()
	page := &datelinev1.Page{FinalUrl: "https://www.valley.example/story", Headers: []*datelinev1.Header{
		{Name: "content-type", Value: "text/html"},
		{Name: "x-robots-tag", Value: "noai"},
		{Name: "x-robots-tag", Value: "otherbot: noindex"},
		{Name: "tdm-reservation", Value: "1"},
	}}
	found := &article.Article{
		CanonicalURL: "https://www.valley.example/story",
		Rights:       []article.RightsSignal{{Name: "robots", Value: "noarchive"}},
	}
	var got []string
	for _, r := range toRecord(found, page).GetRights() {
		got = append(got, r.GetPlace()+" "+r.GetName()+"="+r.GetValue())
	}
	want := []string{
		"meta robots=noarchive", "header x-robots-tag=noai", "header x-robots-tag=otherbot: noindex",
		"header tdm-reservation=1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("rights = %q, want %q", got, want)
	}
}

func TestToRecordTakesLaterOfRequestAndNotBeforeTime(t *testing.T) {
	t.Parallel()
	requested := timestamppb.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	later := timestamppb.New(requested.AsTime().Add(time.Hour))
	for _, test := range []struct {
		name            string
		notBefore, want *timestamppb.Timestamp
	}{
		{"no not-before time", nil, requested},
		{"earlier not-before time", timestamppb.New(requested.AsTime().Add(-time.Hour)), requested},
		{"later not-before time", later, later},
	} {
		request := &datelinev1.FetchRequest{RequestTime: requested, NotBeforeTime: test.notBefore}
		record := toRecord(&article.Article{}, &datelinev1.Page{Request: request})
		if got := record.GetDueTime().AsTime(); !got.Equal(test.want.AsTime()) {
			t.Errorf("%s: due time = %s, want %s", test.name, got, test.want.AsTime())
		}
	}
}

func TestFromArticleConvertsEveryField(t *testing.T) {
	t.Parallel()
	published := time.Date(2026, 3, 1, 9, 30, 0, 0, time.FixedZone("", 2*60*60))
	r := FromArticle(&article.Article{
		CanonicalURL: "https://www.valley.example/story", Kind: article.KindLiveBlog, Kicker: "Bridges",
		Direction: article.RightToLeft, Access: article.AccessPaywalled,
		Published: &article.Timestamp{Time: published, Precision: article.PrecisionMinute, HasZone: true},
		Authors:   []article.Author{{Name: "Ada Roe", URL: "https://www.valley.example/ada", Kind: article.Person}},
		Images:    []article.Image{{URL: "https://www.valley.example/a.jpg", Caption: "The bridge", Lead: true}},
		Body: []article.Block{
			{
				Kind: article.Paragraph, Text: "The bridge opens.",
				Links: []article.Link{{Start: 4, End: 10, URL: "https://www.valley.example/bridge"}},
			},
			{Kind: article.Table, HeaderRow: true, Rows: [][]string{{"Year"}, {"2026"}}},
		},
		Provenance: map[string]article.Provenance{"title": {Source: article.FromRule, Confidence: 1}},
	})
	switch {
	case r.GetHost() != "www.valley.example", r.GetId() == "", r.GetCanonicalUrl() != "https://www.valley.example/story":
		t.Errorf("identity = %q %q %q", r.GetId(), r.GetCanonicalUrl(), r.GetHost())
	case r.GetPageKind() != datelinev1.PageKind_PAGE_KIND_LIVE_BLOG,
		r.GetDirection() != datelinev1.Direction_DIRECTION_RTL,
		r.GetAccess() != datelinev1.Access_ACCESS_PAYWALLED:
		t.Errorf("kind, direction, access = %v, %v, %v", r.GetPageKind(), r.GetDirection(), r.GetAccess())
	case r.GetSection() != "Bridges":
		t.Errorf("section = %q, want the kicker", r.GetSection())
	case !r.GetPublished().GetValue().AsTime().Equal(published), r.GetPublished().GetUtcOffsetMinutes() != 120,
		r.GetPublished().GetPrecision() != datelinev1.TimePrecision_TIME_PRECISION_MINUTE:
		t.Errorf("published = %v", r.GetPublished())
	case len(r.GetAuthors()) != 1, r.GetAuthors()[0].GetKind() != datelinev1.AuthorKind_AUTHOR_KIND_PERSON:
		t.Errorf("authors = %v", r.GetAuthors())
	case len(r.GetImages()) != 1, !r.GetImages()[0].GetLead(), r.GetImages()[0].GetCaption() != "The bridge":
		t.Errorf("images = %v", r.GetImages())
	case len(r.GetBody()) != 2, len(r.GetBody()[0].GetLinks()) != 1,
		r.GetBody()[0].GetLinks()[0].GetStart() != 4, r.GetBody()[0].GetLinks()[0].GetEnd() != 10:
		t.Errorf("body = %v", r.GetBody())
	case len(r.GetBody()[1].GetRows()) != 2, !r.GetBody()[1].GetRows()[0].GetHeader(),
		r.GetBody()[1].GetRows()[1].GetHeader():
		t.Errorf("table = %v", r.GetBody()[1])
	case r.GetProvenance()["title"].GetSource() != datelinev1.FieldSource_FIELD_SOURCE_RULE:
		t.Errorf("provenance = %v", r.GetProvenance())
	}
}

func TestFromArticleIdentifiesSavedFile(t *testing.T) {
	t.Parallel()
	first := FromArticle(&article.Article{CanonicalURL: "a.html"})
	second := FromArticle(&article.Article{CanonicalURL: "b.html"})
	if first.GetId() == "" || first.GetId() == second.GetId() || first.GetHost() != "" {
		t.Errorf("ids = %q and %q, host = %q, want two ids and no host", first.GetId(), second.GetId(), first.GetHost())
	}
	first.Language = "en"
	if got := articlesSubject(first); got != "articles.en.file" {
		t.Errorf("subject = %q, want articles.en.file", got)
	}
}

// TestEnumsAreComplete checks that no value of the article package becomes an
// unspecified one.
func TestEnumsAreComplete(t *testing.T) {
	t.Parallel()
	for _, kind := range article.Kinds {
		published := kind != article.KindList && kind != article.KindOther
		if got := pageKinds[kind] != 0; got != published {
			t.Errorf("kind %s is converted: %v, want %v", kind, got, published)
		}
	}
	for what, count := range map[string][2]int{
		"directions":   {len(directions), len(datelinev1.Direction_name) - 1},
		"author kinds": {len(authorKinds), len(datelinev1.AuthorKind_name) - 1},
		"accesses":     {len(accesses), len(datelinev1.Access_name) - 1},
		"block kinds":  {len(blockKinds), len(datelinev1.BlockKind_name) - 1},
		"precisions":   {len(precisions), len(datelinev1.TimePrecision_name) - 1},
		// The article package does not see the response headers (HTTP).
		"sources": {len(sources), len(datelinev1.FieldSource_name) - 2},
	} {
		if count[0] != count[1] {
			t.Errorf("%d %s are converted, want %d", count[0], what, count[1])
		}
	}
}
