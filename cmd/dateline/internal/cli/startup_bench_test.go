package cli

import (
	"bytes"
	"strings"
	"testing"
)

// BenchmarkStart builds all commands with their flags, which each call of the program does first.
func BenchmarkStart(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newRoot(Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}})
	}
}
