package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

const (
	// maxAttempts bounds how often a transaction is repeated because another
	// writer came between; each time at least one of them got through.
	maxAttempts = 10
	// statementBytes is about how much one statement carries.
	statementBytes = 16 << 20
)

// errRaced says that another writer stored one of the batch's new articles first.
var errRaced = errors.New("another writer stored one of the articles at the same moment")

// repeat runs a transaction until no other writer comes between.
func (s *postgresStore) repeat(ctx context.Context, do func(pgx.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := pgx.BeginFunc(ctx, s.pool, do)
		if attempt == maxAttempts || !(errors.Is(err, errRaced) || isDeadlock(err)) {
			return err
		}
	}
}

func isDeadlock(err error) bool {
	var failure *pgconn.PgError
	// deadlock_detected and serialization_failure
	return errors.As(err, &failure) && (failure.Code == "40P01" || failure.Code == "40001")
}

// isPostgresPoison says whether the error is about what was to be stored and
// would come again: classes 22 (data exception), 23 (constraint, such as an
// operator's own check) and 54 (limit exceeded) of PostgreSQL's error codes.
func isPostgresPoison(err error) bool {
	var failure *pgconn.PgError
	return errors.As(err, &failure) && slices.Contains([]string{"22", "23", "54"}, failure.Code[:min(2, len(failure.Code))])
}

func (s *postgresStore) Put(ctx context.Context, articles []*datelinev1.Article) ([]PutResult, error) {
	results, err := putIsolated(articles, isPostgresPoison, func(arrivals []arrival) (results []PutResult, err error) {
		err = s.repeat(ctx, func(tx pgx.Tx) error {
			results, err = putArrivals(ctx, tx, arrivals)
			return err
		})
		return results, err
	})
	if err != nil {
		return nil, fmt.Errorf("storing %d articles in %s: %w", len(articles), s.name, err)
	}
	return results, nil
}

func putArrivals(ctx context.Context, tx pgx.Tx, arrivals []arrival) ([]PutResult, error) {
	links, err := loadLinks(ctx, tx, arrivals)
	if err != nil {
		return nil, fmt.Errorf("reading where URLs lead: %w", err)
	}
	known, err := loadStored(ctx, tx, wantedIDs(arrivals, links))
	if err != nil {
		return nil, fmt.Errorf("reading what is stored: %w", err)
	}
	todo, results := changes(links, known, arrivals)
	for _, c := range todo {
		if err := joinArticles(ctx, tx, c); err != nil {
			return nil, fmt.Errorf("joining articles with %s: %w", c.row.id, err)
		}
	}
	moves, err := lookUpStories(ctx, tx, todo)
	if err != nil {
		return nil, fmt.Errorf("looking for copies: %w", err)
	}
	markCopies(todo, results)
	for part := range inParts(todo) {
		if err := writeArticles(ctx, tx, part); err != nil {
			return nil, err
		}
		if err := writeRevisions(ctx, tx, part); err != nil {
			return nil, fmt.Errorf("writing revisions: %w", err)
		}
	}
	for _, m := range moves {
		if _, err := tx.Exec(ctx, `UPDATE articles SET story = $3 WHERE id = $1 OR story = $2`, m.id, m.from, m.to); err != nil {
			return nil, fmt.Errorf("writing the story of %s%s: %w", m.id, m.from, err)
		}
	}
	if err := writeKeys(ctx, tx, todo); err != nil {
		return nil, fmt.Errorf("writing the keys of copies: %w", err)
	}
	if err := writeAliases(ctx, tx, aliasesOf(todo)); err != nil {
		return nil, fmt.Errorf("writing URLs: %w", err)
	}
	return results, writeSources(ctx, tx, sourcesOf(todo))
}

func loadLinks(ctx context.Context, tx pgx.Tx, arrivals []arrival) (map[string]link, error) {
	byKey := make(map[string]string)
	var keys [][]byte
	for _, a := range arrivals {
		for _, name := range a.names() {
			k := key(name)
			byKey[string(k)] = name
			keys = append(keys, k)
		}
	}
	rows, err := tx.Query(ctx, `SELECT url_key, article_id, canonical FROM aliases WHERE url_key = ANY ($1)`, keys)
	if err != nil {
		return nil, err
	}
	links := make(map[string]link)
	for rows.Next() {
		var k []byte
		var l link
		if err := rows.Scan(&k, &l.articleID, &l.canonical); err != nil {
			return nil, err
		}
		links[byKey[string(k)]] = l
	}
	return links, rows.Err()
}

