package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

func (s *postgresStore) Article(ctx context.Context, idOrURL string) (Hit, error) {
	found, err := s.find(ctx, idOrURL)
	if err != nil {
		return Hit{}, err
	}
	return found.hit()
}

// find returns the newest revision of an article as Article does, without decoding its record.
func (s *postgresStore) find(ctx context.Context, idOrURL string) (hitRow, error) {
	name := CleanText(idOrURL)
	var h hitRow
	targets := append(hitColumns.fields(&h.article), &h.record)
	err := s.pool.QueryRow(ctx, `SELECT `+hitColumns.selected("a.")+`, r.record FROM articles a
		JOIN revisions r ON r.article_id = a.id AND r.number = a.revision
		WHERE a.id IN ($1, (SELECT article_id FROM aliases WHERE url_key = $2))
		OR length($1) >= $3 AND a.id COLLATE "C" BETWEEN $1 AND $1 || '~'
		ORDER BY a.id = $1 DESC LIMIT 1`, name, digest(name), minIDPrefix).Scan(targets...)
	if errors.Is(err, pgx.ErrNoRows) {
		return hitRow{}, fmt.Errorf("article %.200q: %w", idOrURL, ErrNotFound)
	}
	if err != nil {
		return hitRow{}, fmt.Errorf("reading article %.200q from %s: %w", idOrURL, s.name, s.explain(err))
	}
	return h, nil
}

func (s *postgresStore) Revisions(ctx context.Context, id string) ([]Revision, error) {
	found, err := collect(ctx, s, func(row pgx.CollectableRow) (Revision, error) {
		var r Revision
		var record []byte
		var textRemoved int64
		err := row.Scan(&r.Number, &r.FirstSeen, &r.LastSeen, &record, &textRemoved)
		if err != nil {
			return Revision{}, err
		}
		r.TextRemoved = sinceExpiry(textRemoved)
		r.FirstSeen, r.LastSeen = r.FirstSeen.UTC(), r.LastSeen.UTC()
		r.Article, err = decodeArticle(id, record)
		return r, err
	}, `SELECT number, first_seen, last_seen, record, text_removed FROM revisions WHERE article_id = $1
		ORDER BY first_seen, number`, CleanText(id))
	if err != nil {
		return nil, fmt.Errorf("reading the revisions of article %.200q from %s: %w", id, s.name, s.explain(err))
	}
	return found, nil
}

func (s *postgresStore) Story(ctx context.Context, id string) ([]StoryMember, error) {
	members, err := collect(ctx, s, func(row pgx.CollectableRow) (StoryMember, error) {
		var article articleRow
		var changed time.Time
		err := row.Scan(append(memberColumns.fields(&article), &changed)...)
		return article.member(changed), err
	}, `SELECT `+selectMember+` FROM articles a
		WHERE story = (SELECT story FROM articles WHERE id = $1)
		ORDER BY a.sort_time, a.first_seen, a.id LIMIT $2`, CleanText(id), maxStory)
	if err != nil {
		return nil, fmt.Errorf("reading the copies of article %.200q from %s: %w", id, s.name, s.explain(err))
	}
	return members, nil
}
