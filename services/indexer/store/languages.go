package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dateline-news/dateline/services/indexer/words"
)

// languagesAge is how long it may take until articles in a new language, which
// another process has stored, are found by other forms of their words.
const languagesAge = time.Minute

// languages are those in which the store has articles, as far as their words have
// stems. SQLite looks up each form of a word in each segment of its index, so that
// forms in languages that are not there would cost as much as those that are.
type languages struct {
	mutex sync.Mutex
	known []string // primary subtags
	asked time.Time
}

// add notes the languages of what this process stores.
func (l *languages) add(arrivals []arrival) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, a := range arrivals {
		l.note(a.row.language)
	}
}

func (l *languages) note(language string) {
	primary, _, _ := strings.Cut(strings.ToLower(language), "-")
	if words.StemmerOf(primary) != nil && !slices.Contains(l.known, primary) {
		l.known = append(l.known, primary)
	}
}

// stemmed returns the languages in whose forms the words of a query are looked for:
// those that are asked for, or those that there are.
func (s *sqliteStore) stemmed(ctx context.Context, filter Filter) ([]string, error) {
	if len(filter.Languages) > 0 {
		return filter.Languages, nil
	}
	l := &s.languages
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if time.Since(l.asked) > languagesAge {
		for _, language := range words.StemmedLanguages() {
			var found int
			err := s.reads.QueryRowContext(ctx, `SELECT 1 FROM article_words WHERE article_words MATCH ? LIMIT 1`, `"`+filterWord(byLanguage, language)+`"`).Scan(&found)
			switch {
			case err == nil:
				l.note(language)
			case !errors.Is(err, sql.ErrNoRows):
				return nil, fmt.Errorf("looking in %s for articles in %s: %w", s.path, language, err)
			}
		}
		l.asked = time.Now()
	}
	return slices.Clone(l.known), nil
}
