package forms

import (
	"bytes"
	"encoding/csv"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestNoCellIsAFormula has titles that a spreadsheet would run, and ones that only look similar.
func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"=SUM(A1)": "'=SUM(A1)", "+1": "'+1", "-1": "'-1", "@A1": "'@A1", "\tA": "'\tA", "＝A1": "'＝A1", "＠A1": "'＠A1",
		"a = b": "a = b", "Sea-front": "Sea-front", "'=A1": "'=A1", "": "", "e@example.com": "e@example.com",
	} {
		var file bytes.Buffer
		event := Event{ID: "id", Type: TypeNew, Article: &datelinev1.Article{Title: title}}
		if err := WriteFile(&file, CSV, []Event{event}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&file).ReadAll()
		if err != nil || len(rows) != 2 || rows[1][9] != want {
			t.Errorf("%q: %q, %v; want the cell %q", title, rows, err, want)
		}
	}
}
