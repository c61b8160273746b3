package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteStatements are prepared once, on the connection that writes.
type sqliteStatements struct {
	load, article, revision, words, alias, outcome *sql.Stmt
}

func prepareSQLite(ctx context.Context, db *sql.DB) (sqliteStatements, error) {
	var s sqliteStatements
	for _, p := range []struct {
		statement **sql.Stmt
		query     string
	}{
		{&s.load, `SELECT canonical_url, host, title, language, published_time, sort_time, content_hash, words_hash,
			fetch_time, extract_time, first_seen, last_seen, revision, revisions,
			(SELECT group_concat(content_hash, char(10)) FROM revisions WHERE article_id = id)
			FROM articles WHERE id = ?`},
		{&s.article, `INSERT INTO articles (id, canonical_url, host, title, language, published_time, sort_time,
			content_hash, words_hash, fetch_time, extract_time, first_seen, last_seen, revision, revisions)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET canonical_url = excluded.canonical_url, host = excluded.host,
			title = excluded.title, language = excluded.language, published_time = excluded.published_time,
			sort_time = excluded.sort_time, content_hash = excluded.content_hash, words_hash = excluded.words_hash,
			fetch_time = excluded.fetch_time, extract_time = excluded.extract_time, first_seen = excluded.first_seen,
			last_seen = excluded.last_seen, revision = excluded.revision, revisions = excluded.revisions
			RETURNING row`},
		{&s.revision, `INSERT INTO revisions (article_id, number, content_hash, first_seen, last_seen, record)
			VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (article_id, number) DO UPDATE SET last_seen = excluded.last_seen, record = excluded.record`},
		{&s.words, `REPLACE INTO article_words (rowid, title, about, body) VALUES (?, ?, ?, ?)`},
		{&s.alias, `INSERT INTO aliases (url, article_id, canonical, fetch_time) VALUES (?, ?, ?, ?)
			ON CONFLICT (url) DO UPDATE SET article_id = excluded.article_id, canonical = excluded.canonical,
			fetch_time = excluded.fetch_time
			WHERE (excluded.canonical, excluded.fetch_time) >= (canonical, fetch_time)`},
		{&s.outcome, `INSERT INTO outcomes (stage, input_id, verdict, reason, url, request_id, host, time, record)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (stage, input_id) DO UPDATE SET verdict = excluded.verdict, reason = excluded.reason, url = excluded.url,
			request_id = excluded.request_id, host = excluded.host, time = excluded.time, record = excluded.record
			WHERE outcomes.verdict = 5 AND excluded.time > outcomes.time`}, // 5: VERDICT_DEAD, see yieldsTo
	} {
		statement, err := db.PrepareContext(ctx, p.query)
		if err != nil {
			s.close()
			return sqliteStatements{}, fmt.Errorf("preparing %.30q: %w", p.query, err)
		}
		*p.statement = statement
	}
	return s, nil
}

func (s sqliteStatements) close() {
	for _, statement := range []*sql.Stmt{s.load, s.article, s.revision, s.words, s.alias, s.outcome} {
		if statement != nil {
			_ = statement.Close()
		}
	}
}

func (s *sqliteStore) Put(ctx context.Context, articles []*datelinev1.Article) ([]PutResult, error) {
	results, err := putIsolated(articles, isSQLitePoison, func(arrivals []arrival) ([]Status, error) {
		return s.putArrivals(ctx, arrivals)
	})
	if err != nil {
		return nil, fmt.Errorf("storing %d articles in %s: %w", len(articles), s.path, err)
	}
	return results, nil
}

