package jsonld

import "testing"

func TestAddRepairsBrokenJSON(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"valid": `{"@type":"NewsArticle","headline":"A B"}`,
		"list":  `[{"@type":"Thing","x":1},{"@type":["WebPage","NewsArticle"],"headline":"A B"}]`,
		"graph": `{"@context":"https://schema.org","@graph":[
			{"@type":"http://schema.org/NewsArticle","headline":"A B"}]}`,
		"nested":             `{"@type":"WebPage","mainEntity":{"@type":"NewsArticle","headline":"A B"}}`,
		"trailing commas":    `{"@type":"NewsArticle","headline":"A B","x":[1,2,],}`,
		"comments":           "/* c */{\"@type\":\"NewsArticle\", // why\n\"headline\":\"A B\"}",
		"control characters": "{\"@type\":\"NewsArticle\",\"headline\":\"A\nB\"}",
		"unescaped quotes":   `{"@type":"NewsArticle","headline":"A B","description":"he said "no", then left"}`,
		"unknown escape":     `{"@type":"NewsArticle","headline":"A B","d":"it\'s"}`,
		"CDATA":              "//<![CDATA[\n{\"@type\":\"NewsArticle\",\"headline\":\"A B\"}\n//]]>",
		"semicolon":          `{"@type":"NewsArticle","headline":"A B"};`,
		"truncated":          `{"@type":"NewsArticle","headline":"A B","author":{"name":"X`,
		"surplus bracket":    `{"@type":"NewsArticle","headline":"A B"}}`,
	}
	for name, script := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var g Graph
			if !g.Add([]byte(script)) {
				t.Fatalf("Add = false, repaired script: %s", repair([]byte(script)))
			}
			for _, o := range g.Objects {
				if o.Is("NewsArticle") {
					if got := String(o["headline"]); got != "A B" {
						t.Errorf("headline = %q, want %q", got, "A B")
					}
					return
				}
			}
			t.Error("found no NewsArticle")
		})
	}
}

func TestResolveFollowsReference(t *testing.T) {
	t.Parallel()
	var g Graph
	g.Add([]byte(`{"@graph":[
		{"@type":"Article","author":{"@id":"#p"}},
		{"@type":"Person","@id":"#p","name":"Ada Lovelace"}]}`))
	if got := String(g.Resolve(g.Objects[1]["author"])); got != "Ada Lovelace" {
		t.Errorf("author = %q, want %q", got, "Ada Lovelace")
	}
}

// TestResolveFindsTheFullestObject has several objects with one id: the one with the most properties
// counts, and of two equal ones the first.
func TestResolveFindsTheFullestObject(t *testing.T) {
	t.Parallel()
	for want, objects := range map[string]string{
		"First":  `{"@id":"#p","name":"First"},{"@id":"#p","name":"Second"}`,
		"Fuller": `{"@id":"#p","name":"First"},{"@id":"#p","@type":"Person","name":"Fuller"},{"@id":"#p","name":"Last"}`,
	} {
		var g Graph
		g.Add([]byte(`{"@graph":[{"@type":"Article","author":{"@id":"#p"}},` + objects + `]}`))
		if got := String(g.Resolve(g.Objects[1]["author"])); got != want {
			t.Errorf("author = %q, want %q", got, want)
		}
	}
}
