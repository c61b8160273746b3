package store

import (
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// PostgreSQL keeps the first 255 positions of each word of a tsvector. The
// highest position is 16,383, and later words have this position, too.
const (
	maxVectorPositions = 255
	maxVectorPosition  = 1<<14 - 1
)

// vectorOf returns words as PostgreSQL indexes them, without using its parser
// and dictionaries. It leaves a position free between two fields, so that no
// phrase matches across them.
func vectorOf(words indexedWords) pgtype.TSVector {
	vector := pgtype.TSVector{Valid: true}
	known := make(map[string]int, 512) // index of each word in the vector
	position := uint16(1)
	for _, field := range []struct {
		words  string
		weight pgtype.TSVectorWeight
	}{{words.title, 'A'}, {words.about, 'B'}, {words.bodyAndStems(), 'D'}, {words.filters, 'D'}} {
		for word := range strings.FieldsSeq(field.words) {
			i, ok := known[word]
			if !ok {
				i = len(vector.Lexemes)
				known[word], vector.Lexemes = i, append(vector.Lexemes, pgtype.TSVectorLexeme{Word: word})
			}
			lexeme := &vector.Lexemes[i]
			n := len(lexeme.Positions)
			if n == 0 || n < maxVectorPositions && lexeme.Positions[n-1].Position < position {
				at := pgtype.TSVectorPosition{Position: position, Weight: field.weight}
				lexeme.Positions = append(lexeme.Positions, at)
			}
			position = min(position+1, maxVectorPosition)
		}
		position = min(position+1, maxVectorPosition)
	}
	return vector
}
