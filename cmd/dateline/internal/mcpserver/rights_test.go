package mcpserver

import (
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

func TestReservedTextIsWithheld(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		const secret = "lighthouse"
		open := record("later", "First title", "The "+secret+" is open. Correction: it was closed.", 0)
		reserved := record("later", "Second title", "The "+secret+" is closed.", 1, noAI)
		open.Summary, reserved.Summary = "A "+secret, "A "+secret
		storetest.Put(t, s, open)
		storetest.Put(t, s, reserved)
		session := connect(t, OfStore(s))
		id := open.GetId()
		var article, old articleOutput
		var found searchOutput
		var history historyOutput
		for _, result := range []*mcp.CallToolResult{
			call(t, session, "article", map[string]any{"id": id}, &article),
			call(t, session, "article", map[string]any{"id": id, "revision": 1}, &old),
			call(t, session, "search", map[string]any{"query": secret}, &found),
			call(t, session, "history", map[string]any{"id": id}, &history),
		} {
			if text := textOf(result); strings.Contains(text, secret) || !strings.Contains(text, "noai") ||
				!strings.Contains(text, "https://example.com/later") {
				t.Errorf("the answer has the text, or neither the reason nor the URL: %s", text)
			}
		}
		if article.Title != "Second title" || article.WordCount == 0 || old.Title != "First title" || old.Withheld == "" {
			t.Errorf("withheld: %+v and %+v", article, old)
		}
	})
}

func TestReservations(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"x-robots-tag", "noai", true},
		{"x-robots-tag", "NoAI", true},
		{"x-robots-tag", "noindex, noai", true},
		{"x-robots-tag", "otherbot: noai, nofollow", true},
		{"robots", "max-snippet:-1 noai", true},
		{"googlebot", "noai", true},
		{"robots", "noimageai", false},
		{"robots", "index, follow, noarchive", false},
		{"robots", "noairplane", false},
		{"tdm-reservation", "1", true},
		{"tdm-reservation", " 1 ", true},
		{"tdm-reservation", "0, 1", true},
		{"tdm-reservation", "0", false},
		{"tdm-reservation", "10", false},
		{"tdm-policy", "https://example.com/policy.json", false},
	} {
		a := &datelinev1.Article{Rights: []*datelinev1.RightsSignal{{Place: "meta", Name: c.name, Value: c.value}}}
		if got := reservation(a); (got != "") != c.want {
			t.Errorf("%s: %s is a reservation: %q, want %v", c.name, c.value, got, c.want)
		}
	}
}
