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

func TestKickerReplacesAMissingSection(t *testing.T) {
	t.Parallel()
	if got := FromArticle(&article.Article{Kicker: "Bridges"}).GetSection(); got != "Bridges" {
		t.Errorf("section = %q, want the kicker", got)
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
