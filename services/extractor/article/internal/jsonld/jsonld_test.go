package jsonld

import "testing"

func TestAddToleratesBrokenJSON(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"plain":            `{"@type":"NewsArticle","headline":"A B"}`,
		"list":             `[{"@type":"Thing","x":1},{"@type":["WebPage","NewsArticle"],"headline":"A B"}]`,
		"graph":            `{"@context":"https://schema.org","@graph":[{"@type":"http://schema.org/NewsArticle","headline":"A B"}]}`,
		"nested":           `{"@type":"WebPage","mainEntity":{"@type":"NewsArticle","headline":"A B"}}`,
		"trailing commas":  `{"@type":"NewsArticle","headline":"A B","x":[1,2,],}`,
		"comments":         "/* c */{\"@type\":\"NewsArticle\", // why\n\"headline\":\"A B\"}",
		"control chars":    "{\"@type\":\"NewsArticle\",\"headline\":\"A\nB\"}",
		"bare quotes":      `{"@type":"NewsArticle","headline":"A B","description":"he said "no", then left"}`,
		"bad escape":       `{"@type":"NewsArticle","headline":"A B","d":"it\'s"}`,
		"CDATA":            "//<![CDATA[\n{\"@type\":\"NewsArticle\",\"headline\":\"A B\"}\n//]]>",
		"semicolon":        `{"@type":"NewsArticle","headline":"A B"};`,
		"breaks off":       `{"@type":"NewsArticle","headline":"A B","author":{"name":"X`,
		"closed too often": `{"@type":"NewsArticle","headline":"A B"}}`,
	}
	for name, script := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var g Graph
			if !g.Add([]byte(script)) {
				t.Fatalf("could not be read; repaired: %s", repair([]byte(script)))
			}
			for _, o := range g.Objects {
				if o.Is("NewsArticle") {
					if got := String(o["headline"]); got != "A B" {
						t.Errorf("headline is %q", got)
					}
					return
				}
			}
			t.Error("no NewsArticle found")
		})
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	var g Graph
	g.Add([]byte(`{"@graph":[{"@type":"Article","author":{"@id":"#p"}},{"@type":"Person","@id":"#p","name":"Ada Lovelace"}]}`))
	if got := String(g.Resolve(g.Objects[1]["author"])); got != "Ada Lovelace" {
		t.Errorf("author is %q", got)
	}
}
