package replica

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// TestReasons has the errors of a server that is unavailable, of a conflict, and of a query that never succeeds.
func TestReasons(t *testing.T) {
	code := func(code string) error { return fmt.Errorf("reading: %w", &pgconn.PgError{Code: code}) }
	for _, c := range []struct {
		err  error
		want reason
	}{
		{code("40001"), conflict}, {code("40P01"), conflict}, {code("57014"), conflict},
		{code("08006"), unavailable}, {code("53300"), unavailable}, {code("57P01"), unavailable},
		{code("57P03"), unavailable}, {code("40002"), otherReason}, {code("53200"), otherReason},
		{code("22023"), otherReason}, {code("42P01"), otherReason},
		{io.EOF, unavailable}, {fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), unavailable},
		{&net.OpError{Op: "read", Err: errors.New("reset")}, unavailable}, {errGone, unavailable},
		{context.Canceled, unavailable}, {context.DeadlineExceeded, unavailable}, {driver.ErrBadConn, unavailable},
		{sql.ErrConnDone, unavailable}, {errors.New("conn closed"), unavailable}, {errors.New("no such column"), otherReason},
	} {
		if got := reasonOf(c.err); got != c.want {
			t.Errorf("%v: %s, want %s", c.err, got, c.want)
		}
	}
}

// TestLagAtItsLimit has a replica that is just as far behind as allowed, and further.
func TestLagAtItsLimit(t *testing.T) {
	for _, c := range []struct {
		lag     lag
		maximum time.Duration
		want    bool
	}{
		{lag{10 * time.Second, true}, 10 * time.Second, true}, {lag{10*time.Second + 1, true}, 10 * time.Second, false},
		{lag{}, 10 * time.Second, false}, {lag{}, 0, true}, {lag{time.Hour, true}, 0, true},
	} {
		if got := c.lag.within(c.maximum); got != c.want {
			t.Errorf("%+v is within %s: %t", c.lag, c.maximum, got)
		}
	}
	var none *observation
	for of, want := range map[*observation]lag{
		none: {}, {time: noon}: {}, {time: noon, complete: at(-7)}: {7 * time.Second, true},
		{time: noon, complete: at(7)}: {0, true},
	} {
		if got := of.lag(noon); got != want {
			t.Errorf("%+v: the lag is %+v, want %+v", of, got, want)
		}
	}
}

// TestMarks looks up when the primary was where a replica is.
func TestMarks(t *testing.T) {
	of := func(positions ...uint64) *marks {
		m := &marks{}
		for i, position := range positions {
			m.add(at(i), position)
		}
		return m
	}
	for name, c := range map[string]struct {
		marks *marks
		reach uint64
		want  time.Time
		left  int
	}{
		"nothing is known":       {of(), 5, time.Time{}, 0},
		"before the first":       {of(10, 20), 9, time.Time{}, 2},
		"at the first":           {of(10, 20), 10, at(0), 2},
		"between":                {of(10, 20, 30), 29, at(1), 2},
		"at the last":            {of(10, 20, 30), 30, at(2), 1},
		"after the last":         {of(10, 20, 30), 31, at(2), 1},
		"nothing is written":     {of(10, 10, 10), 10, at(2), 1},
		"another primary":        {of(10, 20, 15), 14, time.Time{}, 1},
		"another primary's mark": {of(10, 20, 15, 16), 16, at(3), 1},
	} {
		got := c.marks.reached(c.reach)
		if !got.Equal(c.want) || len(*c.marks) != c.left {
			t.Errorf("%s: %v with %d marks left, want %v with %d", name, got, len(*c.marks), c.want, c.left)
		}
	}
	var many []uint64
	for i := range uint64(maxMarks) {
		many = append(many, 10*i)
	}
	full := of(many...)
	if len(*full) != maxMarks {
		t.Errorf("%d marks, want %d", len(*full), maxMarks)
	}
	if full.add(at(maxMarks), 10*maxMarks); len(*full) != maxMarks/2+1 {
		t.Errorf("%d marks after one more, want %d", len(*full), maxMarks/2+1)
	}
	if got := full.reached(39); !got.Equal(at(2)) {
		t.Errorf("with every other mark, the position was reached at %v, want %v", got, at(2))
	}
}

// TestPositions has positions of records that end with a page, and of others.
func TestPositions(t *testing.T) {
	for insert, want := range map[uint64]uint64{
		0: 0, 8192: 8192, 8192 + 24: 8192, 8192 + 40: 8192, 8192 + 23: 8192 + 23, 8192 + 25: 8192 + 25, 8192 + 41: 8192 + 41,
		2*8192 + 24: 2 * 8192,
	} {
		if got := recordEnd(insert); got != want {
			t.Errorf("the record ends at %d, want %d", got, want)
		}
	}
	ctx := t.Context()
	for _, c := range []struct {
		position string
		want     uint64
	}{{"", 0}, {"x", 0}, {"-1", 0}, {"7", 7}, {"5", 7}, {"9", 9}, {"9223372036854775808", 9}} {
		if ctx = After(ctx, c.position); wantedPosition(ctx) != c.want {
			t.Errorf("after %q: %d, want %d", c.position, wantedPosition(ctx), c.want)
		}
	}
	if wantsFresh(ctx) || !wantsFresh(Fresh(ctx)) {
		t.Error("fresh reads are not told from others")
	}
	s := &Store{}
	for _, c := range [][2]uint64{{5, 5}, {3, 5}, {5, 5}, {8, 8}} {
		s.advance(c[0])
		s.placeChange(c[0])
		if s.replayed.Load() != c[1] || s.changed.Load() != c[1] {
			t.Errorf("after %d: replayed %d, changed %d; want %d", c[0], s.replayed.Load(), s.changed.Load(), c[1])
		}
	}
}

// TestTrackedReads says which servers have answered, and how old the answers are.
func TestTrackedReads(t *testing.T) {
	for name, c := range map[string]struct {
		reads *Reads
		from  string
		age   time.Duration
		known bool
	}{
		"nothing":     {&Reads{}, "", 0, false},
		"the primary": {&Reads{primary: true}, Primary, 0, false},
		"both":        {&Reads{primary: true, replica: true, oldest: at(-3)}, Replica, 3 * time.Second, true},
		"the future":  {&Reads{replica: true, oldest: at(3)}, Replica, 0, true},
		"unknown":     {&Reads{replica: true, unknown: true, oldest: at(-3)}, Replica, 0, false},
	} {
		if from := c.reads.From(); from != c.from {
			t.Errorf("%s: read from %q, want %q", name, from, c.from)
		}
		if age, known := c.reads.Age(noon); age != c.age || known != c.known {
			t.Errorf("%s: %s old, known %t; want %s, %t", name, age, known, c.age, c.known)
		}
	}
	if Tracked(t.Context()) != nil {
		t.Error("a context is tracked that need not be")
	}
	if ctx, reads := Track(t.Context()); Tracked(ctx) != reads {
		t.Error("a context is not tracked")
	}
}
