package extractor

import (
	"encoding/json"
	"testing"

	"github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
)

// TestRulesAreStored starts with rules for a site, and then without.
func TestRulesAreStored(t *testing.T) {
	t.Parallel()
	_, js := natstest.Start(t)
	for _, rules := range []hosts.Rules{{"post.example": {"title": "h1.hed"}}, {}} {
		d, err := newDriftMonitor(t.Context(), rules, dependencies(js))
		if err != nil {
			t.Fatal(err)
		}
		d.saveRules(t.Context())
		entry, err := d.bucket.Get(t.Context(), subject.DriftRules)
		if err != nil {
			t.Fatal(err)
		}
		var stored hosts.Rules
		if err := json.Unmarshal(entry.Value(), &stored); err != nil {
			t.Fatal(err)
		}
		if _, selectors := stored.Of("www.post.example"); selectors["title"] != rules["post.example"]["title"] {
			t.Errorf("stored %v, want %v", stored, rules)
		}
	}
}
