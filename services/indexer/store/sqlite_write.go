package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/sketch"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteStatements are prepared once, on the connection that writes.
type sqliteStatements struct {
	links, load, place, insert, update, revision, addWords, words, removeWords, alias,
	candidate, recentKeys, addKeys, removeKeys, forgetKeys, source, structure, automerge *sql.Stmt
	outcome, outcomeAgain, outcomeEnd, hour *sql.Stmt
}

func (s *sqliteStatements) all() map[**sql.Stmt]string {
	return map[**sql.Stmt]string{
		&s.links: `SELECT url, article_id, canonical FROM aliases WHERE url IN (?1, ?2, ?3, ?4)`,
		&s.load: `SELECT row, canonical_url, host, title, language, section, access, authors, tags, published_time, sort_time,
			content_hash, words_hash, fetch_time, extract_time, first_seen, last_seen, revision, revisions, own_page,
			coalesce(story, ''), sketch,
			(SELECT json_group_array(json_object('n', number, 't', first_seen, 'h', content_hash)) FROM revisions WHERE article_id = id)
			FROM articles WHERE id = ?`,
		&s.place: `SELECT coalesce(max(row) + 1, ?1) FROM articles WHERE row BETWEEN ?1 AND ?2`,
		&s.insert: `INSERT INTO articles (row, id, canonical_url, host, title, language, section, access, authors, tags,
			published_time, sort_time, content_hash, words_hash, fetch_time, extract_time, first_seen, last_seen, revision,
			revisions, own_page, story, sketch)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?)`,
		&s.update: `UPDATE articles SET row = ?, id = ?, canonical_url = ?, host = ?, title = ?, language = ?, section = ?,
			access = ?, authors = ?, tags = ?, published_time = ?, sort_time = ?, content_hash = ?, words_hash = ?,
			fetch_time = ?, extract_time = ?, first_seen = ?, last_seen = ?, revision = ?, revisions = ?, own_page = ?,
			story = nullif(?, ''), sketch = ? WHERE row = ?`,
		&s.revision: `INSERT INTO revisions (article_id, number, content_hash, first_seen, last_seen, record)
			VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (article_id, number) DO UPDATE SET last_seen = excluded.last_seen, record = excluded.record`,
		&s.addWords:    `INSERT INTO article_words (rowid, title, about, body, filters) VALUES (?, ?, ?, ?, ?)`,
		&s.words:       `REPLACE INTO article_words (rowid, title, about, body, filters) VALUES (?, ?, ?, ?, ?)`,
		&s.removeWords: `DELETE FROM article_words WHERE rowid = ?`,
		&s.alias: `INSERT INTO aliases (url, article_id, canonical, fetch_time) VALUES (?, ?, ?, ?)
			ON CONFLICT (url) DO UPDATE SET article_id = excluded.article_id, canonical = excluded.canonical,
			fetch_time = excluded.fetch_time
			WHERE (excluded.canonical, excluded.fetch_time) >= (canonical, fetch_time)`,
		&s.candidate: `SELECT id, coalesce(story, ''), first_seen, sketch FROM articles WHERE row = ?`,
		&s.recentKeys: `SELECT number, row, keys FROM recent_keys
			WHERE number > max(?1, (SELECT max(number) FROM recent_keys) - ?2) ORDER BY number`,
		&s.addKeys:    `INSERT INTO recent_keys (row, keys) VALUES (?, ?)`,
		&s.removeKeys: `UPDATE recent_keys SET keys = x'' WHERE row = ?`, // its number is not given again
		&s.forgetKeys: `DELETE FROM recent_keys WHERE number <= (SELECT max(number) FROM recent_keys) - ?`,
		// Row 10 of its data is the list of its segments (FTS5_STRUCTURE_ROWID in fts5_index.c).
		&s.structure: `SELECT (SELECT block FROM article_words_data WHERE id = 10),
			(SELECT v FROM article_words_config WHERE k = 'automerge')`,
		&s.automerge: `INSERT INTO article_words (article_words, rank) VALUES ('automerge', ?)`,
		&s.source: `INSERT INTO sources (host, articles, revisions, first_seen, last_seen, last_new) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (host) DO UPDATE SET articles = articles + excluded.articles, revisions = revisions + excluded.revisions,
			first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen),
			last_new = max(last_new, excluded.last_new)`,
		&s.outcome: `INSERT INTO outcomes (stage, input_id, verdict, reason, url, request_id, host, time, record)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (stage, input_id) DO NOTHING`,
		&s.outcomeEnd: `SELECT verdict, reason, host, time FROM outcomes WHERE stage = ? AND input_id = ?`,
		&s.outcomeAgain: `UPDATE outcomes SET verdict = ?3, reason = ?4, url = ?5, request_id = ?6, host = ?7, time = ?8, record = ?9
			WHERE stage = ?1 AND input_id = ?2`,
		&s.hour: `INSERT INTO source_hours (host, hour, stage, verdict, reason, count) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (host, hour, stage, verdict, reason) DO UPDATE SET count = count + excluded.count`,
	}
}

