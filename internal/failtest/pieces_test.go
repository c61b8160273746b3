package failtest_test

import (
	"slices"
	"testing"

	"github.com/dateline-news/dateline/internal/failtest"
)

func TestPiecesFailAtEachStep(t *testing.T) {
	const ordinary = 7 // steps of a piece
	var failed []int
	started := 0
	failtest.Pieces(t, func() failtest.Program {
		steps := &failtest.Steps{}
		pieces := 0
		return failtest.Program{
			Steps: steps,
			Start: func(piece int) {
				if started++; piece != pieces {
					t.Errorf("piece %d has the number %d", pieces, piece)
				}
			},
			Await: func(piece int) {
				pieces++
				for i := range ordinary + 100*max(0, 1-piece) { // the first piece has more steps
					if steps.Next() {
						failed = append(failed, i)
					}
				}
			},
		}
	})
	slices.Sort(failed)
	if want := []int{0, 1, 2, 3, 4, 5, 6}; !slices.Equal(failed, want) {
		t.Errorf("the steps %v of %d pieces failed, want %v", failed, started, want)
	}
}
