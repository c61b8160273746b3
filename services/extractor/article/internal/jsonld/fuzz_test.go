package jsonld_test

import (
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
)

func FuzzAdd(f *testing.F) {
	for _, script := range []string{
		`{"@context":"https://schema.org","@type":"NewsArticle","headline":"A","author":{"@id":"#a"}}`,
		`{"@graph":[{"@id":"#a","@type":["Person"],"name":"Ada"},{"@id":"#b","author":{"@id":"#b"}}]}`,
		"<!--\n{\"@type\":\"Article\",\"headline\":\"line\nbreak\",}\n//-->",
		`[[[{"@type":"A"}]]]`,
		`{"a":{"b":{"c":`,
		`{"headline":"a "quoted" word"}`,
		"/*<![CDATA[*/{}/*]]>*/",
	} {
		f.Add([]byte(script))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		var g jsonld.Graph
		g.Add(script)
		g.Add(script)
		for _, o := range g.Objects {
			o.Is("NewsArticle", "Article")
			for _, v := range o {
				jsonld.String(g.Resolve(v))
				for _, part := range jsonld.List(v) {
					jsonld.String(g.Resolve(part))
				}
			}
		}
		if len(g.Objects) > 2*len(script)+2 {
			t.Errorf("read %d objects from %d bytes", len(g.Objects), len(script))
		}
	})
}
