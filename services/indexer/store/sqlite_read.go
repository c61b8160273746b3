package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

func (s *sqliteStore) Article(ctx context.Context, idOrURL string) (Hit, error) {
	found, err := s.find(ctx, idOrURL)
	if err != nil {
		return Hit{}, err
	}
	return found.hit()
}

// find returns the newest revision of an article as Article does, without decoding its record.
func (s *sqliteStore) find(ctx context.Context, idOrURL string) (hitRow, error) {
	var h hitRow
	targets := append(hitColumns.sqliteTargets(&h.article), &h.record)
	err := s.readers.QueryRowContext(ctx, `SELECT `+hitColumns.selected("a.")+`, r.record FROM articles a
		JOIN revisions r ON r.article_id = a.id AND r.number = a.revision
		WHERE a.id = ?1 OR a.id = (SELECT article_id FROM aliases WHERE url = ?1)
		OR length(?1) >= ?2 AND a.id BETWEEN ?1 AND ?1 || '~'
		ORDER BY a.id = ?1 DESC LIMIT 1`, CleanText(idOrURL), minIDPrefix).Scan(targets...)
	if errors.Is(err, sql.ErrNoRows) {
		return hitRow{}, fmt.Errorf("article %.200q: %w", idOrURL, ErrNotFound)
	}
	if err != nil {
		return hitRow{}, fmt.Errorf("reading article %.200q from %s: %w", idOrURL, s.path, s.explain(err))
	}
	return h, nil
}

func (s *sqliteStore) Revisions(ctx context.Context, id string) ([]Revision, error) {
	found, err := queryRows(ctx, s.readers, func(rows *sql.Rows) (Revision, error) {
		var r Revision
		var record []byte
		var textRemoved int64
		err := rows.Scan(&r.Number, timeTarget{&r.FirstSeen}, timeTarget{&r.LastSeen}, &record, &textRemoved)
		if err != nil {
			return Revision{}, err
		}
		r.TextRemoved = sinceExpiry(textRemoved)
		r.Article, err = decodeArticle(id, record)
		return r, err
	}, `SELECT number, first_seen, last_seen, record, text_removed FROM revisions WHERE article_id = ?
		ORDER BY first_seen, number`, CleanText(id))
	if err != nil {
		return nil, fmt.Errorf("reading the revisions of article %.200q from %s: %w", id, s.path, s.explain(err))
	}
	return found, nil
}

func (s *sqliteStore) Story(ctx context.Context, id string) ([]StoryMember, error) {
	members, err := queryRows(ctx, s.readers, func(rows *sql.Rows) (StoryMember, error) {
		var row articleRow
		var changed time.Time
		err := rows.Scan(append(memberColumns.sqliteTargets(&row), timeTarget{&changed})...)
		return row.member(changed), err
	}, `SELECT `+selectMember+` FROM articles a
		WHERE story = (SELECT story FROM articles WHERE id = ?1)
		ORDER BY a.sort_time, a.first_seen, a.id LIMIT ?2`, CleanText(id), maxStory)
	if err != nil {
		return nil, fmt.Errorf("reading the copies of article %.200q from %s: %w", id, s.path, s.explain(err))
	}
	return members, nil
}
