package jsonld

import (
	"encoding/json"
	"strings"
	"testing"
)

// Malformed JSON is repaired in one pass.
func TestRepair(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		`{"a":1}`:                  `{"a":1}`,
		`{"a":[1,2,],}`:            `{"a":[1,2]}`,
		`{"a":1} after`:            `{"a":1}`,
		`{"a":{"b":[1`:             `{"a":{"b":[1]}}`,
		`{"a":`:                    `{"a"}`,
		`{"a":1,`:                  `{"a":1}`,
		`{"a":[1}`:                 `{"a":[1]}`,
		`]`:                        ``,
		"{\"a\":\x01 1}":           `{"a":  1}`,
		"{\"a\":\"b\tc\"}":         `{"a":"b c"}`,
		`{"a":1/*c*/}`:             `{"a":1}`,
		"{\"a\":1//c\n}":           `{"a":1}`,
		`{"a":1//c`:                `{"a":1}`,
		`{"a":1/*c`:                `{"a":1}`,
		`{"a":1/2}`:                `{"a":1/2}`,
		`{"a":"b\'c\"d\\e"}`:       `{"a":"b'c\"d\\e"}`,
		`{"a":"b\`:                 `{"a":"b\"}`,
		`{"a":"x "b" y"}`:          `{"a":"x \"b\" y"}`,
		`{"a":"x "b", y"}`:         `{"a":"x \"b\", y"}`,
		`{"a":"x","b":2}`:          `{"a":"x","b":2}`,
		`{"a":"x",true:1}`:         `{"a":"x",true:1}`,
		`["x",null,"y",false,"z"]`: `["x",null,"y",false,"z"]`,
		`["x",-1,"y",[],"z",{}]`:   `["x",-1,"y",[],"z",{}]`,
		`["x",]`:                   `["x"]`,
		`["x"/*c*/]`:               `["x"]`,
		"[\"x\"//c\n]":             `["x"]`,
		`["x"/y"]`:                 `["x\"/y"]`,
		`["x",`:                    `["x"]`,
		`["x"/`:                    `["x\"/"]`,
	} {
		if got := string(repair([]byte(script))); got != want {
			t.Errorf("%s becomes %s, want %s", script, got, want)
		}
	}
}

// The text is taken out of what templates wrap it in.
func TestWrappedScripts(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		" {} ": "{}", "<!-- {} -->": "{}", "<!--//<![CDATA[\n{}\n//]]>-->": "{}", "/*<![CDATA[*/{}/*]]>*/": "{}",
		"<![CDATA[{}]]>": "{}", "\ufeff{}": "{}", "{};": "{}", "{}\n;\n": "{}",
	} {
		if got := string(trim([]byte(script))); got != want {
			t.Errorf("%q becomes %q, want %q", script, got, want)
		}
	}
	for script, want := range map[string]string{
		`{&quot;a&quot;:1}`: `{"a":1}`, `{"a":"&quot;"}`: `{"a":"&quot;"}`, `{}`: `{}`,
		`"&amp;`: `"&amp;`, `&amp;"`: `&amp;"`,
	} {
		if got := string(unescape([]byte(script))); got != want {
			t.Errorf("%s becomes %s, want %s", script, got, want)
		}
	}
	for script, want := range map[string]bool{"": false, " ": false, "{}": true, "no JSON": false, "[": true} {
		var g Graph
		if got := g.Add([]byte(script)); got != want {
			t.Errorf("%q is read: %v, want %v", script, got, want)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`" a "`: "a", `1.50`: "1.5", `2026`: "2026", `null`: "", `true`: "", `["", null, " b ", "c"]`: "b", `[]`: "",
		`{"@value":"v","name":"n","url":"u","@id":"i"}`: "v", `{"name":" n ","url":"u","@id":"i"}`: "n",
		`{"name":"","url":"u","@id":"i"}`: "u", `{"@id":"i"}`: "i", `{"other":"x"}`: "", `{"name":["n"]}`: "",
	} {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if got := String(v); got != want {
			t.Errorf("%s has the text %q, want %q", text, got, want)
		}
	}
	if got := String(json.Number("7")); got != "7" {
		t.Errorf("a number has the text %q", got)
	}
	for types, want := range map[string]bool{
		`"NewsArticle"`: true, `"newsarticle"`: true, `"https://schema.org/NewsArticle"`: true,
		`["Thing","NewsArticle"]`: true,
		`"Article"`:               false, `null`: false, `"schema:NewsArticle"`: true,
		`"http://schema.org/Report"`: true, `1`: false,
	} {
		var o Object
		if err := json.Unmarshal([]byte(`{"@type":`+types+`}`), &o); err != nil {
			t.Fatal(err)
		}
		if got := o.Is("Report", "NewsArticle"); got != want {
			t.Errorf("%s is an article: %v, want %v", types, got, want)
		}
	}
	if len(List(nil)) != 0 || len(List("a")) != 1 || len(List([]any{"a", "b"})) != 2 {
		t.Error("lists have another length")
	}
}

