package library

import (
	"testing"

	"google.golang.org/protobuf/proto"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestErasedMessages tells messages about an erased article from those about others. A URL of another site that led to
// the article, such as a short link, may lead to another article by now.
func TestErasedMessages(t *testing.T) {
	const own, printed, short, other = "https://example.com/a", "https://example.com/a?print", "https://sho.rt/1",
		"https://example.com/b"
	e := &Erased{ID: "id-a", URLs: []string{own, printed, short, "id-joined"}, ownURLs: []string{own, printed}}
	for name, c := range map[string]struct {
		is      func([]byte) bool
		message proto.Message
		want    bool
	}{
		"page":                          {e.isPage, &datelinev1.Page{RequestedUrl: own, FinalUrl: own}, true},
		"page of a redirect":            {e.isPage, &datelinev1.Page{RequestedUrl: short, FinalUrl: printed}, true},
		"page that leads elsewhere":     {e.isPage, &datelinev1.Page{RequestedUrl: own, FinalUrl: other}, true},
		"page of another site's link":   {e.isPage, &datelinev1.Page{RequestedUrl: short, FinalUrl: other}, false},
		"page of another article":       {e.isPage, &datelinev1.Page{RequestedUrl: other, FinalUrl: other}, false},
		"page without URLs":             {e.isPage, &datelinev1.Page{Id: "id-a"}, false},
		"sample":                        {e.isSample, &datelinev1.DriftSample{Url: printed}, true},
		"sample of another article":     {e.isSample, &datelinev1.DriftSample{Url: other}, false},
		"record with the id":            {e.isRecord, &datelinev1.Article{Id: "id-a", CanonicalUrl: other}, true},
		"record with the canonical URL": {e.isRecord, &datelinev1.Article{Id: "id-x", CanonicalUrl: own}, true},
		"record of the page": {
			e.isRecord, &datelinev1.Article{Id: "id-x", CanonicalUrl: other, FinalUrl: printed}, true,
		},
		"record that another site's link led to": {
			e.isRecord, &datelinev1.Article{Id: "id-b", CanonicalUrl: other, RequestedUrl: short}, false,
		},
		"record of another article": {e.isRecord, &datelinev1.Article{Id: "id-b", CanonicalUrl: other}, false},
		"event":                     {e.isEvent, &datelinev1.RevisionEvent{ArticleId: "id-a"}, true},
		"event of a joined article": {e.isEvent, &datelinev1.RevisionEvent{ArticleId: "id-joined"}, true},
		"event of another article":  {e.isEvent, &datelinev1.RevisionEvent{ArticleId: "id-b"}, false},
		"event of the erasure": {e.isEvent, &datelinev1.RevisionEvent{
			ArticleId: "id-a", Change: datelinev1.RevisionChange_REVISION_CHANGE_ERASED,
		}, false},
	} {
		data, err := proto.Marshal(c.message)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.is(data); got != c.want {
			t.Errorf("%s: is about the erased article: %t, want %t", name, got, c.want)
		}
	}
	for _, is := range []func([]byte) bool{e.isPage, e.isSample, e.isRecord, e.isEvent} {
		if is([]byte("\xff unreadable")) {
			t.Error("an unreadable message is taken for one about the article")
		}
	}
}
