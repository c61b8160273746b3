package cli

import (
	"strings"
	"testing"
)

func TestPrintDiff(t *testing.T) {
	long := strings.Repeat("word ", 20)
	for _, test := range []struct{ name, want, got, output string }{
		{"equal", "the ferry  sails", "the ferry\nsails", "  no word differs\n"},
		{"replaced", "nine crowns", "ten crowns", "  [-nine-]\n  {+ten+}\n  crowns\n"},
		{"missing", "the old ferry", "the ferry", "  the\n  [-old-]\n  ferry\n"},
		{"too many", "the ferry", "the ferry sails", "  the ferry\n  {+sails+}\n"},
		{"all missing", "the ferry", "", "  [-the ferry-]\n"},
		{"long context", long + "a " + long, long + "b " + long,
			"  …" + strings.Repeat(" word", 8) + "\n  [-a-]\n  {+b+}\n  " + strings.Repeat("word ", 8) + "…\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b strings.Builder
			printDiff(&b, test.want, test.got)
			if b.String() != test.output {
				t.Errorf("got\n%swant\n%s", b.String(), test.output)
			}
		})
	}
}
