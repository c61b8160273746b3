package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/dateline-news/dateline/services/indexer/sketch"
)

// postgresNow is the server's clock in microseconds since 1970. All processes share it.
const postgresNow = `(extract(epoch FROM clock_timestamp()) * 1000000)::bigint`

// readKeys adds the keys that this process or another one has committed since the last call to
// the index. db is a transaction that has taken the last numbers of the table recent_keys for its
// own keys, or the pool.
func (s *postgresStore) readKeys(ctx context.Context, db interface {
	Query(ctx context.Context, query string, arguments ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, arguments ...any) pgx.Row
}, own int,
) error {
	var table keyTable
	err := db.QueryRow(ctx, `SELECT time + greatest(0, least(`+postgresNow+` - clock, $1)), first, last
		FROM copies_window WHERE id = 1`, s.keys.limits.maxClockStep()).Scan(&table.time, &table.first, &table.last)
	if err != nil {
		return err
	}
	table.last -= int64(own) // they are read once they are committed
	s.keys.seen(table.time, 0)
	if table.last > s.keys.lastRead() {
		rows, err := db.Query(ctx, `SELECT number, time, row, keys FROM recent_keys WHERE number >= $1 ORDER BY number`,
			table.firstUnread(s.keys))
		if err != nil {
			return err
		}
		var r recentKeys
		_, err = pgx.ForEachRow(rows, []any{&r.number, &r.time, &r.row, &r.keys}, func() error {
			s.keys.add(r)
			return nil
		})
		if err != nil {
			return err
		}
	}
	s.keys.seen(table.time, table.last)
	return nil
}

// storySearch is the first search for copies of the articles of a batch.
type storySearch struct {
	moves []storyMove
	// read is the last number of the table recent_keys that the search included.
	read int64
	// stories are the stories of the articles as they were then.
	stories map[*change]string
}

// searchStories looks for copies among the articles that are committed. Other processes may be
// storing copies at the same time: writeKeys finds those.
func (b *postgresBatch) searchStories(changes []*change) (storySearch, error) {
	if err := b.store.readKeys(b.ctx, b.tx, 0); err != nil {
		return storySearch{}, fmt.Errorf("reading the keys of the newest articles: %w", err)
	}
	search := storySearch{read: b.store.keys.lastRead(), stories: make(map[*change]string)}
	var err error
	search.moves, err = b.findStories(changes)
	for _, c := range changes {
		search.stories[c] = c.row.story
	}
	return search, err
}

// findStories reads the candidates of all articles of the batch at once.
func (b *postgresBatch) findStories(changes []*change) ([]storyMove, error) {
	closest := func(keys []uint64) []int64 { return closestRows(keys, b.store.keys.rowsOf) }
	var wanted []int64
	for _, own := range candidateKeys(changes) {
		wanted = append(wanted, closest(own)...)
	}
	byRow, err := b.loadCandidates(wanted)
	if err != nil {
		return nil, err
	}
	return findStories(changes, func(keys []uint64) ([]candidate, error) {
		var found []candidate
		for _, row := range closest(keys) {
			if one, ok := byRow[row]; ok {
				found = append(found, one)
			}
		}
		return found, nil
	})
}

// loadCandidates reads the articles of the given rows.
func (b *postgresBatch) loadCandidates(wanted []int64) (map[int64]candidate, error) {
	all := make(map[int64]candidate)
	if len(wanted) == 0 {
		return all, nil
	}
	query := `SELECT row, ` + candidateColumns.selected("") + ` FROM articles WHERE row = ANY ($1)`
	rows, err := b.tx.Query(b.ctx, query, wanted)
	if err != nil {
		return nil, err
	}
	var rowID int64
	var row articleRow
	_, err = pgx.ForEachRow(rows, append([]any{&rowID}, candidateColumns.fields(&row)...), func() error {
		s, err := sketch.Parse(row.sketch)
		if err != nil {
			return fmt.Errorf("article %s: %w", row.id, err)
		}
		all[rowID] = candidate{row.id, row.story, row.firstSeen, s}
		return nil
	})
	return all, err
}

// writeMoves moves articles to a story unless another process has given them one meanwhile, and
// stories into others.
func (b *postgresBatch) writeMoves(moves []storyMove) error {
	for _, m := range moves {
		err := b.exec(`UPDATE articles SET story = $3 WHERE id = $1 AND story IS NULL OR story = $2`, m.id, m.from, m.to)
		if err != nil {
			return fmt.Errorf("writing the story of %s%s: %w", m.id, m.from, err)
		}
	}
	return nil
}

// writeKeys replaces the keys of the articles whose sketch has changed, and deletes some of those
// that have left the window. Processes that write keys take turns until they commit, so that the
// order of numbers is that of commits. If another process has written some since the first
// search, it looks for copies again.
func (b *postgresBatch) writeKeys(changes []*change, first storySearch) error {
	var ids []string
	var keys [][]byte
	for _, c := range changes {
		if !c.isResketched() {
			continue
		}
		if !c.isNew {
			if err := b.removeKeys(c.rowID); err != nil {
				return err
			}
		}
		if own := sketch.KeyBytes(c.row.sketch); len(own) > 0 {
			ids, keys = append(ids, c.row.id), append(keys, own)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var table keyTable
	limits := b.store.keys.limits
	err := b.tx.QueryRow(b.ctx, `UPDATE copies_window SET time = time + greatest(0, least(n.now - clock, $1)),
			clock = n.now, last = last + $2, first = greatest(first, least($3, first + $4)),
			max_age = $5, max_articles = $6
		FROM (SELECT `+postgresNow+` AS now) n WHERE id = 1 RETURNING time, first, last`,
		limits.maxClockStep(), len(ids), b.store.keys.firstNumber(), maxDroppedKeys,
		limits.Window.Microseconds(), limits.Articles).
		Scan(&table.time, &table.first, &table.last)
	if err != nil {
		return fmt.Errorf("waiting for other processes that store articles: %w", err)
	}
	before := table.last - int64(len(ids))
	if before > first.read {
		if err := b.searchAgain(changes, first, len(ids)); err != nil {
			return err
		}
	}
	if err := b.exec(`INSERT INTO recent_keys (number, time, row, keys) SELECT k.number + $3, $4::bigint, a.row, k.keys
		FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS k (id, keys, number) JOIN articles a USING (id)`,
		ids, keys, before, table.time); err != nil {
		return err
	}
	return b.exec(`DELETE FROM recent_keys WHERE number >= $1 AND number < $2`, table.first-maxDroppedKeys, table.first)
}

// searchAgain looks for copies that other processes have committed since the first search. It
// repeats the first moves, because others may have entered the stories that were moved. own is the
// number of keys that the transaction is about to write.
func (b *postgresBatch) searchAgain(changes []*change, first storySearch, own int) error {
	if err := b.store.readKeys(b.ctx, b.tx, own); err != nil {
		return fmt.Errorf("reading the keys of the newest articles: %w", err)
	}
	moves, err := b.findStories(changes)
	if err != nil {
		return fmt.Errorf("looking for copies again: %w", err)
	}
	for _, c := range changes {
		if first.stories[c] == "" && c.row.story != "" {
			moves = append(moves, storyMove{id: c.row.id, to: c.row.story})
		}
	}
	return b.writeMoves(append(first.moves, moves...))
}

func (b *postgresBatch) removeKeys(rowID int64) error {
	return b.exec(`DELETE FROM recent_keys WHERE row = $1`, rowID)
}
