package store

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
)

// cursor is the position of the last hit of a page. The next page starts after
// it.
type cursor struct {
	ByRank bool    `json:"r,omitempty"`
	Rank   float64 `json:"k,omitempty"`
	Time   int64   `json:"t,omitempty"` // seconds since 1970, only for PostgreSQL
	Row    int64   `json:"n"`
}

// The times of articles are in the years 1 to 9999, as those of all protobuf timestamps.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

// isPossible reports whether an article can have the position. A forged one may be
// outside of the range of a database's types.
func (c cursor) isPossible() bool {
	return c.Row != math.MinInt64 && c.Time >= firstSecond && c.Time <= lastSecond
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
	if err != nil || !c.isPossible() || c.ByRank != parsed.isRanked(q) {
		return nil, fmt.Errorf("%w: the cursor %.40q belongs to another query; begin without one", ErrQuery, q.After)
	}
	return &c, nil
}