// Only bare references are resolved.
func TestReferences(t *testing.T) {
	t.Parallel()
	for reference, want := range map[string]string{
		`{"@id":"#p"}`: "Ada Roe", `{"@type":"Person","@id":"#p"}`: "Ada Roe", `{"@id":"#p","name":"Ben"}`: "Ben",
		`{"@type":"Person","@id":"#p","url":"u"}`: "u", `{"@id":"#none"}`: "#none", `"#p"`: "#p", `{"@id":""}`: "",
	} {
		var g Graph
		g.Add([]byte(`{"@graph":[{"@id":"#p","@type":"Person","name":"Ada Roe"},{"@id":"#p"},{"author":` + reference +
			`,"@type":"Article"}]}`))
		found := false
		for _, o := range g.Objects {
			if o.Is("Article") {
				found = true
				if got := String(g.Resolve(o["author"])); got != want {
					t.Errorf("%s is resolved to %q, want %q", reference, got, want)
				}
			}
		}
		if !found {
			t.Errorf("%s: the article is missing", reference)
		}
	}
}

// Objects are found down to a depth, and up to a number.
func TestLimitsOfGraphs(t *testing.T) {
	t.Parallel()
	nested := func(levels int) string {
		return strings.Repeat(`{"@graph":`, levels) + `{"@type":"Article","x":1}` + strings.Repeat("}", levels)
	}
	for levels, want := range map[int]int{0: 1, maxDepth: maxDepth + 1, maxDepth + 1: maxDepth + 1} {
		var g Graph
		if g.Add([]byte(nested(levels))); len(g.Objects) != want {
			t.Errorf("%d levels have %d objects, want %d", levels, len(g.Objects), want)
		}
	}
	list := func(n int) string { return "[" + strings.Repeat(`{"a":1,"b":2},`, n-1) + `{"a":1,"b":2}]` }
	for n, want := range map[int]int{maxObjects: maxObjects, maxObjects + 1: maxObjects} {
		var g Graph
		if g.Add([]byte(list(n))); len(g.Objects) != want {
			t.Errorf("%d objects are read as %d, want %d", n, len(g.Objects), want)
		}
	}
	padded := func(size int) []byte { return []byte(`{"a":"` + strings.Repeat("x", size-8) + `"}`) }
	for name, c := range map[string]struct {
		sizes []int
		want  []bool
	}{
		"one":  {[]int{maxBytes}, []bool{true}},
		"long": {[]int{maxBytes + 1, 100}, []bool{false, true}},
		"two":  {[]int{maxBytes - 100, 101, 100, 8}, []bool{true, false, true, false}},
	} {
		var g Graph
		for i, size := range c.sizes {
			if got := g.Add(padded(size)); got != c.want[i] {
				t.Errorf("%s: text %d of %d bytes is read: %v", name, i, size, got)
			}
		}
	}
}
