package subject_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/subject"
)

func TestIsForUsers(t *testing.T) {
	for _, free := range []string{"deliveries.news", "deliveries.news.harbour.new", "deliveries.urls"} {
		if !subject.IsForUsers(free) {
			t.Errorf("%q is refused", free)
		}
	}
	own := []string{
		"", "news", "deliveries", "deliveries.", "deliveries.a..b", "deliveries.*", "deliveries.>", "deliveries.a b",
		"Deliveries.x", "$JS.API.INFO", "$KV.x", "_INBOX.x", "deliveries." + strings.Repeat("a", 600),
		subject.TryDiscovery, subject.TrialPages("x"), subject.TestDelivery,
	}
	for _, pattern := range []string{
		subject.URLs, subject.AllURLs, subject.AllFrontier, subject.AllPages, subject.AllListings, subject.AllExchanges,
		subject.AllArticles, subject.AllRevisions, subject.AllOutcomes, subject.AllDead,
	} {
		own = append(own, strings.NewReplacer("*", "1", ">", "x").Replace(pattern))
	}
	for _, one := range own {
		if subject.IsForUsers(one) {
			t.Errorf("%q is accepted", one)
		}
	}
}
