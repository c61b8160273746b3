package weburl

import "testing"

func TestTargetKeepsWhatTheSiteAdded(t *testing.T) {
	for raw, want := range map[string]struct{ exact, page string }{
		"https://example.com/a;jsessionid=1A2B":     {"https://example.com/a;jsessionid=1A2B", "https://example.com/a"},
		"https://example.com/a?utm_source=consent":  {"https://example.com/a?utm_source=consent", "https://example.com/a"},
		"https://example.com/a?b&&c":                {"https://example.com/a?b&&c", "https://example.com/a?b&c"},
		"https://user:pass@EXAMPLE.com.:443/a b#up": {"https://example.com/a%20b", "https://example.com/a%20b"},
		"http://example.com:8080":                   {"http://example.com:8080/", "http://example.com:8080/"},
		"https://example.com/(S(lit3py55t21z5v55vlm25s55))/a": {
			"https://example.com/(S(lit3py55t21z5v55vlm25s55))/a", "https://example.com/a",
		},
	} {
		target, err := ParseTarget(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if target.String() != want.exact || target.Page().String() != want.page {
			t.Errorf("%s: got %s for the page %s, want %s for %s", raw, target, target.Page(), want.exact, want.page)
		}
	}
	for _, raw := range []string{"", "mailto:editor@example.com", "http://[", "https://exa mple.com/"} {
		if _, err := ParseTarget(raw); err == nil {
			t.Errorf("%q is accepted", raw)
		}
	}
}