func prepareSQLite(ctx context.Context, db *sql.DB) (*sqliteStatements, error) {
	s := &sqliteStatements{}
	for statement, query := range s.all() {
		prepared, err := db.PrepareContext(ctx, query)
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

func (s *sqliteStore) Put(ctx context.Context, articles []*datelinev1.Article) ([]PutResult, error) {
	results, err := putIsolated(articles, isSQLitePoison, func(arrivals []arrival) ([]PutResult, error) {
		tx, err := s.writer.BeginTx(ctx, nil)
		if err != nil {
			return nil, err
		}
		defer func() { _ = tx.Rollback() }()
		results, err := (&sqliteBatch{ctx, tx, s.prepared, s.recent, &s.pace}).put(arrivals)
		if err != nil {
			return nil, err
		}
		s.languages.add(arrivals)
		return results, s.commit(tx)
	})
	if err != nil {
		return nil, fmt.Errorf("storing %d articles in %s: %w", len(articles), s.path, err)
	}
	return results, nil
}

func (s *sqliteStore) commit(tx *sql.Tx) error {
	defer s.checkpoints.committed()
	return tx.Commit()
}

// sqliteBatch is one transaction that writes.
type sqliteBatch struct {
	ctx      context.Context
	tx       *sql.Tx
	prepared *sqliteStatements
	recent   *keyIndex
	pace     *mergePace
}

func (b *sqliteBatch) run(statement *sql.Stmt, arguments ...any) error {
	_, err := b.tx.StmtContext(b.ctx, statement).ExecContext(b.ctx, arguments...)
	return err
}

func (b *sqliteBatch) put(arrivals []arrival) ([]PutResult, error) {
	links, known, err := b.load(arrivals)
	if err != nil {
		return nil, fmt.Errorf("reading what is stored: %w", err)
	}
	todo, results := changes(links, known, arrivals)
	for _, c := range todo {
		if err := b.join(c); err != nil {
			return nil, fmt.Errorf("joining articles with %s: %w", c.row.id, err)
		}
	}
	if err := b.readRecentKeys(); err != nil {
		return nil, fmt.Errorf("reading the keys of the newest articles: %w", err)
	}
	moves, err := findStories(todo, b.candidates)
	if err != nil {
		return nil, fmt.Errorf("looking for copies: %w", err)
	}
	markCopies(todo, results)
	for _, c := range todo {
		if err := b.writeArticle(c); err != nil {
			return nil, fmt.Errorf("writing article %s: %w", c.row.id, err)
		}
	}
	for _, m := range moves {
		if _, err := b.tx.ExecContext(b.ctx, `UPDATE articles SET story = ?3 WHERE id = ?1 OR story = ?2`, m.id, m.from, m.to); err != nil {
			return nil, fmt.Errorf("writing the story of %s%s: %w", m.id, m.from, err)
		}
	}
	for _, a := range aliasesOf(todo) {
		if err := b.run(b.prepared.alias, a.url, a.articleID, a.canonical, a.fetched.UnixMicro()); err != nil {
			return nil, fmt.Errorf("writing the URL %.200s of article %s: %w", a.url, a.articleID, err)
		}
	}
	for _, s := range sourcesOf(todo) {
		if err := b.run(b.prepared.source, s.host, s.articles, s.revisions, s.firstSeen.UnixMicro(), s.lastSeen.UnixMicro(), s.lastNew.UnixMicro()); err != nil {
			return nil, fmt.Errorf("writing the source %s: %w", s.host, err)
		}
	}
	if err := b.run(b.prepared.forgetKeys, copiesWindow); err != nil {
		return nil, fmt.Errorf("removing the keys of older articles: %w", err)
	}
	return results, b.writeWords(todo)
}

// load reads where the names of a batch lead, and the articles it may change.
func (b *sqliteBatch) load(arrivals []arrival) (map[string]link, map[string]stored, error) {
	links := make(map[string]link)
	for _, a := range arrivals {
		names := a.names()
		for len(names) < 4 {
			names = append(names, names[0])
		}
		rows, err := b.tx.StmtContext(b.ctx, b.prepared.links).QueryContext(b.ctx, names[0], names[1], names[2], names[3])
		if err != nil {
			return nil, nil, err
		}
		for rows.Next() {
			var name string
			var l link
			if err := rows.Scan(&name, &l.articleID, &l.canonical); err != nil {
				_ = rows.Close()
				return nil, nil, err
			}
			links[name] = l
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, nil, err
		}
	}
	known := make(map[string]stored)
	for _, id := range wantedIDs(arrivals, links) {
		before, err := b.loadStored(id)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("article %s: %w", id, err)
		}
		known[id] = before
	}
	return links, known, nil
}

func (b *sqliteBatch) loadStored(id string) (stored, error) {
	var published sql.NullInt64
	var sortTime, fetched, extracted, firstSeen, lastSeen int64
	var revisions string
	s := stored{row: articleRow{id: id}}
	r := &s.row
	err := b.tx.StmtContext(b.ctx, b.prepared.load).QueryRowContext(b.ctx, id).Scan(&s.place, &r.canonicalURL, &r.host, &r.title,
		&r.language, &r.section, &r.access, &r.authors, &r.tags, &published, &sortTime, &r.contentHash, &r.wordsHash, &fetched,
		&extracted, &firstSeen, &lastSeen, &r.revision, &r.revisions, &r.ownPage, &r.story, &r.sketch, &revisions)
	if err != nil {
		return stored{}, err
	}
	if published.Valid {
		t := fromMicros(published.Int64)
		r.published = &t
	}
	r.sortTime, r.fetched, r.extracted = fromMicros(sortTime), fromMicros(fetched), fromMicros(extracted)
	r.firstSeen, r.lastSeen = fromMicros(firstSeen), fromMicros(lastSeen)
	var briefs []struct {
		Number    int    `json:"n"`
		FirstSeen int64  `json:"t"`
		Hash      string `json:"h"`
	}
	if err := json.Unmarshal([]byte(revisions), &briefs); err != nil {
		return stored{}, fmt.Errorf("reading the revisions %.100q: %w", revisions, err)
	}
	for _, one := range briefs {
		s.revisions = append(s.revisions, revisionBrief{one.Number, one.Hash, fromMicros(one.FirstSeen)})
	}
	return s, nil
}

// join moves what was stored under other ids to the article's own.
func (b *sqliteBatch) join(c *change) error {
	type step struct {
		query     string
		arguments []any
	}
	var steps []step
	move := func(from string, offset int) {
		steps = append(steps,
			step{`UPDATE revisions SET article_id = ?2, number = number + ?3 WHERE article_id = ?1`, []any{from, c.row.id, offset}},
			step{`UPDATE aliases SET article_id = ?2, canonical = 0 WHERE article_id = ?1`, []any{from, c.row.id}})
	}
	if c.renamed != "" {
		move(c.renamed, 0)
	}
	for _, j := range c.joined {
		move(j.row.id, j.offset)
		steps = append(steps,
			step{`DELETE FROM articles WHERE row = ?`, []any{j.place}},
			step{`DELETE FROM article_words WHERE rowid = ?`, []any{j.place}},
			step{`UPDATE sources SET articles = articles - 1 WHERE host = ?`, []any{j.row.host}})
		if err := b.run(b.prepared.removeKeys, j.place); err != nil {
			return err
		}
	}
	for _, s := range steps {
		if _, err := b.tx.ExecContext(b.ctx, s.query, s.arguments...); err != nil {
			return err
		}
	}
	return nil
}

// readRecentKeys reads the keys that were stored since it was called last, by
// this process or another.
func (b *sqliteBatch) readRecentKeys() error {
	rows, err := b.tx.StmtContext(b.ctx, b.prepared.recentKeys).QueryContext(b.ctx, b.recent.read, copiesWindow)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var number, row int64
		var keys sql.RawBytes
		if err := rows.Scan(&number, &row, &keys); err != nil {
			return err
		}
		b.recent.add(row, keys)
		b.recent.read = number
	}
	return rows.Err()
}

