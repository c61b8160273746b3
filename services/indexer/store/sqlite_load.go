package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/dateline-news/dateline/services/indexer/sketch"
)

// load reads what a batch's names lead to, and the articles that it may change.
func (b *sqliteBatch) load(arrivals []arrival) (map[string]link, map[string]stored, error) {
	links := make(map[string]link)
	for _, a := range arrivals {
		if err := b.loadLinks(a, links); err != nil {
			return nil, nil, err
		}
	}
	runs := replaysOf(arrivals)
	known := make(map[string]stored)
	for _, id := range affectedIDs(arrivals, links) {
		before, err := b.loadStored(id)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("article %s: %w", id, err)
		}
		if before.replacements, err = b.loadReplacements(id, runs); err != nil {
			return nil, nil, fmt.Errorf("article %s: %w", id, err)
		}
		known[id] = before
	}
	return links, known, nil
}

func (b *sqliteBatch) loadLinks(a arrival, links map[string]link) error {
	for names := range slices.Chunk(a.names(), linksAtOnce) {
		for len(names) < linksAtOnce {
			names = append(slices.Clip(names), names[0])
		}
		if err := b.loadLinksOf(names, links); err != nil {
			return err
		}
	}
	return nil
}

// linksAtOnce is the number of parameters of the statement that reads links.
const linksAtOnce = 4

func (b *sqliteBatch) loadLinksOf(names []string, links map[string]link) error {
	rows, err := b.query(b.statements.links, names[0], names[1], names[2], names[3])
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		var l link
		if err := rows.Scan(&name, &l.articleID, &l.canonical); err != nil {
			return err
		}
		links[name] = l
	}
	return rows.Err()
}

// loadStored reads an article. The error is sql.ErrNoRows if it is not stored.
func (b *sqliteBatch) loadStored(id string) (stored, error) {
	var s stored
	var revisions string
	targets := append([]any{&s.rowID}, articleColumns.sqliteTargets(&s.row)...)
	if err := b.queryRow(b.statements.load, id).Scan(append(targets, &revisions)...); err != nil {
		return stored{}, err
	}
	var briefs []struct {
		Number    int    `json:"n"`
		FirstSeen int64  `json:"t"`
		LastSeen  int64  `json:"l"`
		Hash      string `json:"h"`
	}
	if err := json.Unmarshal([]byte(revisions), &briefs); err != nil {
		return stored{}, fmt.Errorf("reading the revisions %.100q: %w", revisions, err)
	}
	for _, one := range briefs {
		s.revisions = append(s.revisions, revisionBrief{
			one.Number, one.Hash, fromMicros(one.FirstSeen), fromMicros(one.LastSeen),
		})
	}
	return s, nil
}

// loadReplacements reads what runs have replaced of an article.
func (b *sqliteBatch) loadReplacements(id string, runs []string) ([]replacement, error) {
	var all []replacement
	for _, run := range runs {
		r, err := scanReplacement(b.tx.QueryRowContext(b.ctx, loadReplacements, run, id).Scan)
		if err == nil {
			all = append(all, r)
		} else if !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("reading the replaced records: %w", err)
		}
	}
	return all, nil
}

// readRecentKeys reads the keys that this process or another one has stored
// since the last call. now is in microseconds.
func (b *sqliteBatch) readRecentKeys(now int64) error {
	err := b.queryRow(b.statements.window, now, b.keys.limits.maxClockStep()).
		Scan(&b.table.time, &b.table.first, &b.table.last)
	if err != nil {
		return err
	}
	b.keys.seen(b.table.time, 0)
	rows, err := b.query(b.statements.recentKeys, b.table.firstUnread(b.keys))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r recentKeys
		var keys sql.RawBytes
		if err := rows.Scan(&r.number, &r.time, &r.row, &keys); err != nil {
			return err
		}
		r.keys = keys
		b.keys.add(r)
	}
	b.keys.seen(b.table.time, b.table.last)
	return rows.Err()
}

// candidates returns the stored articles to compare with a text that has the
// given keys.
func (b *sqliteBatch) candidates(keys []uint64) ([]candidate, error) {
	var found []candidate
	for _, rowID := range closestRows(keys, b.keys.rowsOf) {
		var row articleRow
		err := b.queryRow(b.statements.candidate, rowID).Scan(candidateColumns.sqliteTargets(&row)...)
		if errors.Is(err, sql.ErrNoRows) {
			continue // the article has moved to another row, or was erased
		}
		if err != nil {
			return nil, err
		}
		s, err := sketch.Parse(row.sketch)
		if err != nil {
			return nil, fmt.Errorf("article %s: %w", row.id, err)
		}
		found = append(found, candidate{row.id, row.story, row.firstSeen, s})
	}
	return found, nil
}
