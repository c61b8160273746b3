package store

import (
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// join moves the data stored under other ids to the article's own id.
func (b *postgresBatch) join(c *change) error {
	var steps []step
	move := func(from string, offset int) {
		steps = append(steps,
			step{`UPDATE revisions SET article_id = $2, number = number + $3 WHERE article_id = $1`,
				[]any{from, c.row.id, offset}},
			step{`UPDATE replaced_records SET article_id = $2, number = number + $3 WHERE article_id = $1`,
				[]any{from, c.row.id, offset}},
			step{`UPDATE aliases SET article_id = $2, canonical = false WHERE article_id = $1`, []any{from, c.row.id}})
	}
	if c.renamedFrom != "" {
		move(c.renamedFrom, 0)
	}
	for _, j := range c.joined {
		move(j.row.id, j.offset)
		steps = append(steps,
			step{`DELETE FROM articles WHERE row = $1`, []any{j.rowID}},
			step{`UPDATE sources SET articles = articles - 1 WHERE host = $1`, []any{j.row.host}})
		if err := b.removeKeys(j.rowID); err != nil {
			return err
		}
	}
	return b.runSteps(steps)
}

// The parameters of both statements are an array for each of articleColumns,
// followed by those of the words' vectors and of the rows' numbers, which only
// the update uses.
var (
	insertPostgresArticles = `INSERT INTO articles (` + articleColumns.names() + `, words) SELECT ` +
		articleColumns.list(func(c column) string { return c.stored("n." + c.name) }) + `, n.words
		FROM ` + unnestArticles + ` ON CONFLICT (id) DO NOTHING`
	updatePostgresArticles = `UPDATE articles a SET ` +
		articleColumns.list(func(c column) string { return c.name + " = " + c.stored("n."+c.name) }) + `,
		words = coalesce(n.words, a.words) FROM ` + unnestArticles + ` WHERE a.row = n.row`
	unnestArticles = unnest(append(slices.Clone(articleColumns),
		column{name: "words", postgresType: "tsvector"}, column{name: "row", postgresType: "bigint"}))
)

// unnest returns the SQL that turns arrays, one for each column, into rows of a
// table n.
func unnest(all columns) string {
	n := 0
	arrays := all.list(func(c column) string {
		n++
		return fmt.Sprintf("$%d::%s[]", n, c.postgresType)
	})
	return `unnest(` + arrays + `) AS n (` + all.names() + `)`
}

// articleArrays returns the parameters of the statements that write articles.
func articleArrays(changes []*change) []any {
	rows := make([]*articleRow, len(changes))
	words := make([]pgtype.TSVector, len(changes)) // NULL keeps the stored one
	rowIDs := make([]int64, len(changes))
	for i, c := range changes {
		rows[i], rowIDs[i] = &c.row, c.rowID
		if c.words != nil {
			words[i] = vectorOf(*c.words)
		}
	}
	var arrays []any
	for _, c := range articleColumns {
		arrays = append(arrays, c.array(rows))
	}
	return append(arrays, words, rowIDs)
}

func (b *postgresBatch) writeArticles(part []*change) error {
	var added, updated []*change
	for _, c := range part {
		if c.isNew {
			added = append(added, c)
		} else {
			updated = append(updated, c)
		}
	}
	if len(added) > 0 {
		tag, err := b.tx.Exec(b.ctx, insertPostgresArticles, articleArrays(added)...)
		if err != nil {
			return fmt.Errorf("writing %d new articles: %w", len(added), err)
		}
		if tag.RowsAffected() < int64(len(added)) {
			return errConflict
		}
	}
	if len(updated) > 0 {
		if err := b.exec(updatePostgresArticles, articleArrays(updated)...); err != nil {
			return fmt.Errorf("writing %d known articles: %w", len(updated), err)
		}
	}
	return nil
}

func (b *postgresBatch) writeRevisions(part []*change) error {
	var ids, hashes []string
	var numbers []int
	var firstSeen, lastSeen []time.Time
	var records [][]byte
	for _, c := range part {
		for _, r := range c.revisions {
			ids, numbers, hashes = append(ids, r.articleID), append(numbers, r.number), append(hashes, r.contentHash)
			firstSeen, lastSeen = append(firstSeen, r.firstSeen), append(lastSeen, r.lastSeen)
			records = append(records, r.record)
		}
	}
	return b.exec(`INSERT INTO revisions (article_id, number, content_hash, first_seen, last_seen, record)
		SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bytea[])
		ON CONFLICT (article_id, number) DO UPDATE SET content_hash = excluded.content_hash,
		last_seen = excluded.last_seen, record = excluded.record, text_removed = 0`,
		ids, numbers, hashes, firstSeen, lastSeen, records)
}

func (b *postgresBatch) writeAliases(aliases []aliasRow) error {
	var keys [][]byte
	var urls, ids []string
	var canonical []bool
	var fetched []time.Time
	for _, a := range aliases {
		keys, urls, ids = append(keys, digest(a.url)), append(urls, a.url), append(ids, a.articleID)
		canonical, fetched = append(canonical, a.canonical), append(fetched, a.fetched)
	}
	return b.exec(`INSERT INTO aliases AS a (url_key, url, article_id, canonical, fetch_time)
		SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::boolean[], $5::timestamptz[])
		ON CONFLICT (url_key) DO UPDATE SET article_id = excluded.article_id, canonical = excluded.canonical,
		fetch_time = excluded.fetch_time
		WHERE (excluded.canonical, excluded.fetch_time) >= (a.canonical, a.fetch_time)`,
		keys, urls, ids, canonical, fetched)
}

func (b *postgresBatch) writeSources(sources []sourceRow) error {
	var hosts, names []string
	var articles, revisions []int
	var firstSeen, lastSeen, lastNew []time.Time
	for _, s := range sources {
		hosts, names = append(hosts, s.host), append(names, s.name)
		articles, revisions = append(articles, s.articles), append(revisions, s.revisions)
		firstSeen, lastSeen = append(firstSeen, s.firstSeen), append(lastSeen, s.lastSeen)
		lastNew = append(lastNew, s.lastNew)
	}
	err := b.exec(`INSERT INTO sources AS s (host, name, articles, revisions, first_seen, last_seen, last_new)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[],
			$5::timestamptz[], $6::timestamptz[], $7::timestamptz[])
		ON CONFLICT (host) DO UPDATE SET name = coalesce(nullif(excluded.name, ''), s.name),
		articles = s.articles + excluded.articles, revisions = s.revisions + excluded.revisions,
		first_seen = least(s.first_seen, excluded.first_seen), last_seen = greatest(s.last_seen, excluded.last_seen),
		last_new = greatest(s.last_new, excluded.last_new)`,
		hosts, names, articles, revisions, firstSeen, lastSeen, lastNew)
	if err != nil {
		return fmt.Errorf("writing %d sources: %w", len(sources), err)
	}
	return nil
}