func (b *sqliteBatch) candidates(keys []uint64) ([]candidate, error) {
	var found []candidate
	for _, row := range closest(keys, b.recent.rowsOf) {
		var one candidate
		var data []byte
		err := b.tx.StmtContext(b.ctx, b.prepared.candidate).QueryRowContext(b.ctx, row).Scan(&one.id, &one.story, &one.firstSeen, &data)
		if errors.Is(err, sql.ErrNoRows) {
			continue // it has moved, or was erased
		}
		if err != nil {
			return nil, err
		}
		if one.sketch, err = sketch.Parse(data); err != nil {
			return nil, fmt.Errorf("article %s: %w", one.id, err)
		}
		found = append(found, one)
	}
	return found, nil
}

// The rows of a second are numbered in placeBits bits.
const placeBits = 29

// placesOf returns the first and the last row that a second has; what is more
// than 272 years from 1970 has the outermost second.
func placesOf(t time.Time) (first, last int64) {
	const outermost = 1<<(63-placeBits-1) - 1
	second := min(max(t.Unix(), -outermost), outermost)
	return second << placeBits, second<<placeBits + 1<<placeBits - 1
}

func (b *sqliteBatch) writeArticle(c *change) error {
	r := c.row
	place := c.place
	if c.isNew || !r.sortTime.Equal(c.before.sortTime) {
		first, last := placesOf(r.sortTime)
		if err := b.tx.StmtContext(b.ctx, b.prepared.place).QueryRowContext(b.ctx, first, last).Scan(&place); err != nil {
			return err
		}
	}
	var published sql.NullInt64
	if r.published != nil {
		published = sql.NullInt64{Int64: r.published.UnixMicro(), Valid: true}
	}
	columns := []any{place, r.id, r.canonicalURL, r.host, r.title, r.language, r.section, int32(r.access), r.authors, r.tags,
		published, r.sortTime.UnixMicro(), r.contentHash, r.wordsHash, r.fetched.UnixMicro(), r.extracted.UnixMicro(),
		r.firstSeen.UnixMicro(), r.lastSeen.UnixMicro(), r.revision, r.revisions, r.ownPage, r.story, orEmpty(r.sketch)}
	statement := b.prepared.insert
	if !c.isNew {
		statement, columns = b.prepared.update, append(columns, c.place)
	}
	if err := b.run(statement, columns...); err != nil {
		return err
	}
	for _, v := range c.revisions {
		if err := b.run(b.prepared.revision, v.articleID, v.number, v.contentHash, v.firstSeen.UnixMicro(), v.lastSeen.UnixMicro(), v.record); err != nil {
			return err
		}
	}
	if moved := place != c.place; !c.isNew && (moved || c.isResketched()) {
		if err := b.run(b.prepared.removeKeys, c.place); err != nil {
			return err
		}
		if moved {
			if err := b.run(b.prepared.removeWords, c.place); err != nil {
				return err
			}
		}
		if err := b.addKeys(place, r.sketch); err != nil {
			return err
		}
	} else if c.isNew {
		if err := b.addKeys(place, r.sketch); err != nil {
			return err
		}
	}
	c.place = place
	return nil
}