// loadStored reads and locks the articles of a batch that exist. The revisions
// are read after the lock is held, so that they are those of its last holder.
func loadStored(ctx context.Context, tx pgx.Tx, ids []string) (map[string]stored, error) {
	rows, err := tx.Query(ctx, `SELECT row, id, canonical_url, host, title, language, section, access, authors, tags,
		published_time, sort_time, content_hash, words_hash, fetch_time, extract_time, first_seen, last_seen, revision,
		revisions, own_page, coalesce(story, ''), sketch
		FROM articles WHERE id = ANY ($1) ORDER BY id FOR UPDATE`, ids)
	if err != nil {
		return nil, err
	}
	known := make(map[string]stored)
	for rows.Next() {
		var place int64
		var r articleRow
		if err := rows.Scan(&place, &r.id, &r.canonicalURL, &r.host, &r.title, &r.language, &r.section, &r.access, &r.authors,
			&r.tags, &r.published, &r.sortTime, &r.contentHash, &r.wordsHash, &r.fetched, &r.extracted, &r.firstSeen,
			&r.lastSeen, &r.revision, &r.revisions, &r.ownPage, &r.story, &r.sketch); err != nil {
			return nil, err
		}
		known[r.id] = stored{row: r, place: place}
	}
	if err := rows.Err(); err != nil || len(known) == 0 {
		return known, err
	}
	rows, err = tx.Query(ctx, `SELECT article_id, number, content_hash, first_seen FROM revisions WHERE article_id = ANY ($1) ORDER BY 1, 2`, ids)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var id string
		var r revisionBrief
		if err := rows.Scan(&id, &r.number, &r.contentHash, &r.firstSeen); err != nil {
			return nil, err
		}
		k := known[id]
		k.revisions = append(k.revisions, r)
		known[id] = k
	}
	return known, rows.Err()
}

// inParts yields the changes in runs of about statementBytes.
func inParts(todo []*change) func(yield func([]*change) bool) {
	return func(yield func([]*change) bool) {
		start, size := 0, 0
		for i, c := range todo {
			for _, r := range c.revisions {
				size += len(r.record)
			}
			if c.words != nil {
				size += 3 * len(c.words.body) // with positions
			}
			if size >= statementBytes || i == len(todo)-1 {
				if !yield(todo[start : i+1]) {
					return
				}
				start, size = i+1, 0
			}
		}
	}
}

func writeArticles(ctx context.Context, tx pgx.Tx, part []*change) error {
	var added, updated articleColumns
	for _, c := range part {
		if c.isNew {
			added.add(c)
		} else {
			updated.add(c)
		}
	}
	if len(added.ids) > 0 {
		tag, err := tx.Exec(ctx, `INSERT INTO articles (id, canonical_url, host, title, language, section, access, authors, tags,
			published_time, sort_time, content_hash, words_hash, fetch_time, extract_time, first_seen, last_seen, revision,
			revisions, own_page, story, sketch, words)
			SELECT id, canonical_url, host, title, language, section, access, authors, tags,
			published_time, sort_time, content_hash, words_hash, fetch_time, extract_time, first_seen, last_seen, revision,
			revisions, own_page, nullif(story, ''), sketch, words
			FROM `+unnestArticles+` ON CONFLICT (id) DO NOTHING`, added.arguments()...)
		if err != nil {
			return fmt.Errorf("writing %d new articles: %w", len(added.ids), err)
		}
		if tag.RowsAffected() < int64(len(added.ids)) {
			return errRaced
		}
	}
	if len(updated.ids) > 0 {
		if _, err := tx.Exec(ctx, `UPDATE articles a SET id = n.id, canonical_url = n.canonical_url, host = n.host, title = n.title,
			language = n.language, section = n.section, access = n.access, authors = n.authors, tags = n.tags,
			published_time = n.published_time, sort_time = n.sort_time,
			content_hash = n.content_hash, words_hash = n.words_hash, fetch_time = n.fetch_time,
			extract_time = n.extract_time, first_seen = n.first_seen, last_seen = n.last_seen,
			revision = n.revision, revisions = n.revisions, own_page = n.own_page, story = nullif(n.story, ''),
			sketch = n.sketch, words = coalesce(n.words, a.words)
			FROM `+unnestArticles+` JOIN unnest($24::bigint[], $1::text[]) AS p (row, id) USING (id) WHERE a.row = p.row`,
			append(updated.arguments(), updated.places)...); err != nil {
			return fmt.Errorf("writing %d known articles: %w", len(updated.ids), err)
		}
	}
	return nil
}

const unnestArticles = `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::text[],
	$9::text[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[], $14::timestamptz[], $15::timestamptz[],
	$16::timestamptz[], $17::timestamptz[], $18::int[], $19::int[], $20::boolean[], $21::text[], $22::bytea[], $23::tsvector[])
	AS n (id, canonical_url, host, title, language, section, access, authors, tags,
	published_time, sort_time, content_hash, words_hash, fetch_time, extract_time, first_seen, last_seen,
	revision, revisions, own_page, story, sketch, words)`

// articleColumns are rows of articles turned into columns, for unnest.
type articleColumns struct {
	places                                        []int64
	ids, urls, hosts, titles, languages, sections []string
	access                                        []int32
	authors, tags                                 []string
	published                                     []*time.Time
	sortTimes                                     []time.Time
	contentHashes, wordsHashes                    []string
	fetched, extracted                            []time.Time
	firstSeen, lastSeen                           []time.Time
	revision, revisions                           []int
	ownPage                                       []bool
	stories                                       []string
	sketches                                      [][]byte
	words                                         []pgtype.TSVector
}

