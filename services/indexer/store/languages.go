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

	// asking is held while the store is asked, which known is free for.
	asking sync.Mutex
	asked  time.Time
}

// add notes the languages of what this process stores.
func (l *languages) add(arrivals []arrival) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, a := range arrivals {
		primary, _, _ := strings.Cut(strings.ToLower(a.row.language), "-")
		l.note(primary)
	}
}

func (l *languages) note(primary string) {
	if words.StemmerOf(primary) != nil && !slices.Contains(l.known, primary) {
		l.known = append(l.known, primary)
	}
}

func (l *languages) all() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return slices.Clone(l.known)
}

// stemmed returns the languages in whose forms the words of a query are looked for:
// those that are asked for, or those that there are.
func (s *sqliteStore) stemmed(ctx context.Context, filter Filter) ([]string, error) {
	if len(filter.Languages) > 0 {
		return filter.Languages, nil
	}
	if err := s.askLanguages(ctx); err != nil {
		return nil, fmt.Errorf("looking in %s for its languages: %w", s.path, err)
	}
	return s.languages.all(), nil
}

// askLanguages asks the index which languages there are, now and then.
func (s *sqliteStore) askLanguages(ctx context.Context) error {
	l := &s.languages
	l.asking.Lock()
	defer l.asking.Unlock()
	if time.Since(l.asked) < languagesAge {
		return nil
	}
	known := l.all()
	for _, language := range words.StemmedLanguages() {
		if slices.Contains(known, language) {
			continue
		}
		var found int
		err := s.reads.QueryRowContext(ctx, `SELECT 1 FROM article_words WHERE article_words MATCH ? LIMIT 1`, `"`+filterWord(byLanguage, language)+`"`).Scan(&found)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		l.mutex.Lock()
		l.note(language)
		l.mutex.Unlock()
	}
	l.asked = time.Now()
	return nil
}
