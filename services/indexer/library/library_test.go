package library

import (
	"strings"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func TestDiff(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{"the ferry sails", "the ferry sails", "the ferry sails"},
		{"the ferry sails", "the old ferry sails", "the {+old +}ferry sails"},
		{"nine crowns", "ten crowns", "[-nine-]{+ten+} crowns"},
		{"", "new", "{+new+}"},
		{"gone", "", "[-gone-]"},
		{"", "", ""},
		{"北京市宣布新地铁", "北京市宣布旧地铁", "北京市宣布[-新-]{+旧+}地铁"},
		{"قطار الوادي", "قطار الجبل", "قطار [-الوادي-]{+الجبل+}"},
		{"a\n\nb", "a\n\nb\n\nc", "a\n\nb{+\n\nc+}"},
	} {
		var got strings.Builder
		for _, run := range DiffText(c.before, c.after) {
			switch run.Kind {
			case RunAdded:
				got.WriteString("{+" + run.Text + "+}")
			case RunRemoved:
				got.WriteString("[-" + run.Text + "-]")
			default:
				got.WriteString(run.Text)
			}
		}
		if got.String() != c.want {
			t.Errorf("diff of %q and %q: %q, want %q", c.before, c.after, got.String(), c.want)
		}
	}
	// More distinct words than there are runes below the surrogates.
	var long strings.Builder
	for i := range 70_000 {
		long.WriteString(strings.Repeat("x", i%7+1) + string(rune('a'+i%26)) + strings.Repeat("y",
			i/26%50) + strings.Repeat("z", i/1300) + " ")
	}
	if runs := DiffText(long.String(), long.String()+"end"); len(runs) != 2 || runs[1].Text != "end" {
		t.Errorf("the diff of a long text has %d runs, want 2", len(runs))
	}
}

// FuzzDiff verifies that both texts can be reconstructed from their difference.
func FuzzDiff(f *testing.F) {
	f.Add("the ferry sails", "the old ferry sails")
	f.Add("", "\xff\x00")
	f.Fuzz(func(t *testing.T, before, after string) {
		var was, is strings.Builder
		for _, run := range DiffText(before, after) {
			if run.Kind != RunAdded {
				was.WriteString(run.Text)
			}
			if run.Kind != RunRemoved {
				is.WriteString(run.Text)
			}
		}
		if was.String() != before || is.String() != after {
			t.Errorf("%q and %q are reconstructed as %q and %q", before, after, was.String(), is.String())
		}
	})
}

func TestCorrection(t *testing.T) {
	filler := strings.Repeat("A paragraph of the text.\n\n", 8)
	for text, want := range map[string]bool{
		"Correction: the ferry sails on Sunday.\n\n" + filler:                                true,
		filler + "• This article was amended on 3 March 2026 to give the right name.":        true,
		filler + "An earlier version of this story named the wrong board.":                   true,
		filler + "Correction (4 March): nine crowns, not ten.":                               true,
		filler + "Editor's note — this text has been corrected.":                             true,
		filler + "Korrektur: In einer früheren Fassung stand ein falscher Name.":             true,
		filler + "In einer früheren Version dieses Artikels hieß es, die Fähre fahre nicht.": true,
		filler + "Rectificatif : le ferry part dimanche.":                                    true,
		filler + "Düzeltme: Vapur pazar günü kalkacak.":                                      true,
		filler + "Исправление: паром отправится в воскресенье.":                              true,
		filler + "تصحيح: العبارة تبحر يوم الأحد.":                                            true,
		filler + "更正：渡轮星期日开航。":                                                               true,
		filler + "訂正：フェリーは日曜日に出航します。":                                                        true,
		filler + "Corrections officers went on strike on Sunday.":                            false,
		filler + "The correction of the harbour wall took nine years.":                       false,
		filler + "Precision engineering came to the harbour.":                                false,
		filler + "This article first appeared in the Ledger.":                                false,
		filler + filler + "Correction: in the middle.\n\n" + filler + filler:                 false,
		filler: false,
		"":     false,
	} {
		if got := Correction(&datelinev1.Article{Text: text}); (got != "") != want {
			t.Errorf("Correction of %.60q… = %q, want one: %v", strings.TrimPrefix(text, filler), got, want)
		}
	}
}
