package discoverer

import (
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestPushToALongListing pushes an article to an endpoint that lists more articles than a push is added to. Those that
// it lists stay known, so that the next poll does not take them again.
func TestPushToALongListing(t *testing.T) {
	for known, added := range map[int]int{maxPushed: 1, maxPushed + 1: 0} {
		p := newPolled(t, "/sitemap.xml", datelinev1.Purpose_PURPOSE_SITEMAP)
		p.respond(nil, sitemapOf("/old 2026-11-19"))
		hashes := hashesOf(p.endpoint.Signature)
		all := make([]uint64, 0, known)
		for hash := range hashes {
			all = append(all, hash)
		}
		for i := uint64(1); len(all) < known; i++ {
			all = append(all, i)
		}
		p.endpoint.Signature, p.endpoint.Pushed = signatureOf(all), true
		if got := paths(p.respond(nil, sitemapOf("/old 2026-11-19", "/new 2026-11-20"))); got != "/new" {
			t.Errorf("%d known: the push brings %q", known, got)
		}
		if got := len(hashesOf(p.endpoint.Signature)); got != known+added {
			t.Errorf("%d known: %d are known after the push, want %d", known, got, known+added)
		}
	}
}
