package store

import (
	"context"
	"database/sql"
	"sync"
)

// Pages of 4,096 bytes.
const (
	// checkpointPages of the write-ahead log, 16 MB, are copied into the file at once.
	checkpointPages = 4 << 10
	// restartPages, 64 MB, are how long the log becomes before it begins anew.
	restartPages = 16 << 10
	// maxLogPages, 256 MB, are where a commit itself copies them: the disk does not keep up.
	maxLogPages = "65536"
)

// checkpoints copies pages of the write-ahead log into the file beside the
// connection that writes. Left to SQLite, a commit does so and its batch waits for it;
// 16 MB took 12 to 82 ms beside a NATS server that synced every message.
type checkpoints struct {
	db      *sql.DB // of one connection
	writer  *sql.DB
	mutex   sync.Mutex // held by what copies, since two cannot
	waiting chan struct{}
	stop    context.CancelFunc
	ended   chan struct{}
}

func startCheckpoints(path string, writer *sql.DB) (*checkpoints, error) {
	db, err := sql.Open("sqlite", sqliteDSN(path, "synchronous(FULL)"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	ctx, stop := context.WithCancel(context.Background())
	c := &checkpoints{db: db, writer: writer, waiting: make(chan struct{}, 1), stop: stop, ended: make(chan struct{})}
	go c.run(ctx)
	return c, nil
}

// committed tells that the log has grown.
func (c *checkpoints) committed() {
	select {
	case c.waiting <- struct{}{}:
	default: // it is known
	}
}

func (c *checkpoints) run(ctx context.Context) {
	defer close(c.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.waiting:
			// What fails is left to the next one; a disk that is full is said by a commit.
			_ = c.checkpoint(ctx)
		}
	}
}

func (c *checkpoints) checkpoint(ctx context.Context) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	log, copied, err := walCheckpoint(ctx, c.db, "NOOP")
	if err != nil || log-copied < checkpointPages {
		return err
	}
	log, _, err = walCheckpoint(ctx, c.db, "PASSIVE")
	if err != nil || log < restartPages {
		return err
	}
	// The log begins anew where all of it is copied, which takes that nobody writes
	// meanwhile: there is little left.
	_, _, err = walCheckpoint(ctx, c.writer, "PASSIVE")
	return err
}

// walCheckpoint returns how many pages are in the log, and how many of them are
// copied.
func walCheckpoint(ctx context.Context, db *sql.DB, mode string) (log, copied int, err error) {
	var busy bool
	err = db.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &log, &copied)
	return log, copied, err
}

func (c *checkpoints) close() error {
	c.stop()
	<-c.ended
	return c.db.Close()
}
