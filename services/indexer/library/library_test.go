package library

import (
	"strings"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

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
