package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
)

// PostgreSQL refuses a vector with a position above its highest, or with more positions of a word than it keeps.
func TestVectorStaysWithinPostgres(t *testing.T) {
	var body strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&body, "w%d ", i)
	}
	body.WriteString(strings.Repeat("often ", 300))
	vector := vectorOf(indexedWords{title: "one often", about: "two", body: body.String(), filters: "last"})
	found := map[string]pgtype.TSVectorLexeme{}
	for _, lexeme := range vector.Lexemes {
		found[lexeme.Word] = lexeme
	}
	// A position is free between two fields, so that no phrase matches across them.
	for word, want := range map[string][]uint16{
		"one": {1}, "often": {2, 16_383}, "two": {4}, "w0": {6}, "w16376": {16_382}, "w16377": {16_383}, "w19999": {16_383},
		"last": {16_383},
	} {
		var got []uint16
		for _, at := range found[word].Positions {
			got = append(got, at.Position)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s is at %v, want %v", word, got, want)
		}
	}
	often := vectorOf(indexedWords{body: strings.Repeat("often ", 300)})
	if got := len(often.Lexemes[0].Positions); got != 255 {
		t.Errorf("a word has %d positions, want 255", got)
	}
}
