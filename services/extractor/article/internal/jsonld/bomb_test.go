package jsonld

import (
	"runtime"
	"strings"
	"testing"
)

// TestBombs adds blocks that are far larger in memory than as text. The work is counted
// in bytes that are allocated.
func TestBombs(t *testing.T) {
	const size, maxAllocated = maxBytes - 1000, 128 << 20
	list := func(item string) string { return "[" + strings.Repeat(item+",", size/(len(item)+1)) + "0]" }
	for name, script := range map[string]string{
		"lists":          list("[]"),
		"objects":        list("{}"),
		"properties":     list(`{"a":0}`),
		"numbers":        list("0"),
		"a deep list":    strings.Repeat("[", size),
		"a deep object":  strings.Repeat(`{"@graph":`, size/10),
		"a long number":  strings.Repeat("9", size),
		"duplicate keys": `{"@type":"Article"` + strings.Repeat(`,"a":[]`, size/7) + "}",
		"quotes":         `{"a":"` + strings.Repeat(`"x `, size/3),
		"commas":         `{"a":["` + strings.Repeat(`",   `, size/5),
	} {
		var g Graph
		if allocated := allocatedBy(func() { g.Add([]byte(script)) }); allocated > maxAllocated {
			t.Errorf("%s: %d MiB for a text of 4 MiB, want at most %d", name, allocated>>20, maxAllocated>>20)
		}
	}
	const block = `{"@type":"Article","a":[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]}`
	var g Graph
	if allocated := allocatedBy(func() {
		for range 100_000 {
			g.Add([]byte(block))
		}
	}); allocated > maxAllocated || len(g.Objects) > maxObjects {
		t.Errorf("many blocks: %d MiB and %d objects", allocated>>20, len(g.Objects))
	}
}

func allocatedBy(do func()) (bytes uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestReferencesInACircle resolves objects that refer to each other.
func TestReferencesInACircle(t *testing.T) {
	var g Graph
	g.Add([]byte(`{"@graph":[{"@id":"#a","@type":"Article","author":{"@id":"#b"}},
		{"@id":"#b","@type":"Person","author":{"@id":"#a"}},{"@id":"#c","author":{"@id":"#c"}}]}`))
	for _, o := range g.Objects {
		if resolved := g.Resolve(o["author"]); resolved != nil {
			String(resolved)
		}
	}
	if len(g.Objects) != 4 {
		t.Errorf("%d objects, want the graph and its three", len(g.Objects))
	}
}
