package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The limits of saved searches.
const (
	maxSavedSearches  = 500
	maxSavedNameBytes = 200
	maxSavedQuery     = 32 << 10 // bytes, in the form of a URL
)

var (
	// ErrSavedSearch means that a search cannot be saved. The message says why.
	ErrSavedSearch = errors.New("the search cannot be saved")
	// ErrNoSavedSearch means that there is no saved search with the given id.
	ErrNoSavedSearch = errors.New("no such saved search")
)

// SavedSearches keeps searches that users follow.
type SavedSearches interface {
	// SaveSearch stores a search under a name that no other one has. The query is the
	// query string of a search. There are at most 500 saved searches. If the search
	// cannot be saved, the error is ErrSavedSearch. A search that is already saved under
	// the name is returned as it is.
	SaveSearch(ctx context.Context, name, query string) (SavedSearch, error)
	// SavedSearches returns all saved searches, ordered by name.
	SavedSearches(ctx context.Context) ([]SavedSearch, error)
	// DeleteSavedSearch deletes a saved search. It returns ErrNoSavedSearch if no saved search
	// has the id.
	DeleteSavedSearch(ctx context.Context, id string) error
}

// SavedSearch is a search that users follow.
type SavedSearch struct {
	ID, Name string
	// Query is the query string of the search.
	Query   string
	AddTime time.Time
}

// savedSearches implements SavedSearches in both databases.
type savedSearches struct{ db Database }

// SaveSearch implements SavedSearches.
func (s savedSearches) SaveSearch(ctx context.Context, name, query string) (SavedSearch, error) {
	one := SavedSearch{
		ID: strings.ToLower(rand.Text()), Name: strings.Join(strings.Fields(CleanText(name)), " "),
		Query: CleanText(query), AddTime: time.Now().UTC().Truncate(time.Microsecond),
	}
	switch {
	case one.Name == "":
		return SavedSearch{}, fmt.Errorf("%w: give it a name", ErrSavedSearch)
	case len(one.Name) > maxSavedNameBytes:
		return SavedSearch{}, fmt.Errorf("%w: its name has more than %d bytes", ErrSavedSearch, maxSavedNameBytes)
	case len(one.Query) > maxSavedQuery:
		return SavedSearch{}, fmt.Errorf("%w: its query has more than %d bytes", ErrSavedSearch, maxSavedQuery)
	}
	result, err := s.db.Writer.ExecContext(ctx, `INSERT INTO saved_searches (id, name, query, add_time)
		SELECT $1, $2, $3, $4 WHERE (SELECT count(*) FROM saved_searches) < $5
		ON CONFLICT (name) DO NOTHING`, one.ID, one.Name, one.Query, one.AddTime.UnixMicro(), maxSavedSearches)
	if err != nil {
		return SavedSearch{}, fmt.Errorf("saving a search: %w", err)
	}
	if n, err := result.RowsAffected(); err == nil && n > 0 {
		return one, nil
	}
	// A call that returned an error may have stored it.
	same, err := queryRows(ctx, s.db.Writer, scanSaved, selectSaved+` WHERE name = $1 AND query = $2`, one.Name, one.Query)
	switch {
	case err != nil:
		return SavedSearch{}, fmt.Errorf("saving a search: %w", err)
	case len(same) > 0:
		return same[0], nil
	}
	return SavedSearch{}, fmt.Errorf("%w: there is one with this name, or there are %d already; delete one first",
		ErrSavedSearch, maxSavedSearches)
}

const selectSaved = `SELECT id, name, query, add_time FROM saved_searches`

func scanSaved(rows *sql.Rows) (one SavedSearch, err error) {
	var micros int64
	err = rows.Scan(&one.ID, &one.Name, &one.Query, &micros)
	one.AddTime = fromMicros(micros)
	return one, err
}

// SavedSearches implements SavedSearches.
func (s savedSearches) SavedSearches(ctx context.Context) ([]SavedSearch, error) {
	all, err := queryRows(ctx, s.db.Reader, scanSaved, selectSaved+` ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("reading the saved searches: %w", err)
	}
	return all, nil
}

// DeleteSavedSearch implements SavedSearches.
func (s savedSearches) DeleteSavedSearch(ctx context.Context, id string) error {
	result, err := s.db.Writer.ExecContext(ctx, `DELETE FROM saved_searches WHERE id = $1`, CleanText(id))
	if err != nil {
		return fmt.Errorf("deleting a saved search: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return ErrNoSavedSearch
	}
	return nil
}
