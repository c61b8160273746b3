package store

import (
	"encoding/json"

	"github.com/dateline-news/dateline/services/indexer/sketch"
)

// loadErasedTexts reads the erased texts that a batch may repeat.
func (b *sqliteBatch) loadErasedTexts(arrivals []arrival) ([]erasedText, error) {
	var found bool
	if err := b.queryRow(b.statements.anyErasedText).Scan(&found); err != nil || !found {
		return nil, err
	}
	var all []erasedText
	for _, a := range arrivals {
		texts, err := b.erasedTextsLike(a)
		if err != nil {
			return nil, err
		}
		all = append(all, texts...)
	}
	return all, nil
}

// erasedTextsLike reads the erased texts that have the arrival's hash or share a key
// with it.
func (b *sqliteBatch) erasedTextsLike(a arrival) ([]erasedText, error) {
	keys, err := json.Marshal(signed(a.sketch.Keys()))
	if err != nil {
		return nil, err
	}
	rows, err := b.query(b.statements.erasedTexts, a.row.contentHash, string(keys))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var texts []erasedText
	for rows.Next() {
		var t erasedText
		var data []byte
		if err := rows.Scan(&t.host, &t.contentHash, &data); err != nil {
			return nil, err
		}
		if t.sketch, err = sketch.Parse(data); err != nil {
			return nil, err
		}
		texts = append(texts, t)
	}
	return texts, rows.Err()
}

// writeErasedTexts stores what identifies the texts of an erased article.
func (b *sqliteBatch) writeErasedTexts(e Erasure) error {
	host := e.ownHost()
	steps := []step{{`INSERT INTO pending_overwrites (erase_time) VALUES (unixepoch() * 1000000)`, nil}}
	for _, t := range e.texts {
		steps = append(steps, step{`INSERT INTO erased_texts (host, content_hash, sketch) VALUES (?, ?, ?)
			ON CONFLICT DO NOTHING`, []any{host, t.contentHash, nonNil(t.sketch.Bytes())}})
		for _, key := range signed(t.sketch.Keys()) {
			steps = append(steps, step{`INSERT OR IGNORE INTO erased_keys (key, number)
				SELECT ?, number FROM erased_texts WHERE content_hash = ? AND host = ?`, []any{key, t.contentHash, host}})
		}
	}
	return b.runSteps(steps)
}
