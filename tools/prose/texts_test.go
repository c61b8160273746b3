package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const source = `// Package p is a
// fixture.
package p

import "fmt"

//go:generate echo nothing to see here

/* A block
comment. */
var query = "SELECT a FROM b WHERE c"

func f() {
	fmt.Println("a text that people read", "key", "two words") // beside it
}

var long = ` + "`first line of a text\nand its second line`" + `
`

func TestTextsKeepTheirLines(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "p.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	blocks, err := textsOf(root, "p.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(lay(blocks), "\n")
	want := slices.Clone(strings.Split(source, "\n"))
	for i := range want {
		want[i] = ""
	}
	want[0], want[1] = "Package p is a", "fixture."
	want[8], want[9] = " A block", "comment. "
	want[13] = "a text that people read / beside it"
	want[16], want[17] = "first line of a text", "and its second line"
	for i := range lines {
		if lines[i] != want[i] {
			t.Errorf("line %d is %q, want %q", i+1, lines[i], want[i])
		}
	}
}

func TestSampleIsTheSameForASeed(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "p.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := sample(out, root, []string{"p.go"}, 2, 7); err != nil {
			t.Fatal(err)
		}
	}
	if first.String() != second.String() || strings.Count(first.String(), "p.go:") != 2 {
		t.Errorf("two draws with one seed: %q and %q, want the same two comments", first.String(), second.String())
	}
}
