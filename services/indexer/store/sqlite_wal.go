package store

import (
	"context"
	"database/sql"
	"sync"
)

// Lengths of the write-ahead log in pages of 4,096 bytes.
const (
	// checkpointPages (16 MB) is how many pages are copied into the file at once.
	checkpointPages = 4 << 10
	// restartPages (64 MB) is the length at which the log restarts.
	restartPages = 16 << 10
	// maxLogPages (256 MB) is the length at which a commit itself copies the
	// pages, because the disk does not keep up.
	maxLogPages = "65536"
)

// checkpoints copies pages of the write-ahead log into the file while another
// connection writes. SQLite by itself would copy them in a commit, which delays
// the batch: 16 MB took 12 to 82 ms next to a NATS server that synced every message.
type checkpoints struct {
	db      *sql.DB // of one connection
	writer  *sql.DB
	mutex   sync.Mutex    // held while copying: only one connection can
	pending chan struct{} // has an element if the log has grown
	stop    context.CancelFunc
	stopped chan struct{}
}

func startCheckpoints(path string, writer *sql.DB) (*checkpoints, error) {
	db, err := sql.Open("sqlite", sqliteDSN(path, "synchronous(FULL)"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	ctx, stop := context.WithCancel(context.Background())
	c := &checkpoints{
		db: db, writer: writer, pending: make(chan struct{}, 1), stop: stop, stopped: make(chan struct{}),
	}
	go c.run(ctx)
	return c, nil
}

// committed notes that the log has grown.
func (c *checkpoints) committed() {
	select {
	case c.pending <- struct{}{}:
	default: // already noted
	}
}

func (c *checkpoints) run(ctx context.Context) {
	defer close(c.stopped)
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.pending:
			// The next checkpoint retries after an error. If the disk is full, the
			// commits report it.
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
	// The log restarts once all of it is copied, which requires that nobody
	// writes meanwhile. So the connection that writes copies the small rest.
	_, _, err = walCheckpoint(ctx, c.writer, "PASSIVE")
	return err
}

// walCheckpoint runs a checkpoint. It returns how many pages the log has, and
// how many of them are copied into the file.
func walCheckpoint(ctx context.Context, db *sql.DB, mode string) (log, copied int, err error) {
	var busy bool
	err = db.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &log, &copied)
	return log, copied, err
}

func (c *checkpoints) close() error {
	c.stop()
	<-c.stopped
	return c.db.Close()
}
