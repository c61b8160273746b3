package failtest

import "testing"

// Program is a program that runs, and through which pieces of work pass.
type Program struct {
	// Name says what fails.
	Name string
	// Steps are those of the program, including what it does in the background.
	Steps *Steps
	// Start gives the program a piece of work, and Await waits until the piece has ended. Both get its number, and
	// report an error to the test if the piece does not end as it should.
	Start, Await func(piece int)
}

const (
	// lanes is the number of programs of a kind that share the steps, so that they wait at the same time.
	lanes = 4
	// samples is the number of pieces whose steps are counted.
	samples = 3
)

// lane is one of the programs of a kind.
type lane struct {
	Program

	pieces int // that have passed
	steps  int // of a piece
	next   int // number of the step that fails next
}

// Pieces passes pieces of work through programs: first without a failure, and then with the first step of a piece
// failing, the second step of another piece, and so on, until one more step has failed than a piece has. kinds start
// the programs of each kind.
func Pieces(t *testing.T, kinds ...func() Program) {
	t.Helper()
	var all []*lane
	for _, start := range kinds {
		for i := range lanes {
			all = append(all, &lane{Program: start(), steps: maxSteps, next: i})
		}
	}
	pass(t, all, nil) // the first piece may have more steps than others
	for range samples {
		pass(t, all, func(l *lane) { l.Steps.After(maxSteps) })
		for _, l := range all {
			l.steps = min(l.steps, l.Steps.count())
		}
	}
	for left := all; len(left) > 0; {
		pass(t, left, func(l *lane) { l.Steps.After(l.next) })
		var more []*lane
		for _, l := range left {
			if l.next += lanes; l.next <= l.steps {
				more = append(more, l)
			}
		}
		left = more
	}
}

// pass passes a piece through each program.
func pass(t *testing.T, through []*lane, prepare func(*lane)) {
	t.Helper()
	for _, l := range through {
		if prepare != nil {
			prepare(l)
		}
		l.Start(l.pieces)
	}
	for _, l := range through {
		l.Await(l.pieces)
		l.pieces++
		l.Steps.Failed()
		if t.Failed() {
			t.Fatalf("%s: step %d of about %d failed", l.Name, l.next+1, l.steps)
		}
	}
}

// count returns the number of steps since the last call of After.
func (s *Steps) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passed
}
