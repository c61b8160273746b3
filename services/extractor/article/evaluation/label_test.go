package evaluation

import (
	"slices"
	"testing"
)

func TestLabelIgnoresCopies(t *testing.T) {
	t.Parallel()
	truth := "The council met on Tuesday and agreed.\n\nWhat next\n\nThe bridge will be repaired before winter comes."
	texts := []string{
		"The council met on Tuesday and agreed.", // a teaser that repeats the body far from it
		"Home", "News", "Sport", "Weather", "Travel", "Culture", "Opinion", "Letters", "Archive",
		"The council met on Tuesday and agreed.",
		"What next",
		"The bridge will be repaired before winter comes.",
		"What next",
		"Sign up for our free letter today",
	}
	got := Label(texts, truth)
	want := []float64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0}
	if !slices.Equal(got, want) {
		t.Errorf("Label = %v, want %v", got, want)
	}
}
