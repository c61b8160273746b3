package body

import "testing"

func TestEndsWithCredit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"The ring around the moon (NASA/JPL-Caltech)":             true,
		"Divers at the old pier, 11 May 2026 (AFP / Jo Greve).":   true,
		"The goalkeeper after the match. IMAGO/Nico Berg":         true,
		"The ferry in the fog | Foto: Karin Holm":                 true,
		"The pier was closed (it will open again in spring).":     false,
		"The pier was closed in winter.":                          false,
		"More at https://example.com/pier/closed":                 false,
		"The board (five members) voted on Monday and/or Tuesday": false,
		"": false,
	} {
		if got := endsWithCredit([]byte(text)); got != want {
			t.Errorf("endsWithCredit(%q) = %v, want %v", text, got, want)
		}
	}
}
