package store

import (
	"math"
	"time"
)

// reindexBatch is the maximum number of articles that one call of Reindex compares, so that
// other writers wait only briefly.
const reindexBatch = 100

// NewestRow is the row before which Reindex starts.
const NewestRow = math.MaxInt64

// Reindexed is the result of a call of Reindex.
type Reindexed struct {
	// Articles is the number of articles that were compared. Of these, Wrong were missing
	// from the index, or had other words there.
	Articles, Wrong int
	// Extra is the number of entries of the index that had no article.
	Extra int
	// Unreadable are the articles whose record cannot be decoded, with the reason. The
	// index keeps what it has about them.
	Unreadable []UnreadableRecord
	// More reports whether there are further articles. The next call continues before the
	// row Before.
	More   bool
	Before int64
	// Took is the time of the transaction.
	Took time.Duration
}

// UnreadableRecord is an article whose record cannot be decoded.
type UnreadableRecord struct {
	ID  string
	Err error
}

// indexedRow is an article as it is stored, and the words by which it is to be found.
type indexedRow struct {
	row       int64
	id, hash  string
	record    []byte
	isIndexed bool
	words     indexedWords
}

// readWords derives the words of rows from their records. It returns the rows whose record
// can be decoded.
func (r *Reindexed) readWords(rows []indexedRow) []indexedRow {
	var readable []indexedRow
	for _, one := range rows {
		article, err := decodeArticle(one.id, one.record)
		if err != nil {
			r.Unreadable = append(r.Unreadable, UnreadableRecord{one.id, err})
			continue
		}
		one.words, one.record = wordsOf(article), nil
		readable = append(readable, one)
	}
	r.Articles, r.Before = len(rows), math.MinInt64
	if r.More = len(rows) == reindexBatch; r.More {
		r.Before = rows[len(rows)-1].row
	}
	return readable
}