func (s *sqliteStore) putArrivals(ctx context.Context, arrivals []arrival) ([]Status, error) {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	known := make(map[string]stored)
	for _, a := range arrivals {
		before, err := s.loadStored(ctx, tx, a.row.id)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading article %s: %w", a.row.id, err)
		}
		known[a.row.id] = before
	}
	todo, statuses := changes(known, arrivals)
	places := make([]int64, len(todo)) // the articles' rows in the table
	for i, c := range todo {
		if places[i], err = s.writeArticle(ctx, tx, c); err != nil {
			return nil, fmt.Errorf("writing article %s: %w", c.row.id, err)
		}
	}
	for _, a := range aliasesOf(todo) {
		if _, err := tx.StmtContext(ctx, s.insert.alias).ExecContext(ctx, a.url, a.articleID, a.canonical, a.fetched.UnixMicro()); err != nil {
			return nil, fmt.Errorf("writing the URL %.200s of article %s: %w", a.url, a.articleID, err)
		}
	}
	// The words come last and together: FTS5 writes out what it has gathered
	// at each statement in between that could be rolled back alone, which
	// would double the time of a batch.
	for i, c := range todo {
		if c.words == nil {
			continue
		}
		if _, err := tx.StmtContext(ctx, s.insert.words).ExecContext(ctx, places[i], c.words.title, c.words.about, c.words.body); err != nil {
			return nil, fmt.Errorf("indexing article %s: %w", c.row.id, err)
		}
	}
	return statuses, tx.Commit()
}

func (s *sqliteStore) loadStored(ctx context.Context, tx *sql.Tx, id string) (stored, error) {
	var published sql.NullInt64
	var sortTime, fetched, extracted, firstSeen, lastSeen int64
	var hashes string
	r := articleRow{id: id}
	err := tx.StmtContext(ctx, s.insert.load).QueryRowContext(ctx, id).Scan(&r.canonicalURL, &r.host, &r.title, &r.language,
		&published, &sortTime, &r.contentHash, &r.wordsHash, &fetched, &extracted, &firstSeen, &lastSeen,
		&r.revision, &r.revisions, &hashes)
	if err != nil {
		return stored{}, err
	}
	if published.Valid {
		t := fromMicros(published.Int64)
		r.published = &t
	}
	r.sortTime, r.fetched, r.extracted = fromMicros(sortTime), fromMicros(fetched), fromMicros(extracted)
	r.firstSeen, r.lastSeen = fromMicros(firstSeen), fromMicros(lastSeen)
	return stored{r, strings.Split(hashes, "\n")}, nil
}

// writeArticle returns the article's row in the table.
func (s *sqliteStore) writeArticle(ctx context.Context, tx *sql.Tx, c *change) (row int64, err error) {
	r := c.row
	var published sql.NullInt64
	if r.published != nil {
		published = sql.NullInt64{Int64: r.published.UnixMicro(), Valid: true}
	}
	err = tx.StmtContext(ctx, s.insert.article).QueryRowContext(ctx, r.id, r.canonicalURL, r.host, r.title, r.language,
		published, r.sortTime.UnixMicro(), r.contentHash, r.wordsHash, r.fetched.UnixMicro(), r.extracted.UnixMicro(),
		r.firstSeen.UnixMicro(), r.lastSeen.UnixMicro(), r.revision, r.revisions).Scan(&row)
	if err != nil {
		return 0, err
	}
	for _, v := range c.revisions {
		if _, err := tx.StmtContext(ctx, s.insert.revision).ExecContext(ctx, v.articleID, v.number, v.contentHash,
			v.firstSeen.UnixMicro(), v.lastSeen.UnixMicro(), v.record); err != nil {
			return 0, err
		}
	}
	return row, nil
}

func (s *sqliteStore) Record(ctx context.Context, outcomes []*datelinev1.Outcome) error {
	rows, err := newOutcomeRows(outcomes)
	if err != nil {
		return err
	}
	if err := s.recordRows(ctx, rows); err != nil {
		return fmt.Errorf("recording %d outcomes in %s: %w", len(rows), s.path, err)
	}
	return nil
}

func (s *sqliteStore) recordRows(ctx context.Context, rows []outcomeRow) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	insert := tx.StmtContext(ctx, s.insert.outcome)
	for _, r := range rows {
		o := r.outcome
		if _, err := insert.ExecContext(ctx, int32(o.GetStage()), r.inputID, int32(o.GetVerdict()), o.GetReason(),
			o.GetUrl(), o.GetRequestId(), o.GetHost(), r.time.UnixMicro(), r.record); err != nil {
			return fmt.Errorf("writing the outcome of %.100s: %w", r.inputID, err)
		}
	}
	return tx.Commit()
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
