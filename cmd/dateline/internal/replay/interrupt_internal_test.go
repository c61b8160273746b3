package replay

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// begin opens a store and starts a run in it. The statements are the same in both kinds of store.
func begin(t *testing.T) (store.Store, Runs, *Run) {
	t.Helper()
	s := storetest.Open(t, storetest.SQLite(t))
	runs := RunsOf(s)
	run, err := runs.Start(t.Context(), Selection{}, 7, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return s, runs, run
}

// TestInterruptedReads interrupts each read at each of its steps: it must fail or return the whole answer.
func TestInterruptedReads(t *testing.T) {
	t.Parallel()
	s, runs, run := begin(t)
	_, err := s.SQL().Writer.ExecContext(t.Context(), `INSERT INTO replaced_records
		(run, article_id, number, extract_time, restored, record) VALUES ($1, 'a', 1, 0, false, x'01')`, run.ID)
	if err != nil {
		t.Fatal(err)
	}
	ctxtest.Reads(t, 1, map[string]func(context.Context) (any, error){
		"list":  func(ctx context.Context) (any, error) { return runs.List(ctx) },
		"run":   func(ctx context.Context) (any, error) { return runs.Run(ctx, run.ID) },
		"lease": func(ctx context.Context) (any, error) { return runs.lease(ctx, run.ID) },
		"replaced": func(ctx context.Context) (any, error) {
			found, err := runs.replaced(ctx, run.ID, replacedRecord{}, 10)
			return len(found), err
		},
	})
}

// TestInterruptedWrites interrupts each write at each of its steps: if it reports no error, it has taken effect.
func TestInterruptedWrites(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		write func(ctx context.Context, runs Runs, run *Run) (*Run, error)
		done  func(run *Run) bool // reports whether the stored run has changed
	}{
		"start": {
			func(ctx context.Context, runs Runs, _ *Run) (*Run, error) {
				return runs.Start(ctx, Selection{}, 8, time.Now())
			},
			func(run *Run) bool { return run.Counts.Expected == 8 },
		},
		"save": {
			func(ctx context.Context, runs Runs, run *Run) (*Run, error) {
				run.Counts.Pages, run.Ended = 3, time.Now()
				return run, runs.save(ctx, run)
			},
			func(run *Run) bool { return run.Counts.Pages == 3 && !run.Ended.IsZero() },
		},
		"undo": {
			func(ctx context.Context, runs Runs, run *Run) (*Run, error) {
				later := func() time.Time { return time.Now().Add(leaseTime) } // the lease has ended
				return run, runs.markUndone(ctx, run.ID, later)
			},
			func(run *Run) bool { return !run.Undone.IsZero() },
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctxtest.Interrupt(t, 1, func(ctx context.Context) error {
				_, runs, run := begin(t)
				run, err := test.write(ctx, runs, run)
				if err != nil {
					return err
				}
				stored, failed := runs.Run(t.Context(), run.ID)
				if failed != nil {
					t.Fatal(failed)
				}
				if !test.done(stored) {
					t.Errorf("without an error, %+v is stored", stored)
				}
				return nil
			})
		})
	}
}

// TestLeaseOfARun reads the lease of a new run.
func TestLeaseOfARun(t *testing.T) {
	t.Parallel()
	earliest := time.Now().Add(leaseTime).Truncate(time.Microsecond)
	_, runs, run := begin(t)
	lease, err := runs.lease(t.Context(), run.ID)
	if err != nil || lease.Before(earliest) || lease.After(time.Now().Add(leaseTime)) {
		t.Errorf("lease until %s, %v; want at least %s", lease, err, earliest)
	}
}

