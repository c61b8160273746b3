package decode

import (
	"bytes"
	"strings"
	"testing"
)

// unclosedMeta is a page of meta elements that do not end.
func unclosedMeta(size int) []byte { return bytes.Repeat([]byte("<meta "), size/len("<meta ")) }

// TestMetaSearchIsLinear counts the bytes that are searched: each call may search only what
// the calls before have not.
func TestMetaSearchIsLinear(t *testing.T) {
	for _, size := range []int{1 << 10, 64 << 10} {
		searched := 0
		eachMeta(unclosedMeta(size), func(tag []byte) bool {
			searched += len(tag)
			return true
		})
		if searched == 0 || searched > size {
			t.Errorf("%d bytes of a page of %d were searched", searched, size)
		}
	}
}

func TestDeclaredInMeta(t *testing.T) {
	for page, want := range map[string]string{
		"<meta charset=koi8-r>":                                   "koi8-r",
		"<META name=a><meta CHARSET = 'windows-1251' />":          "windows-1251",
		"<meta <meta charset=koi8-r>":                             "koi8-r",
		"<p>a < b<meta charset=koi8-r>":                           "koi8-r",
		"<meta charset=none><meta charset=koi8-r>":                "koi8-r",
		"<meta charset=koi8-r":                                    "koi8-r",
		"<met":                                                    "",
		strings.Repeat(" ", metaWindow) + "<meta charset=koi8-r>": "",
	} {
		if got := declared([]byte(page), ""); got != want {
			t.Errorf("%.60q: %q, want %q", page, got, want)
		}
	}
}

// BenchmarkUnclosedMeta shows that the time per byte does not grow with the size.
func BenchmarkUnclosedMeta(b *testing.B) {
	for name, size := range map[string]int{"4KiB": 4 << 10, "64KiB": 64 << 10} {
		b.Run(name, func(b *testing.B) {
			page := unclosedMeta(size)
			b.SetBytes(int64(size))
			for b.Loop() {
				declared(page, "")
			}
		})
	}
}
