package store

import (
	"context"
	"database/sql"
	"fmt"
)

// sqliteStatements are prepared once, on the connection that writes.
type sqliteStatements struct {
	// For reading what is stored.
	links, load, candidate     *sql.Stmt
	window, recentKeys         *sql.Stmt
	anyErasedText, erasedTexts *sql.Stmt
	// For writing articles.
	nextRow, insert, update, revision, alias, source *sql.Stmt
	// For writing the index of words and the keys of sketches.
	insertWords, replaceWords, deleteWords, structure, automerge *sql.Stmt
	addKeys, removeKeys, dropOldKeys, saveWindow                 *sql.Stmt
	// For writing the ledger.
	insertOutcome, loadOutcome, replaceOutcome, hour *sql.Stmt
	// For writing either.
	span *sql.Stmt
}

// all returns the statements with their SQL.
func (s *sqliteStatements) all() map[**sql.Stmt]string {
	return map[**sql.Stmt]string{
		&s.links: `SELECT url, article_id, canonical FROM aliases WHERE url IN (?1, ?2, ?3, ?4)`,
		&s.load: `SELECT row, ` + articleColumns.selected("") + `, (SELECT json_group_array(
			json_object('n', number, 't', first_seen, 'l', last_seen, 'h', content_hash)) FROM revisions WHERE article_id = id)
			FROM articles WHERE id = ?`,
		&s.candidate:  `SELECT ` + candidateColumns.selected("") + ` FROM articles WHERE row = ?`,
		&s.window:     `SELECT time + max(0, min(?1 - clock, ?2)), first, last FROM copies_window WHERE id = 1`,
		&s.recentKeys: `SELECT number, time, row, keys FROM recent_keys WHERE number >= ? ORDER BY number`,

		&s.anyErasedText: `SELECT EXISTS (SELECT 1 FROM erased_texts)`,
		&s.erasedTexts: fmt.Sprintf(`SELECT host, content_hash, sketch FROM erased_texts
			WHERE content_hash = ?1 OR number IN (SELECT number FROM erased_keys WHERE key IN (SELECT value FROM json_each(?2)))
			ORDER BY content_hash = ?1 DESC LIMIT %d`, maxErasedMatches),

		&s.nextRow: `SELECT coalesce(max(row) + 1, ?1) FROM articles WHERE row BETWEEN ?1 AND ?2`,
		&s.insert:  sqliteInsertArticle,
		&s.update:  sqliteUpdateArticle,
		&s.revision: `INSERT INTO revisions (article_id, number, content_hash, first_seen, last_seen, record)
			VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (article_id, number) DO UPDATE SET
			content_hash = excluded.content_hash, last_seen = excluded.last_seen, record = excluded.record,
			text_removed = 0`,
		&s.alias: `INSERT INTO aliases (url, article_id, canonical, fetch_time) VALUES (?, ?, ?, ?)
			ON CONFLICT (url) DO UPDATE SET article_id = excluded.article_id, canonical = excluded.canonical,
			fetch_time = excluded.fetch_time
			WHERE (excluded.canonical, excluded.fetch_time) >= (canonical, fetch_time)`,
		&s.source: `INSERT INTO sources (host, name, articles, revisions, first_seen, last_seen, last_new)
			VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (host) DO UPDATE SET
			name = coalesce(nullif(excluded.name, ''), name),
			articles = articles + excluded.articles, revisions = revisions + excluded.revisions,
			first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen),
			last_new = max(last_new, excluded.last_new)`,

		&s.insertWords:  `INSERT` + sqliteIntoWords,
		&s.replaceWords: `REPLACE` + sqliteIntoWords,
		&s.deleteWords:  `DELETE FROM article_words WHERE rowid = ?`,
		// Row 10 of the index's data has the list of its segments
		// (FTS5_STRUCTURE_ROWID in fts5_index.c).
		&s.structure: `SELECT (SELECT block FROM article_words_data WHERE id = 10),
			(SELECT v FROM article_words_config WHERE k = 'automerge')`,
		&s.automerge: `INSERT INTO article_words (article_words, rank) VALUES ('automerge', ?)`,

		&s.addKeys:     `INSERT INTO recent_keys (number, time, row, keys) VALUES (?, ?, ?, ?)`,
		&s.removeKeys:  `DELETE FROM recent_keys WHERE row = ?`,
		&s.dropOldKeys: `DELETE FROM recent_keys WHERE number >= ? AND number < ?`,
		&s.saveWindow: `UPDATE copies_window SET time = ?, clock = ?, first = ?, last = ?,
			max_age = ?, max_articles = ? WHERE id = 1`,

		&s.insertOutcome: `INSERT INTO outcomes (stage, input_id, verdict, reason, url, request_id, host, time, record)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (stage, input_id) DO NOTHING`,
		&s.loadOutcome: `SELECT verdict, reason, host, time FROM outcomes WHERE stage = ? AND input_id = ?`,
		&s.replaceOutcome: `UPDATE outcomes SET verdict = ?3, reason = ?4, url = ?5, request_id = ?6, host = ?7,
			time = ?8, record = ?9 WHERE stage = ?1 AND input_id = ?2`,
		&s.hour: `INSERT INTO source_hours (host, hour, stage, verdict, reason, count) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (host, hour, stage, verdict, reason) DO UPDATE SET count = count + excluded.count`,

		&s.span: `INSERT INTO stream_spans (stream, created, first, last) VALUES (?, ?, ?, ?)`,
	}
}

const sqliteIntoWords = ` INTO article_words (rowid, title, about, body, filters) VALUES (?, ?, ?, ?, ?)`

// The parameters are the row's number and the values of articleColumns. The update
// also needs the number of the row to update, which may be another one.
var (
	sqliteInsertArticle = `INSERT INTO articles (row, ` + articleColumns.names() + `) VALUES (?, ` +
		articleColumns.list(func(c column) string { return c.stored("?") }) + `)`
	sqliteUpdateArticle = `UPDATE articles SET row = ?, ` +
		articleColumns.list(func(c column) string { return c.name + " = " + c.stored("?") }) + ` WHERE row = ?`
)

func prepareSQLite(ctx context.Context, db *sql.DB) (*sqliteStatements, error) {
	s := &sqliteStatements{}
	for statement, query := range s.all() {
		prepared, err := db.PrepareContext(ctx, query) //nolint:sqlclosecheck // close closes it
		if err != nil {
			s.close()
			return nil, fmt.Errorf("preparing %.30q: %w", query, err)
		}
		*statement = prepared
	}
	return s, nil
}

func (s *sqliteStatements) close() {
	for statement := range s.all() {
		if *statement != nil {
			_ = (*statement).Close()
		}
	}
}
