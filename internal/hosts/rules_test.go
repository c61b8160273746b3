package hosts_test

import (
	"testing"

	"github.com/dateline-news/dateline/internal/hosts"
)

func TestRulesOf(t *testing.T) {
	t.Parallel()
	rules := hosts.Rules{"post.example": {"title": "h1"}, "sport.post.example": {"title": "h2"}}
	for host, want := range map[string][2]string{
		"post.example": {"post.example", "h1"}, "www.Post.example": {"post.example", "h1"},
		"a.sport.post.example": {"sport.post.example", "h2"}, "outpost.example": {"", ""}, "example": {"", ""}, "": {"", ""},
	} {
		site, selectors := rules.Of(host)
		if site != want[0] || selectors["title"] != want[1] {
			t.Errorf("Of(%q) = %q, %v; want %q with title %q", host, site, selectors, want[0], want[1])
		}
	}
}
