package extractor

import (
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestRecordHasWhatSitesSayOfUseByMachines(t *testing.T) {
	t.Parallel()
	page := &datelinev1.Page{FinalUrl: "https://www.valley.example/story", Headers: []*datelinev1.Header{
		{Name: "content-type", Value: "text/html"}, {Name: "x-robots-tag", Value: "noai"}, {Name: "x-robots-tag", Value: "otherbot: noindex"}, {Name: "tdm-reservation", Value: "1"},
	}}
	found := &article.Article{CanonicalURL: "https://www.valley.example/story", Rights: []article.RightsSignal{{Name: "robots", Value: "noarchive"}}}
	var got []string
	for _, r := range toRecord(found, page).GetRights() {
		got = append(got, r.GetPlace()+" "+r.GetName()+"="+r.GetValue())
	}
	want := []string{"meta robots=noarchive", "header x-robots-tag=noai", "header x-robots-tag=otherbot: noindex", "header tdm-reservation=1"}
	if len(got) != len(want) {
		t.Fatalf("rights are %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("rights are %q, want %q", got, want)
		}
	}
}