// TestLostRun has another process continue a run, or undo it, while this one believes that the run is its own.
func TestLostRun(t *testing.T) {
	t.Parallel()
	later := func() time.Time { return time.Now().Add(2 * leaseTime) }
	for name, test := range map[string]struct {
		lose func(runs Runs, id string) error
		want error
	}{
		"taken": {func(runs Runs, id string) error {
			_, err := runs.Resume(t.Context(), id, later)
			return err
		}, errTaken},
		"undone":  {func(runs Runs, id string) error { return runs.markUndone(t.Context(), id, later) }, errUndone},
		"deleted": {func(runs Runs, _ string) error { return runs.deleteOld(t.Context(), later()) }, ErrNoRun},
	} {
		t.Run(name, func(t *testing.T) {
			_, runs, run := begin(t)
			if err := runs.save(t.Context(), run); err != nil {
				t.Fatalf("before: %v", err)
			}
			if err := test.lose(runs, run.ID); err != nil {
				t.Fatal(err)
			}
			if err := runs.save(t.Context(), run); !errors.Is(err, test.want) {
				t.Errorf("storing progress: %v, want %v", err, test.want)
			}
		})
	}
}

// TestLeaseEndsTheWork has another process take a run. The work on it is told to end, and the error says why.
func TestLeaseEndsTheWork(t *testing.T) {
	t.Parallel()
	for column, want := range map[string]error{"owner": errTaken, "undo_time": errUndone} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			s, runs, run := begin(t)
			if _, err := s.SQL().Writer.ExecContext(t.Context(), `UPDATE replay_runs SET `+column+` = '1'`); err != nil {
				t.Fatal(err)
			}
			at := time.Now()
			now := func() time.Time { return at } // so that the work does not end because of the time
			err := runs.holding(t.Context(), run, slog.New(slog.DiscardHandler), now, func(ctx context.Context) error {
				select {
				case <-ctx.Done():
				case <-natstest.Context(t).Done():
					t.Error("the work is not told to end")
				}
				return nil
			})
			if !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
		})
	}
}

// TestFailingStoreEndsTheLease renews a lease in a store that fails. The work goes on as long as nobody else can have
// taken the run, and no longer.
func TestFailingStoreEndsTheLease(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		passed time.Duration // between the start of the work and the failure
		ends   bool
	}{
		"before the end of the lease": {leaseTime - 1, false},
		"at the end of the lease":     {leaseTime, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, runs, run := begin(t)
			if _, err := s.SQL().Writer.ExecContext(t.Context(), `ALTER TABLE replay_runs RENAME TO away`); err != nil {
				t.Fatal(err)
			}
			warned, began := make(chan struct{}, 100), time.Now()
			log := slog.New(slog.NewTextHandler(told(warned), nil))
			first := true
			now := func() time.Time {
				if first {
					first = false
					return began
				}
				return began.Add(test.passed)
			}
			ended := false
			err := runs.holding(t.Context(), run, log, now, func(ctx context.Context) error {
				select {
				case <-ctx.Done():
					ended = true
				case <-warned:
				case <-natstest.Context(t).Done():
					t.Error("the failure is neither logged nor does it end the work")
				}
				return nil
			})
			if ended != test.ends {
				t.Errorf("the work was told to end: %t, want %t: %v", ended, test.ends, err)
			}
		})
	}
}

// told is a log that sends a value for each entry.
type told chan<- struct{}

func (c told) Write(line []byte) (int, error) {
	c <- struct{}{}
	return len(line), nil
}

// TestResumeRefuses continues runs that cannot be continued.
func TestResumeRefuses(t *testing.T) {
	t.Parallel()
	_, runs, run := begin(t)
	archives, err := runs.Start(t.Context(), Selection{Files: []string{"pages"}}, 0, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	later := func() time.Time { return time.Now().Add(2 * leaseTime) }
	if err := runs.markUndone(t.Context(), run.ID, later); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]error{"none": ErrNoRun, run.ID: errUndone, archives.ID: ErrFiles} {
		if _, err := runs.Resume(t.Context(), id, later); !errors.Is(err, want) {
			t.Errorf("run %s: %v, want %v", id, err, want)
		}
	}
}
