// Package jsonld reads the JSON-LD blocks of web pages into a flat list of objects.
// It repairs the common mistakes that make a block invalid JSON.
package jsonld

import (
	"bytes"
	"encoding/json"
	"html"
	"strconv"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonbound"
)

const (
	// maxObjects is the maximum number of objects read from a page. Pages that list
	// articles can contain thousands.
	maxObjects = 2000
	// maxDepth is the maximum nesting depth at which objects are found.
	maxDepth = 12
	// maxBytes, maxItems and maxNesting bound the blocks that are decoded: their size
	// in bytes and their values together, and the nesting of each.
	maxBytes   = 4 << 20
	maxItems   = 200_000
	maxNesting = 200
)

// Object is one JSON-LD node.
type Object map[string]any

// Graph holds all objects of a page. An object precedes those nested in it.
type Graph struct {
	Objects []Object
	byID    map[string]Object
	bytes   int // the size of the blocks added so far
	items   int // the number of their values
}

// Add reads the text of a script element into g. It reports whether the text could
// be read, if necessary after a repair. It ignores text that exceeds the limits of a
// page, together with the texts before it.
func (g *Graph) Add(script []byte) bool {
	script = unescape(trim(script))
	left := jsonbound.Limits{Bytes: maxBytes - g.bytes, Items: maxItems - g.items, Depth: maxNesting}
	items, ok := left.Count(script)
	if len(script) == 0 || !ok {
		return false
	}
	g.bytes += len(script)
	g.items += items
	var v any
	if err := json.Unmarshal(script, &v); err != nil {
		if err := json.Unmarshal(repair(script), &v); err != nil {
			return false
		}
	}
	g.collect(v, 0)
	return true
}

// unescape returns a script without references to characters if a template has escaped its
// quotation marks. HTML does not decode references in scripts.
func unescape(script []byte) []byte {
	if bytes.IndexByte(script, '"') >= 0 || bytes.IndexByte(script, '&') < 0 {
		return script
	}
	return []byte(html.UnescapeString(string(script)))
}

// trim removes white space, a byte order mark, and the CDATA and comment marks in
// which templates wrap scripts.
func trim(b []byte) []byte {
	for _, cut := range []string{"<!--", "//<![CDATA[", "/*<![CDATA[*/", "<![CDATA["} {
		b = bytes.TrimPrefix(bytes.TrimLeft(b, " \t\r\n\ufeff"), []byte(cut))
	}
	for _, cut := range []string{"-->", "//]]>", "/*]]>*/", "]]>", ";"} {
		b = bytes.TrimSuffix(bytes.TrimRight(b, " \t\r\n"), []byte(cut))
	}
	return bytes.TrimSpace(b)
}

// collect adds the objects in v. If several objects have the same @id, a look-up by
// that id returns the object with the most properties, because references repeat the
// @id.
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

// nestingKeys are the properties in which objects are nested. Their order decides the
// order of Graph.Objects.
var nestingKeys = []string{
	"@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "item", "liveBlogUpdate", "author", "publisher",
	"isPartOf", "hasPart", "subjectOf", "about", "video", "image",
}

// Resolve returns the object that v refers to if v is a bare reference
// ({"@id": …}) to an object of the page, and v otherwise.
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

// Is reports whether o has one of the types. It ignores case and prefixes such as
// https://schema.org/.
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

// List returns v if it is a list, and otherwise a list of v, which is empty if v is
// nil.
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

// String returns the text of v: v itself if it is a string, the value, name, URL or id
// of an object, or the first non-empty text in a list.
func String(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
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
