package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresSearch implements searcher.
type postgresSearch struct {
	*postgresStore
	query  Query
	parsed parsedQuery
}

func (s postgresSearch) list(ctx context.Context, after *cursor, limit int) ([]listedRow, error) {
	found, _, err := s.newest(ctx, listColumns, after, limit, math.MaxInt32)
	listed := make([]listedRow, len(found))
	for i, one := range found {
		listed[i] = listedRow{at: one.at, id: one.article.id, story: one.article.story}
	}
	return listed, err
}

func (s postgresSearch) headings(ctx context.Context, limit int) ([]headingRow, error) {
	columns := append(slices.Clone(rankColumns), listColumns.named("sort_time")...)
	found, _, err := s.newest(ctx, columns, nil, limit, maxExamined)
	return found, err
}

func (s postgresSearch) shown(ctx context.Context, upTo cursor, stories []string) ([]string, error) {
	where, arguments := s.query.where(s.parsed)
	argument := func(value any) string {
		arguments = append(arguments, value)
		return fmt.Sprintf("$%d", len(arguments))
	}
	earlier := ` AND (sort_time, row) >= (` + argument(time.Unix(upTo.Time, 0)) + `, ` + argument(upTo.Row) + `)`
	return collect(ctx, s.postgresStore, pgx.RowTo[string], fmt.Sprintf(`SELECT s.story FROM unnest(%s::text[]) s (story)
		WHERE EXISTS (SELECT 1 FROM (SELECT * FROM articles WHERE story = s.story%s ORDER BY sort_time, row LIMIT %d) a
			WHERE %s)`, argument(stories), earlier, maxEarlier, where), arguments...)
}

func (s postgresSearch) read(ctx context.Context, ids []string) ([]hitRow, error) {
	return collect(ctx, s.postgresStore, func(row pgx.CollectableRow) (hitRow, error) {
		var h hitRow
		err := row.Scan(append(hitColumns.fields(&h.article), &h.record)...)
		return h, err
	}, `SELECT `+hitColumns.selected("a.")+`, r.record FROM articles a
		JOIN revisions r ON r.article_id = a.id AND r.number = a.revision WHERE a.id = ANY($1)`, ids)
}

func (s postgresSearch) openings(ctx context.Context, stories []string) ([]opening, error) {
	return collect(ctx, s.postgresStore, func(row pgx.CollectableRow) (opening, error) {
		var one opening
		var article articleRow
		var changed time.Time
		targets := append([]any{&one.story, &one.copies}, memberColumns.fields(&article)...)
		err := row.Scan(append(targets, &changed)...)
		one.first = article.member(changed)
		return one, err
	}, fmt.Sprintf(`SELECT s.story, (SELECT count(*) FROM (SELECT 1 FROM articles WHERE story = s.story LIMIT %d) c), %s
		FROM unnest($1::text[]) s (story) JOIN articles a ON a.row = (SELECT row FROM articles WHERE story = s.story
			AND sort_time = (SELECT min(sort_time) FROM articles WHERE story = s.story)
			ORDER BY first_seen, id LIMIT 1)`, maxCopies, selectMember), stories)
}
