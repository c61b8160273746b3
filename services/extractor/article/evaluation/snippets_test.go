package evaluation

import "testing"

func TestSnippets(t *testing.T) {
	t.Parallel()
	truth := &Truth{
		With: []string{"the old pier", "until  March", "in spring"}, Without: []string{"Subscribe", "Read more"},
	}
	got := CountSnippets("Ferries leave\nthe old\npier until March. Subscribe now.", truth)
	if want := (Snippets{Found: 2, Missing: 1, Unwanted: 1}); got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	if !opens("Close to\nthe  old pier.", truth) || opens("Ferries leave until March.", truth) {
		t.Error("only the first required snippet decides whether the opening is found")
	}
	got.Add(Snippets{Found: 2})
	if got.Precision() != 0.8 || got.Recall() != 0.8 || got.F1() != 0.8 {
		t.Errorf("precision %v, recall %v, F1 %v, want 0.8 each", got.Precision(), got.Recall(), got.F1())
	}
	if none := (Snippets{}); none.Precision() != 0 || none.F1() != 0 {
		t.Error("the shares of no snippets are not 0")
	}
}
