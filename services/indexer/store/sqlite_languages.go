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

// languagesAge is how long it may take until a search uses the stems of a
// language that only another process has stored.
const languagesAge = time.Minute

// languages are the languages of the stored articles, if their words have stems.
// SQLite looks up each form of a word in each segment of its index. The forms in
// languages that are not stored would cost as much as the others.
type languages struct {
	mutex sync.Mutex
	known []string // primary subtags

	// refreshing is held while the index is read. Unlike mutex, it does not block
	// those who only use known.
	refreshing sync.Mutex
	refreshed  time.Time
}

// add adds the languages of articles that this process stores.
func (l *languages) add(arrivals []arrival) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, a := range arrivals {
		primary, _, _ := strings.Cut(strings.ToLower(a.row.language), "-")
		l.addOne(primary)
	}
}

// addOne adds a language. The caller holds the mutex.
func (l *languages) addOne(primary string) {
	if words.StemmerOf(primary) != nil && !slices.Contains(l.known, primary) {
		l.known = append(l.known, primary)
	}
}

func (l *languages) all() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return slices.Clone(l.known)
}

// stemLanguages returns the languages in which the words of a query have other
// forms: those of the filter or, if it has none, those of the stored articles.
func (s *sqliteStore) stemLanguages(ctx context.Context, filter Filter) ([]string, error) {
	if len(filter.Languages) > 0 {
		return filter.Languages, nil
	}
	if err := s.refreshLanguages(ctx); err != nil {
		return nil, fmt.Errorf("reading the languages of %s: %w", s.path, s.explain(err))
	}
	return s.languages.all(), nil
}

// refreshLanguages looks for new languages in the index, at most once in
// languagesAge.
func (s *sqliteStore) refreshLanguages(ctx context.Context) error {
	l := &s.languages
	l.refreshing.Lock()
	defer l.refreshing.Unlock()
	if time.Since(l.refreshed) < languagesAge {
		return nil
	}
	known := l.all()
	for _, language := range words.StemmedLanguages() {
		if slices.Contains(known, language) {
			continue
		}
		const query = `SELECT 1 FROM article_words WHERE article_words MATCH ? LIMIT 1`
		var found int
		err := s.readers.QueryRowContext(ctx, query, `"`+filterWord(byLanguage, language)+`"`).Scan(&found)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		l.mutex.Lock()
		l.addOne(language)
		l.mutex.Unlock()
	}
	l.refreshed = time.Now()
	return nil
}