func (c *articleColumns) add(one *change) {
	r := one.row
	c.places = append(c.places, one.place)
	c.ids, c.urls, c.hosts = append(c.ids, r.id), append(c.urls, r.canonicalURL), append(c.hosts, r.host)
	c.titles, c.languages, c.sections = append(c.titles, r.title), append(c.languages, r.language), append(c.sections, r.section)
	c.access, c.authors, c.tags = append(c.access, int32(r.access)), append(c.authors, r.authors), append(c.tags, r.tags)
	c.published, c.sortTimes = append(c.published, r.published), append(c.sortTimes, r.sortTime)
	c.contentHashes, c.wordsHashes = append(c.contentHashes, r.contentHash), append(c.wordsHashes, r.wordsHash)
	c.fetched, c.extracted = append(c.fetched, r.fetched), append(c.extracted, r.extracted)
	c.firstSeen, c.lastSeen = append(c.firstSeen, r.firstSeen), append(c.lastSeen, r.lastSeen)
	c.revision, c.revisions = append(c.revision, r.revision), append(c.revisions, r.revisions)
	c.ownPage, c.stories, c.sketches = append(c.ownPage, r.ownPage), append(c.stories, r.story), append(c.sketches, orEmpty(r.sketch))
	var words pgtype.TSVector // NULL
	if one.words != nil {
		words = vectorOf(*one.words)
	}
	c.words = append(c.words, words)
}

func (c *articleColumns) arguments() []any {
	return []any{c.ids, c.urls, c.hosts, c.titles, c.languages, c.sections, c.access, c.authors, c.tags, c.published,
		c.sortTimes, c.contentHashes, c.wordsHashes, c.fetched, c.extracted, c.firstSeen, c.lastSeen, c.revision, c.revisions,
		c.ownPage, c.stories, c.sketches, c.words}
}

func writeRevisions(ctx context.Context, tx pgx.Tx, part []*change) error {
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
	_, err := tx.Exec(ctx, `INSERT INTO revisions (article_id, number, content_hash, first_seen, last_seen, record)
		SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bytea[])
		ON CONFLICT (article_id, number) DO UPDATE SET last_seen = excluded.last_seen, record = excluded.record`,
		ids, numbers, hashes, firstSeen, lastSeen, records)
	return err
}

func writeAliases(ctx context.Context, tx pgx.Tx, aliases []aliasRow) error {
	var keys [][]byte
	var urls, ids []string
	var canonical []bool
	var fetched []time.Time
	for _, a := range aliases {
		keys, urls, ids = append(keys, key(a.url)), append(urls, a.url), append(ids, a.articleID)
		canonical, fetched = append(canonical, a.canonical), append(fetched, a.fetched)
	}
	_, err := tx.Exec(ctx, `INSERT INTO aliases AS a (url_key, url, article_id, canonical, fetch_time)
		SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::boolean[], $5::timestamptz[])
		ON CONFLICT (url_key) DO UPDATE SET article_id = excluded.article_id, canonical = excluded.canonical,
		fetch_time = excluded.fetch_time
		WHERE (excluded.canonical, excluded.fetch_time) >= (a.canonical, a.fetch_time)`,
		keys, urls, ids, canonical, fetched)
	return err
}

// PostgreSQL keeps of each word the first 255 places in an article, and knows
// no place beyond 16,383: later ones count as that one.
const (
	maxVectorPlaces = 255
	maxVectorPlace  = 1<<14 - 1
)

// vectorOf are words as PostgreSQL indexes them, past its parser and
// dictionaries. The places of two fields are apart, so that no phrase reaches
// across.
func vectorOf(words indexedWords) pgtype.TSVector {
	vector := pgtype.TSVector{Valid: true}
	known := make(map[string]int, 512)
	place := uint16(1)
	for _, field := range []struct {
		words  string
		weight pgtype.TSVectorWeight
	}{{words.title, 'A'}, {words.about, 'B'}, {words.bodyAndStems(), 'D'}, {words.filters, 'D'}} {
		for word := range strings.FieldsSeq(field.words) {
			i, ok := known[word]
			if !ok {
				i = len(vector.Lexemes)
				known[word], vector.Lexemes = i, append(vector.Lexemes, pgtype.TSVectorLexeme{Word: word})
			}
			places := vector.Lexemes[i].Positions
			if n := len(places); n == 0 || n < maxVectorPlaces && places[n-1].Position < place {
				vector.Lexemes[i].Positions = append(places, pgtype.TSVectorPosition{Position: place, Weight: field.weight})
			}
			place = min(place+1, maxVectorPlace)
		}
		place = min(place+1, maxVectorPlace)
	}
	return vector
}