func orEmpty(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}

func (b *sqliteBatch) addKeys(place int64, data []byte) error {
	keys := sketch.KeyBytes(data)
	if len(keys) == 0 {
		return nil
	}
	return b.run(b.prepared.addKeys, place, keys)
}

// writeWords comes last: FTS5 writes out what it has gathered at each statement
// in between that could be rolled back alone, which would double the time of a
// batch. It does so as well where a row is not higher than the one before.
func (b *sqliteBatch) writeWords(todo []*change) error {
	if err := b.paceMerges(); err != nil {
		return err
	}
	inOrder := slices.SortedFunc(slices.Values(todo), func(x, y *change) int { return cmp.Compare(x.place, y.place) })
	for _, c := range inOrder {
		if c.words == nil {
			continue
		}
		statement := b.prepared.words
		if c.isNew {
			statement = b.prepared.addWords
		}
		if err := b.run(statement, c.place, c.words.title, c.words.about, c.words.bodyAndStems(), c.words.filters); err != nil {
			return fmt.Errorf("indexing article %s: %w", c.row.id, err)
		}
	}
	return nil
}

// isSQLitePoison says whether the error is about what was to be stored and
// would come again: a constraint, such as an operator's own trigger, or a
// value that is too large.
func isSQLitePoison(err error) bool {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.Code() & 0xff { // the low byte is the primary code
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH:
		return true
	}
	return false
}

func fromMicros(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
