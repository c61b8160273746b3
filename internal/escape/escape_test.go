package escape_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/escape"
)

// unsafe is text that a terminal would act on.
const unsafe = "a\x1b[2Jb\rc\x00d\x7fe\u009bf\u202eg\u2066h\u200fi\u2028j\x9bk"

const escaped = `a\u001b[2Jb\u000dc\u0000d\u007fe\u009bf\u202eg\u2066h\u200fi\u2028j\x9bk`

func TestWriter(t *testing.T) {
	const safe = "ñ 中文 🗞 \u200d\n\t"
	text := unsafe + safe
	for size := 1; size <= len(text); size++ {
		var b strings.Builder
		w := escape.NewWriter(&b)
		for part := text; part != ""; {
			n := min(size, len(part))
			if written, err := w.Write([]byte(part[:n])); err != nil || written != n {
				t.Fatal(written, err)
			}
			part = part[n:]
		}
		if b.String() != escaped+safe {
			t.Fatalf("in parts of %d bytes: %q, want %q", size, b.String(), escaped+safe)
		}
	}
}

// failing accepts a number of writes.
type failing struct{ left int }

func (f *failing) Write(text []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, fmt.Errorf("write %d after the end", -f.left)
	}
	return len(text), nil
}

// TestFailureIsKept checks that a write that failed is reported at the end. The first one counts.
func TestFailureIsKept(t *testing.T) {
	w := escape.NewWriter(&failing{left: 1})
	fmt.Fprint(w, unsafe)
	if err := w.Err(); err != nil {
		t.Errorf("error %v after a write that succeeded", err)
	}
	fmt.Fprint(w, unsafe)
	fmt.Fprint(w, unsafe)
	if err := w.Err(); err == nil || err.Error() != "write 1 after the end" {
		t.Errorf("got error %v, want that of the second write", err)
	}
}

func TestJSONKeepsItsValue(t *testing.T) {
	value := strings.ToValidUTF8(unsafe, "") + "\n<é>"
	var b strings.Builder
	encoder := json.NewEncoder(escape.NewWriter(&b))
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil || got != value {
		t.Errorf("%q, %v, want %q", got, err, value)
	}
}

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"plain":             "plain",
		"two  spaces":       "two  spaces",
		"one\n\ttwo\r\n":    "one two",
		unsafe:              strings.Replace(strings.Replace(escaped, `b\u000dc`, "b c", 1), `\u2028`, " ", 1),
		"broken \xff":       `broken \xff`,
		"a\u0085forged row": "a forged row",
	} {
		if got := escape.Line(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	for text, want := range map[string]string{
		"a\n\tb  c": "a b c", "abcdef": "abcdef", "abcdefg": "abcdef …", "abcdeé": "abcde …", "a\xff": "a\uFFFD",
	} {
		if got := escape.Excerpt(text, 6); got != want {
			t.Errorf("the excerpt of %q is %q, want %q", text, got, want)
		}
	}
}

// What has been written is complete also if a text ends within a character.
func TestIncompleteEnds(t *testing.T) {
	for text, want := range map[string]string{
		"a\xf0\x9f\x97": "a", "a\xe4\xb8": "a", "a\xc3": "a", "aé": "aé",
		"a\x80": `a\x80`, "a\x80\x80\x80\x80": `a\x80\x80\x80\x80`,
	} {
		var b strings.Builder
		w := escape.NewWriter(&b)
		if n, err := w.Write([]byte(text)); err != nil || n != len(text) || b.String() != want {
			t.Errorf("%q: wrote %d bytes, %v: %q, want %q", text, n, err, b.String(), want)
		}
		if w.Unwrap() != &b || w.Err() != nil {
			t.Errorf("%q: the writer below is another one, or the error is %v", text, w.Err())
		}
	}
	if n, err := escape.NewWriter(&failing{}).Write([]byte("a")); n != 0 || err == nil {
		t.Errorf("a write that failed: %d, %v", n, err)
	}
}
