package store

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/dateline-news/dateline/services/indexer/sketch"
)

// Rows are numbered by time, so that the index of words returns articles in that
// order: the second of the sort time is followed by rowBits bits that number the
// rows of that second.
const rowBits = 29

// rowsOfSecond returns the first and the last row of a second. Times more than
// 272 years from 1970 have the rows of the outermost second.
func rowsOfSecond(t time.Time) (first, last int64) {
	const outermost = 1<<(63-rowBits-1) - 1
	second := min(max(t.Unix(), -outermost), outermost)
	first = second << rowBits
	return first, first + 1<<rowBits - 1
}

// join moves the data stored under other ids to the article's own id.
func (b *sqliteBatch) join(c *change) error {
	var steps []step
	move := func(from string, offset int) {
		steps = append(steps,
			step{`UPDATE revisions SET article_id = ?2, number = number + ?3 WHERE article_id = ?1`,
				[]any{from, c.row.id, offset}},
			step{`UPDATE replaced_records SET article_id = ?2, number = number + ?3 WHERE article_id = ?1`,
				[]any{from, c.row.id, offset}},
			step{`UPDATE aliases SET article_id = ?2, canonical = 0 WHERE article_id = ?1`, []any{from, c.row.id}})
	}
	if c.renamedFrom != "" {
		move(c.renamedFrom, 0)
	}
	for _, j := range c.joined {
		move(j.row.id, j.offset)
		steps = append(steps,
			step{`DELETE FROM articles WHERE row = ?`, []any{j.rowID}},
			step{`UPDATE sources SET articles = articles - 1 WHERE host = ?`, []any{j.row.host}})
		if err := b.run(b.statements.removeKeys, j.rowID); err != nil {
			return err
		}
		if err := b.run(b.statements.deleteWords, j.rowID); err != nil {
			return err
		}
	}
	return b.runSteps(steps)
}

func (b *sqliteBatch) writeArticle(c *change) error {
	before := c.rowID
	if c.isNew || !c.row.sortTime.Equal(c.before.sortTime) {
		first, last := rowsOfSecond(c.row.sortTime)
		if err := b.queryRow(b.statements.nextRow, first, last).Scan(&c.rowID); err != nil {
			return err
		}
	}
	statement, values := b.statements.insert, append([]any{c.rowID}, articleColumns.sqliteValues(&c.row)...)
	if !c.isNew {
		statement, values = b.statements.update, append(values, before)
	}
	if err := b.run(statement, values...); err != nil {
		return err
	}
	for _, v := range c.revisions {
		if err := b.run(b.statements.revision, v.articleID, v.number, v.contentHash,
			v.firstSeen.UnixMicro(), v.lastSeen.UnixMicro(), v.record); err != nil {
			return err
		}
	}
	return b.moveIndexes(c, before)
}

// moveIndexes makes the keys and the words follow an article whose row or sketch
// has changed. writeWords adds the words again.
func (b *sqliteBatch) moveIndexes(c *change, before int64) error {
	if c.isNew {
		return b.addKeys(c)
	}
	moved := c.rowID != before
	if !moved && !c.isResketched() {
		return nil
	}
	if err := b.run(b.statements.removeKeys, before); err != nil {
		return err
	}
	if moved {
		if err := b.run(b.statements.deleteWords, before); err != nil {
			return err
		}
	}
	return b.addKeys(c)
}

func (b *sqliteBatch) addKeys(c *change) error {
	keys := sketch.KeyBytes(c.row.sketch)
	if len(keys) == 0 {
		return nil
	}
	b.table.last++
	return b.run(b.statements.addKeys, b.table.last, b.table.time, c.rowID, keys)
}

// saveWindow deletes some of the keys that have left the window, and writes the state of the
// window. now is in microseconds.
func (b *sqliteBatch) saveWindow(now int64) error {
	first := min(b.table.first+maxDroppedKeys, max(b.table.first, b.keys.firstNumber()))
	if first > b.table.first {
		if err := b.run(b.statements.dropOldKeys, b.table.first, first); err != nil {
			return err
		}
	}
	limits := b.keys.limits
	return b.run(b.statements.saveWindow, b.table.time, now, first, b.table.last,
		limits.Window.Microseconds(), limits.Articles)
}

func (b *sqliteBatch) writeMoves(moves []storyMove) error {
	for _, m := range moves {
		const query = `UPDATE articles SET story = ?3 WHERE id = ?1 OR story = ?2`
		if _, err := b.tx.ExecContext(b.ctx, query, m.id, m.from, m.to); err != nil {
			return fmt.Errorf("writing the story of %s%s: %w", m.id, m.from, err)
		}
	}
	return nil
}

func (b *sqliteBatch) writeAliases(aliases []aliasRow) error {
	for _, a := range aliases {
		if err := b.run(b.statements.alias, a.url, a.articleID, a.canonical, a.fetched.UnixMicro()); err != nil {
			return fmt.Errorf("writing the URL %.200s of article %s: %w", a.url, a.articleID, err)
		}
	}
	return nil
}

func (b *sqliteBatch) writeSources(sources []sourceRow) error {
	for _, s := range sources {
		if err := b.run(b.statements.source, s.host, s.name, s.articles, s.revisions,
			s.firstSeen.UnixMicro(), s.lastSeen.UnixMicro(), s.lastNew.UnixMicro()); err != nil {
			return fmt.Errorf("writing the source %s: %w", s.host, err)
		}
	}
	return nil
}

// writeWords writes the index of words. It must be the last to write, because FTS5
// flushes the words in memory at every other statement that could be rolled back
// separately, which would double the time of a batch. It writes the rows in
// ascending order, because FTS5 also flushes if a row is not higher than the
// previous one.
func (b *sqliteBatch) writeWords(changes []*change) error {
	if err := b.paceMerges(); err != nil {
		return err
	}
	byRow := slices.SortedFunc(slices.Values(changes), func(x, y *change) int { return cmp.Compare(x.rowID, y.rowID) })
	for _, c := range byRow {
		if c.words == nil {
			continue
		}
		statement := b.statements.replaceWords
		if c.isNew {
			statement = b.statements.insertWords
		}
		w := c.words
		if err := b.run(statement, c.rowID, w.title, w.about, w.bodyAndStems(), w.filters); err != nil {
			return fmt.Errorf("indexing article %s: %w", c.row.id, err)
		}
	}
	return nil
}
