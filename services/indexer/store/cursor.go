package store

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// cursor is the position of the last hit of a page. The next page starts after
// it.
type cursor struct {
	ByRank bool    `json:"r,omitempty"`
	Rank   float64 `json:"k,omitempty"`
	Time   int64   `json:"t,omitempty"` // seconds since 1970, only for PostgreSQL
	Row    int64   `json:"n"`
}

func (c cursor) String() string {
	data, err := json.Marshal(c)
	if err != nil {
		panic(err) // finite numbers always encode
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// cursor parses the query's cursor. It returns nil for the first page. The error
// is ErrQuery.
func (q Query) cursor(parsed parsedQuery) (*cursor, error) {
	if q.After == "" {
		return nil, nil
	}
	var c cursor
	data, err := base64.RawURLEncoding.DecodeString(q.After)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil || c.ByRank != parsed.isRanked(q) {
		return nil, fmt.Errorf("%w: the cursor %.40q belongs to another query; begin without one", ErrQuery, q.After)
	}
	return &c, nil
}
