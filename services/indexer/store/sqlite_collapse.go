package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// sqliteSearch implements searcher.
type sqliteSearch struct {
	*sqliteStore
	query  Query
	parsed parsedQuery
}

func (s sqliteSearch) list(ctx context.Context, after *cursor, limit int) ([]listedRow, error) {
	matches, arguments := s.query.sqliteMatches(s.parsed, after, math.MinInt64)
	return queryRows(ctx, s.readers, func(rows *sql.Rows) (listedRow, error) {
		var row listedRow
		err := rows.Scan(&row.at.Row, &row.id, &row.story)
		return row, err
	}, fmt.Sprintf(`SELECT f.row, a.id, coalesce(a.story, '') FROM (%s LIMIT %d) f
		JOIN articles a ON a.row = f.row ORDER BY f.row DESC`, matches, limit), arguments...)
}

func (s sqliteSearch) headings(ctx context.Context, limit int) ([]headingRow, error) {
	oldest, _, err := s.oldestExamined(ctx, s.query, s.parsed)
	if err != nil {
		return nil, err
	}
	matches, arguments := s.query.sqliteMatches(s.parsed, nil, oldest)
	return queryRows(ctx, s.readers, func(rows *sql.Rows) (headingRow, error) {
		var row headingRow
		err := rows.Scan(append([]any{&row.at.Row}, rankColumns.sqliteTargets(&row.article)...)...)
		return row, err
	}, fmt.Sprintf(`SELECT f.row, %s FROM (%s LIMIT %d) f JOIN articles a ON a.row = f.row ORDER BY f.row DESC`,
		rankColumns.selected("a."), matches, limit), arguments...)
}

func (s sqliteSearch) shown(ctx context.Context, upTo cursor, stories []string) ([]string, error) {
	list, err := json.Marshal(stories)
	if err != nil {
		return nil, err
	}
	first, last := s.query.Filter.rows()
	scan := func(rows *sql.Rows) (story string, err error) { return story, rows.Scan(&story) }
	arguments := []any{string(list), max(first, upTo.Row), last, maxEarlier}
	matching := ``
	if s.parsed.usesIndex() {
		arguments = append(arguments, s.parsed.match())
		matching = ` WHERE EXISTS (SELECT 1 FROM article_words WHERE article_words MATCH ?5 AND rowid = o.row)`
	}
	return queryRows(ctx, s.readers, scan, `SELECT s.value FROM json_each(?1) s WHERE EXISTS (SELECT 1 FROM
		(SELECT row FROM articles WHERE story = s.value AND row BETWEEN ?2 AND ?3 ORDER BY row LIMIT ?4) o`+
		matching+`)`, arguments...)
}

func (s sqliteSearch) read(ctx context.Context, ids []string) ([]hitRow, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	return queryRows(ctx, s.readers, func(rows *sql.Rows) (hitRow, error) {
		var h hitRow
		err := rows.Scan(append(hitColumns.sqliteTargets(&h.article), &h.record)...)
		return h, err
	}, `SELECT `+hitColumns.selected("a.")+`, r.record FROM articles a
		JOIN revisions r ON r.article_id = a.id AND r.number = a.revision
		WHERE a.id IN (SELECT value FROM json_each(?1))`, string(list))
}

func (s sqliteSearch) openings(ctx context.Context, stories []string) ([]opening, error) {
	list, err := json.Marshal(stories)
	if err != nil {
		return nil, err
	}
	// The rows of a second differ in their lowest rowBits bits. Only the members of the
	// first second are sorted.
	return queryRows(ctx, s.readers, func(rows *sql.Rows) (opening, error) {
		var one opening
		var row articleRow
		var changed time.Time
		targets := append([]any{&one.story, &one.copies}, memberColumns.sqliteTargets(&row)...)
		err := rows.Scan(append(targets, timeTarget{&changed})...)
		one.first = row.member(changed)
		return one, err
	}, `SELECT s.value, (SELECT count(*) FROM (SELECT 1 FROM articles WHERE story = s.value LIMIT ?2)), `+selectMember+`
		FROM json_each(?1) s JOIN articles a ON a.row = (SELECT row FROM articles WHERE story = s.value
			AND row <= (SELECT min(row) FROM articles WHERE story = s.value) | ?3
			ORDER BY first_seen, id LIMIT 1)`, string(list), maxCopies, 1<<rowBits-1)
}
