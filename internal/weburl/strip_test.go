package weburl

import (
	"slices"
	"strings"
	"testing"
)

func TestTrackingTableIsWellFormed(t *testing.T) {
	var names []string
	for line := range strings.Lines(trackingTable) {
		if !strings.HasPrefix(line, "#") {
			name, reason, found := strings.Cut(line, "#")
			if !found || strings.TrimSpace(reason) == "" {
				t.Errorf("%q does not name the origin of the parameter", line)
			}
			names = append(names, strings.TrimSpace(name))
		}
	}
	if !slices.IsSorted(names) {
		t.Error("the table is not sorted; use LC_ALL=C sort")
	}
	for i, name := range names {
		if name == "" || name != strings.ToLower(name) || strings.Contains(strings.TrimSuffix(name, "*"), "*") {
			t.Errorf("invalid entry %q", name)
		}
		for j, prefix := range names {
			if prefix, ok := strings.CutSuffix(prefix, "*"); ok && i != j && strings.HasPrefix(name, prefix) {
				t.Errorf("%q is covered by %q", name, prefix+"*")
			}
		}
	}
	if len(names) != len(trackingNames)+len(trackingPrefixes) || len(names) < 50 {
		t.Errorf("%d entries in the table, but %d names and %d prefixes were read",
			len(names), len(trackingNames), len(trackingPrefixes))
	}
}

func TestEveryTableEntryIsRemoved(t *testing.T) {
	for _, name := range trackingNames {
		if !isTracking(name) || !isTracking(strings.ToUpper(name)) ||
			isTracking(name+"x") && !slices.Contains(trackingNames, name+"x") {
			t.Errorf("%q is not matched as a whole name", name)
		}
	}
	for _, prefix := range trackingPrefixes {
		if !isTracking(prefix) || !isTracking(prefix+"a") || !isTracking(prefix+"zzz") || isTracking("x"+prefix) {
			t.Errorf("%q is not matched as a prefix", prefix)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	const raw = "https://www.Example.com/world/2026/11/23/a-headline-of-ordinary-length?id=7&utm_source=x&utm_medium=y#top"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}
