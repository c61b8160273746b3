package replay

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// leaseTime is the time after which a process that does not renew its lease of a run has
	// lost it.
	leaseTime = 10 * time.Second
	// renewInterval is the time between two renewals of a lease.
	renewInterval = 3 * time.Second
	// leasePoll is the time between two looks at the lease of another process.
	leasePoll = 500 * time.Millisecond
)

// The reasons for which a process must not go on with a run.
var (
	errUndone = errors.New("the run was undone: start a new one")
	errTaken  = errors.New("another process carries out the run: wait until it has ended")
)

// owned is the condition for the row of a run that this process carries out. Its arguments
// are the id of the run and the owner.
const owned = `id = $1 AND owner = $2 AND undo_time = 0`

// updateOwned executes a statement with the condition owned.
func (r Runs) updateOwned(ctx context.Context, run *Run, action, query string, args ...any) error {
	changed, err := r.update(ctx, action, query, append([]any{run.ID, run.owner}, args...)...)
	if err != nil || changed > 0 {
		return err
	}
	now, err := r.Run(ctx, run.ID)
	if err == nil {
		err = errTaken
		if !now.Undone.IsZero() {
			err = errUndone
		}
	}
	return fmt.Errorf("%s: %w", action, err)
}

// Resume returns an interrupted run, which this process carries out from now on. If another
// process still does, that is an error.
func (r Runs) Resume(ctx context.Context, id string, now func() time.Time) (*Run, error) {
	run, err := r.Run(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case !run.Undone.IsZero():
		return nil, fmt.Errorf("run %s: %w", run.ID, errUndone)
	case !run.Ended.IsZero():
		return nil, fmt.Errorf("run %s has ended: start a new one", run.ID)
	case len(run.Selection.Files) > 0:
		return nil, fmt.Errorf("run %s: %w", run.ID, ErrFiles)
	}
	// A process that was killed leaves a lease, which ends. One that runs renews it.
	lease, err := r.lease(ctx, id)
	if err != nil {
		return nil, err
	}
	for first := lease; now().Before(lease); {
		if !loop.Sleep(ctx, leasePoll) {
			return nil, ctx.Err()
		}
		if lease, err = r.lease(ctx, id); err != nil {
			return nil, err
		}
		if lease.After(first) {
			return nil, fmt.Errorf("run %s: %w", run.ID, errTaken)
		}
	}
	owner := rand.Text()
	taken, err := r.update(ctx, "continuing run "+id, `UPDATE replay_runs SET owner = $2, lease_time = $3
		WHERE id = $1 AND end_time = 0 AND undo_time = 0 AND lease_time <= $4`,
		id, owner, now().Add(leaseTime).UnixMicro(), now().UnixMicro())
	if err == nil && taken == 0 {
		err = fmt.Errorf("run %s: %w", id, errTaken)
	}
	if err != nil {
		return nil, err
	}
	if run, err = r.Run(ctx, id); err != nil { // the earlier owner may have gone on
		return nil, err
	}
	run.owner = owner
	return run, nil
}

// lease returns the time until which a process has the lease of a run.
func (r Runs) lease(ctx context.Context, id string) (time.Time, error) {
	scan := func(rows *sql.Rows) (micros int64, err error) { return micros, rows.Scan(&micros) }
	found, err := store.ReadRows(ctx, r.db, "reading the lease of run "+id, scan,
		`SELECT lease_time FROM replay_runs WHERE id = $1`, id)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("run %q: %w", id, ErrNoRun)
	}
	if err != nil {
		return time.Time{}, err
	}
	return timeOf(found[0]), nil
}

// holding calls do, and renews the lease of the run until do has returned. The context of do
// ends when the lease is lost.
func (r Runs) holding(
	ctx context.Context, run *Run, log *slog.Logger, now func() time.Time, do func(context.Context) error,
) error {
	tasks, working := errgroup.WithContext(ctx)
	renewing, stop := context.WithCancel(working)
	defer stop()
	tasks.Go(func() error {
		renewed := now()
		return loop.Every(renewing, renewInterval, func(ctx context.Context) error {
			err := r.updateOwned(ctx, run, "renewing the lease of run "+run.ID,
				`UPDATE replay_runs SET lease_time = $3 WHERE `+owned, now().Add(leaseTime).UnixMicro())
			switch {
			case err == nil:
				renewed = now()
			case ctx.Err() != nil:
			case errors.Is(err, errUndone) || errors.Is(err, errTaken) || now().Sub(renewed) >= leaseTime:
				return err
			default:
				log.WarnContext(ctx, "renewing the lease of a run failed, retrying", "run", run.ID, "error", err)
			}
			return nil //nolint:nilerr // the failure was logged, and the next turn retries
		})
	})
	tasks.Go(func() error {
		defer stop()
		return do(working)
	})
	err := tasks.Wait()
	_, released := r.update(context.WithoutCancel(ctx), "releasing run "+run.ID,
		`UPDATE replay_runs SET lease_time = 0 WHERE id = $1 AND owner = $2`, run.ID, run.owner)
	return errors.Join(err, released)
}

// markUndone marks a run as undone, and waits until no process carries it out. An interrupted
// run does not go on after that.
func (r Runs) markUndone(ctx context.Context, id string, now func() time.Time) error {
	_, err := r.update(ctx, "undoing run "+id, `UPDATE replay_runs SET undo_time = $2,
		end_time = CASE WHEN end_time = 0 THEN $2 ELSE end_time END WHERE id = $1 AND undo_time = 0`, id, now().UnixMicro())
	if err != nil {
		return err
	}
	for {
		lease, err := r.lease(ctx, id) // is not renewed any more
		if err != nil || !now().Before(lease) {
			return err
		}
		if !loop.Sleep(ctx, leasePoll) {
			return ctx.Err()
		}
	}
}
