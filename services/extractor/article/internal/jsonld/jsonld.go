// Package jsonld reads the JSON-LD blocks of web pages, which are often not
// quite JSON, as a flat list of objects.
package jsonld

import (
	"bytes"
	"encoding/json"
	"strings"
)

const (
	// maxObjects bounds the objects of a page; a list page may carry thousands.
	maxObjects = 2000
	// maxDepth bounds how deep objects are looked for.
	maxDepth = 12
)

// Object is one JSON-LD node.
type Object map[string]any

// Graph is all objects of a page, those of outer levels before those nested in
// them.
type Graph struct {
	Objects []Object
	byID    map[string]Object
}

// Add reads one script element's text into g. It reports whether the text could
// be read, repaired where needed.
func (g *Graph) Add(script []byte) bool {
	script = trim(script)
	if len(script) == 0 {
		return false
	}
	var v any
	if err := json.Unmarshal(script, &v); err != nil {
		if err := json.Unmarshal(repair(script), &v); err != nil {
			return false
		}
	}
	g.collect(v, 0)
	return true
}

// trim cuts white space, a byte order mark and the CDATA or comment marks that
// templates wrap scripts in.
func trim(b []byte) []byte {
	for _, cut := range []string{"<!--", "//<![CDATA[", "/*<![CDATA[*/", "<![CDATA["} {
		b = bytes.TrimPrefix(bytes.TrimLeft(b, " \t\r\n\ufeff"), []byte(cut))
	}
	for _, cut := range []string{"-->", "//]]>", "/*]]>*/", "]]>", ";"} {
		b = bytes.TrimSuffix(bytes.TrimRight(b, " \t\r\n"), []byte(cut))
	}
	return bytes.TrimSpace(b)
}

func (g *Graph) collect(v any, depth int) {
	if depth > maxDepth || len(g.Objects) >= maxObjects {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			g.collect(item, depth+1)
		}
	case map[string]any:
		o := Object(v)
		if len(o) > 1 || o["@graph"] != nil {
			g.Objects = append(g.Objects, o)
		}
		if id, _ := v["@id"].(string); id != "" && len(v) > 1 {
			if g.byID == nil {
				g.byID = map[string]Object{}
			}
			if len(g.byID[id]) < len(v) {
				g.byID[id] = o
			}
		}
		for _, key := range nestingKeys {
			if inner, ok := v[key]; ok {
				g.collect(inner, depth+1)
			}
		}
	}
}

// nestingKeys are the properties under which pages nest the object that
// matters. A fixed order keeps the result the same from run to run.
var nestingKeys = []string{"@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "item", "liveBlogUpdate", "author", "publisher", "isPartOf", "hasPart", "subjectOf", "about", "video", "image"}

// Resolve follows v where it is a bare reference ({"@id": …}) to an object of
// the page.
func (g *Graph) Resolve(v any) any {
	o, ok := v.(map[string]any)
	if !ok || len(o) > 2 {
		return v
	}
	if id, _ := o["@id"].(string); id != "" && o["name"] == nil {
		if target, ok := g.byID[id]; ok {
			return map[string]any(target)
		}
	}
	return v
}

// Is says whether o has one of the types, whatever prefix it is written with.
func (o Object) Is(types ...string) bool {
	for _, t := range List(o["@type"]) {
		name, _ := t.(string)
		if i := strings.LastIndexAny(name, "/#:"); i >= 0 {
			name = name[i+1:]
		}
		for _, want := range types {
			if strings.EqualFold(name, want) {
				return true
			}
		}
	}
	return false
}

// List is v as a list: itself, or the one value, or nothing.
func List(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// String is the text of v: a string itself, or the value, name or address of an
// object, or the first of a list that has any.
func String(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case []any:
		for _, item := range v {
			if s := String(item); s != "" {
				return s
			}
		}
	case map[string]any:
		for _, key := range []string{"@value", "name", "url", "@id"} {
			if s, ok := v[key].(string); ok && s != "" {
				return strings.TrimSpace(s)
			}
		}
	}
	return ""
}
