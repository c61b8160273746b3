package store

import (
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/dateline-news/dateline/services/indexer/sketch"
)

// loadErasedTexts reads the erased texts that a batch may repeat.
func (b *postgresBatch) loadErasedTexts(arrivals []arrival) ([]erasedText, error) {
	var hashes []string
	var keys []int64
	for _, a := range arrivals {
		hashes, keys = append(hashes, a.row.contentHash), append(keys, signed(a.sketch.Keys())...)
	}
	rows, err := b.tx.Query(b.ctx, `SELECT host, content_hash, sketch FROM erased_texts
		WHERE content_hash = ANY ($1) OR number IN (SELECT number FROM erased_keys WHERE key = ANY ($2))
		ORDER BY content_hash = ANY ($1) DESC LIMIT $3`, hashes, keys, maxErasedMatches*len(arrivals))
	if err != nil {
		return nil, err
	}
	var texts []erasedText
	var t erasedText
	var data []byte
	_, err = pgx.ForEachRow(rows, []any{&t.host, &t.contentHash, &data}, func() (err error) {
		if t.sketch, err = sketch.Parse(data); err != nil {
			return fmt.Errorf("erased text %s: %w", t.contentHash, err)
		}
		texts = append(texts, t)
		return nil
	})
	return texts, err
}

// writeErasedTexts stores what identifies the texts of an erased article.
func (b *postgresBatch) writeErasedTexts(e Erasure) error {
	host := e.ownHost()
	steps := []step{{`INSERT INTO pending_overwrites (erase_time) VALUES (now())`, nil}}
	for _, t := range e.texts {
		steps = append(steps,
			step{`INSERT INTO erased_texts (host, content_hash, sketch) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
				[]any{host, t.contentHash, nonNil(t.sketch.Bytes())}},
			step{`INSERT INTO erased_keys (key, number) SELECT unnest($3::bigint[]), number FROM erased_texts
				WHERE host = $1 AND content_hash = $2 ON CONFLICT DO NOTHING`,
				[]any{host, t.contentHash, signed(t.sketch.Keys())}})
	}
	return b.runSteps(steps)
}

// signed returns keys as PostgreSQL stores them, which has no unsigned integers.
func signed(keys []uint64) []int64 {
	all := make([]int64, len(keys))
	for i, key := range keys {
		all[i] = int64(key)
	}
	return all
}
